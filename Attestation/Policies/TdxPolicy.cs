namespace Verathos.Attestation.Policies;

/// <summary>The <c>tdx</c> section. Measurements are lists of accepted values in the byte order of the quote.</summary>
public sealed record TdxPolicy
{
    /// <summary><c>tdx.debug</c>: only <c>"off"</c> exists; waiving it admits guests that the host can read.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary>The lines that quotes of SGX and TDX have in common: platform and collateral.</summary>
    public required QuotePolicy Quote { get; init; }

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

    /// <summary><c>tdx.reportData</c>: 64 bytes each, for evidence that binds no nonce.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> ReportData { get; init; }

    internal static TdxPolicy Read(PolicySection section) => new()
    {
        DebugOff = section.Field<bool>("debug", PolicyValues.Only("off")),
        Quote = QuotePolicy.Read(section),
        MinTeeTcbSvn = section.Field<ReadOnlyMemory<byte>>("minTeeTcbSvn", PolicyValues.Hex(16)),
        MrSeam = section.HexList("mrSeam", 48),
        MrSignerSeam = section.HexList("mrSignerSeam", 48),
        SeamAttributes = section.HexList("seamAttributes", 8),
        TdAttributes = section.Field<MaskedValue>("tdAttributes", PolicyValues.Masked(8)),
        Xfam = section.Field<MaskedValue>("xfam", PolicyValues.Masked(8)),
        MrTd = section.HexList("mrTd", 48),
        MrConfigId = section.HexList("mrConfigId", 48),
        MrOwner = section.HexList("mrOwner", 48),
        MrOwnerConfig = section.HexList("mrOwnerConfig", 48),
        Rtmrs = [.. Enumerable.Range(0, 4).Select(i => section.HexList($"rtmr{i}", 48))],
        MrServiceTd = section.HexList("mrServiceTd", 48),
        ReportData = section.HexList("reportData", 64),
    };
}
