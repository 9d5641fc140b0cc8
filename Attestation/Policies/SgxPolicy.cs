namespace Verathos.Attestation.Policies;

/// <summary>The <c>sgx</c> section: SGX quotes. Measurements are lists of accepted values in the byte order of the quote.</summary>
public sealed record SgxPolicy
{
    /// <summary><c>sgx.debug</c>: only <c>"off"</c> exists; waiving it admits enclaves that the host can read.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary>The lines that quotes of SGX and TDX have in common.</summary>
    public required QuotePolicy Quote { get; init; }

    /// <summary><c>sgx.mrEnclave</c>: 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrEnclave { get; init; }

    /// <summary><c>sgx.mrSigner</c>: 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> MrSigner { get; init; }

    /// <summary><c>sgx.isvProdId</c>.</summary>
    public required PolicyField<int> IsvProdId { get; init; }

    /// <summary><c>sgx.minIsvSvn</c>.</summary>
    public required PolicyField<int> MinIsvSvn { get; init; }

    /// <summary><c>sgx.attributes</c>: 16 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> Attributes { get; init; }

    /// <summary><c>sgx.miscSelect</c>: 4 bytes under a mask.</summary>
    public required PolicyField<MaskedValue> MiscSelect { get; init; }

    /// <summary><c>sgx.configIds</c>: 64 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> ConfigIds { get; init; }

    /// <summary><c>sgx.reportData</c>: 64 bytes each, for evidence that binds no nonce.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> ReportData { get; init; }

    internal static SgxPolicy Read(PolicySection section) => new()
    {
        DebugOff = section.Field<bool>("debug", PolicyValues.Only("off")),
        Quote = QuotePolicy.Read(section),
        MrEnclave = section.HexList("mrEnclave", 32),
        MrSigner = section.HexList("mrSigner", 32),
        IsvProdId = section.Field<int>("isvProdId", PolicyValues.Integer),
        MinIsvSvn = section.Field<int>("minIsvSvn", PolicyValues.Integer),
        Attributes = section.Field<MaskedValue>("attributes", PolicyValues.Masked(16)),
        MiscSelect = section.Field<MaskedValue>("miscSelect", PolicyValues.Masked(4)),
        ConfigIds = section.HexList("configIds", 64),
        ReportData = section.HexList("reportData", 64),
    };
}
