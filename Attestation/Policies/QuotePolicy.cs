using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>The lines about platform and collateral that the sections <c>tdx</c> and <c>sgx</c> have in common.</summary>
public sealed record QuotePolicy
{
    /// <summary><c>qeVendors</c>: quoting enclave vendor identifiers, 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> QeVendors { get; init; }

    /// <summary><c>tcbStatuses</c>: the merged statuses that pass.</summary>
    public required PolicyField<IReadOnlyList<TcbStatus>> TcbStatuses { get; init; }

    /// <summary><c>tcbRecovery</c>: how long a status of the list that means "behind" goes on passing.</summary>
    public required PolicyField<TcbRecoveryRule> TcbRecovery { get; init; }

    /// <summary><c>minTcbDate</c>: the least of the matched levels' dates must not be earlier.</summary>
    public required PolicyField<DateTimeOffset> MinTcbDate { get; init; }

    /// <summary><c>minTcbEvaluationNumber</c>: the least TCB evaluation data number of TCB info and QE identity.</summary>
    public required PolicyField<int> MinTcbEvaluationNumber { get; init; }

    /// <summary><c>maxCollateralAgeSeconds</c>: how old TCB info, QE identity and PCK CRL may be, counted from their issue.</summary>
    public required PolicyField<TimeSpan> MaxCollateralAge { get; init; }

    /// <summary><c>fmspcs</c>: platform families, 6 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Fmspcs { get; init; }

    /// <summary><c>ppids</c>: single platforms that may run, 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Ppids { get; init; }

    /// <summary><c>deniedPpids</c>: single platforms that may not run, 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> DeniedPpids { get; init; }

    internal static QuotePolicy Read(PolicySection section) => new()
    {
        QeVendors = section.HexList("qeVendors", 16),
        TcbStatuses = section.Field<IReadOnlyList<TcbStatus>>("tcbStatuses", PolicyValues.TcbStatuses),
        TcbRecovery = section.Field<TcbRecoveryRule>("tcbRecovery", PolicyValues.Recovery),
        MinTcbDate = section.Field<DateTimeOffset>("minTcbDate", PolicyValues.Date),
        MinTcbEvaluationNumber = section.Field<int>("minTcbEvaluationNumber", PolicyValues.Integer),
        MaxCollateralAge = section.Field<TimeSpan>("maxCollateralAgeSeconds", PolicyValues.Seconds),
        Fmspcs = section.HexList("fmspcs", 6),
        Ppids = section.HexList("ppids", 16),
        DeniedPpids = section.HexList("deniedPpids", 16),
    };
}
