namespace Verathos.Attestation.Azure;

/// <summary>Evidence that Microsoft Azure Attestation is asked to judge.</summary>
public sealed record AzureAttestationRequest
{
    /// <summary>Which operation.</summary>
    public required AzureAttestationKind Kind { get; init; }

    /// <summary>The quote, the report, or for <see cref="AzureAttestationKind.AzureGuest"/> the agent's JSON text.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>For an SEV-SNP report: the certificates of key, intermediate and root, PEM.</summary>
    public ReadOnlyMemory<byte> CertificatesPem { get; init; }

    /// <summary>The data whose digest the report data holds; null where it holds none.</summary>
    public ReadOnlyMemory<byte>? RuntimeData { get; init; }

    /// <summary>What the token must repeat; null where it need not. It is sent in lower-case hexadecimal digits.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }
}
