using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>
/// The <c>azureMaa</c> section: tokens of Microsoft Azure Attestation about SGX enclaves and about SEV-SNP and TDX guests. An
/// expected nonce is required under every policy.
/// </summary>
public sealed record AzureMaaPolicy
{
    /// <summary><c>azureMaa.issuers</c>: attestation providers, such as <c>https://sharedeus2.eus2.attest.azure.net</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Issuers { get; init; }

    /// <summary><c>azureMaa.keys</c>: the keys that may sign, by thumbprint (RFC 7638 with SHA-256), 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Keys { get; init; }

    /// <summary><c>azureMaa.types</c>: <c>sgx</c>, <c>sevsnpvm</c>, <c>tdxvm</c>.</summary>
    public required PolicyField<IReadOnlyList<string>> Types { get; init; }

    /// <summary><c>azureMaa.debug</c>: only <c>"off"</c> exists.</summary>
    public required PolicyField<bool> DebugOff { get; init; }

    /// <summary><c>azureMaa.compliance</c>: only <c>"azure-compliant-cvm"</c> exists; enclaves have no such claim and need none.</summary>
    public required PolicyField<bool> Compliant { get; init; }

    /// <summary><c>azureMaa.tcbStatuses</c>: the accepted values of <c>attester_tcb_status</c>, which tokens about TDX have.</summary>
    public required PolicyField<IReadOnlyList<TcbStatus>> TcbStatuses { get; init; }

    /// <summary><c>azureMaa.maxTokenAgeSeconds</c>: how old a token may be, counted from <c>iat</c>, or <c>nbf</c> where that is absent.</summary>
    public required PolicyField<TimeSpan> MaxTokenAge { get; init; }

    /// <summary><c>azureMaa.measurements</c>: MRENCLAVE (32 bytes), launch measurement or MRTD (48 bytes).</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Measurements { get; init; }

    /// <summary><c>azureMaa.claims</c>: any other claim of the hardware, by its name in the token.</summary>
    public required PolicyField<IReadOnlyDictionary<string, ClaimRule>> Claims { get; init; }

    internal static AzureMaaPolicy Read(PolicySection section) => new()
    {
        Issuers = section.Field<IReadOnlyList<string>>("issuers", TokenValues.Issuers),
        Keys = section.HexList("keys", 32),
        Types = section.Field<IReadOnlyList<string>>("types", TokenValues.MaaTypes),
        DebugOff = section.Field<bool>("debug", PolicyValues.Only("off")),
        Compliant = section.Field<bool>("compliance", PolicyValues.Only("azure-compliant-cvm")),
        TcbStatuses = section.Field<IReadOnlyList<TcbStatus>>("tcbStatuses", PolicyValues.TcbStatuses),
        MaxTokenAge = section.Field<TimeSpan>("maxTokenAgeSeconds", PolicyValues.Seconds),
        Measurements = section.Field<IReadOnlyList<ReadOnlyMemory<byte>>>("measurements", TokenValues.Measurements),
        Claims = section.Field<IReadOnlyDictionary<string, ClaimRule>>("claims", TokenValues.Claims),
    };
}
