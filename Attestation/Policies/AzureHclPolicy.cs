namespace Verathos.Attestation.Policies;

/// <summary>
/// The <c>azureHcl</c> section: the layer below an Azure guest and its virtual TPM. The sections <c>snp</c> and <c>tdx</c> rule on the
/// hardware's evidence under it. A TPM quote that answers the expected nonce is required under every policy.
/// </summary>
public sealed record AzureHclPolicy
{
    /// <summary><c>azureHcl.hardware</c>: <c>SEV-SNP</c>, <c>TDX</c> or both.</summary>
    public required PolicyField<IReadOnlyList<string>> Hardware { get; init; }

    /// <summary><c>azureHcl.pcrs</c>: for each register that counts, by its number, the accepted values, 32 bytes each.</summary>
    public required PolicyField<IReadOnlyDictionary<int, IReadOnlyList<ReadOnlyMemory<byte>>>> Registers { get; init; }

    /// <summary><c>azureHcl.configuration</c>: settings below <c>vm-configuration</c> of the runtime data, such as <c>secure-boot</c>.</summary>
    public required PolicyField<IReadOnlyDictionary<string, ClaimRule>> Configuration { get; init; }

    internal static AzureHclPolicy Read(PolicySection section) => new()
    {
        Hardware = section.Field<IReadOnlyList<string>>("hardware", TokenValues.HclHardware),
        Registers = section.Field<IReadOnlyDictionary<int, IReadOnlyList<ReadOnlyMemory<byte>>>>("pcrs", TokenValues.Registers),
        Configuration = section.Field<IReadOnlyDictionary<string, ClaimRule>>("configuration", TokenValues.Claims),
    };
}
