using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>The <c>tdx</c> section. Measurements are lists of accepted values in the byte order of the quote.</summary>
public sealed record TdxPolicy
{
    /// <summary><c>tdx.debug</c>: only <c>"off"</c> exists; waiving it admits guests that the host can read.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary>The lines about platform and collateral, once more: those that quotes of SGX and TDX have in common.</summary>
    public required QuotePolicy Quote { get; init; }

    /// <summary><c>tdx.qeVendors</c>: quoting enclave vendor identifiers, 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> QeVendors { get; init; }

    /// <summary><c>tdx.tcbStatuses</c>: the merged statuses that pass.</summary>
    public required PolicyField<IReadOnlyList<TcbStatus>> TcbStatuses { get; init; }

    /// <summary><c>tdx.minTcbEvaluationNumber</c>: the least TCB evaluation data number of TCB info and QE identity.</summary>
    public required PolicyField<int> MinTcbEvaluationNumber { get; init; }

    /// <summary><c>tdx.maxCollateralAgeSeconds</c>: how old TCB info, QE identity and PCK CRL may be, counted from their issue.</summary>
    public required PolicyField<TimeSpan> MaxCollateralAge { get; init; }

    /// <summary><c>tdx.fmspcs</c>: platform families, 6 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Fmspcs { get; init; }

    /// <summary><c>tdx.ppids</c>: single platforms that may run, 16 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Ppids { get; init; }

    /// <summary><c>tdx.minTeeTcbSvn</c>: the least TEE_TCB_SVN, 16 bytes compared one by one.</summary>
    public required PolicyField<ReadOnlyMemory<byte>> MinTeeTcbSvn { get; init; }

    /// <summary><c>tdx.mrSeam</c>: measurements of the TDX module, 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrSeam { get; init; }

    /// <summary><c>tdx.mrSignerSeam</c>: signers of the TDX module, 48 bytes each; zero for Intel's own.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrSignerSeam { get; init; }

    /// <summary><c>tdx.seamAttributes</c>: attributes of the TDX module, 8 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> SeamAttributes { get; init; }

    /// <summary><c>tdx.tdAttributes</c>: attributes of the guest, 8 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> TdAttributes { get; init; }

    /// <summary><c>tdx.xfam</c>: extended features of the guest, 8 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> Xfam { get; init; }

    /// <summary><c>tdx.mrTd</c>: measurements of the guest's initial memory, 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrTd { get; init; }

    /// <summary><c>tdx.mrConfigId</c>: 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrConfigId { get; init; }

    /// <summary><c>tdx.mrOwner</c>: 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrOwner { get; init; }

    /// <summary><c>tdx.mrOwnerConfig</c>: 48 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrOwnerConfig { get; init; }

    /// <summary><c>tdx.rtmr0</c> to <c>tdx.rtmr3</c>: runtime measurements, 48 bytes each.</summary>
    public required IReadOnlyList<PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>>> Rtmrs { get; init; }

    /// <summary><c>tdx.mrServiceTd</c>: 48 bytes each; reports before TDX 1.5 have none.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrServiceTd { get; init; }
}
