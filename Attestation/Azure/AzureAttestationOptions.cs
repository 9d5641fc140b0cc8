namespace Verathos.Attestation.Azure;

/// <summary>Which instance of Microsoft Azure Attestation is asked, and whose tokens are taken.</summary>
public sealed record AzureAttestationOptions
{
    /// <summary>The instance, such as <c>https://NAME.REGION.attest.azure.net</c>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The issuer that a token must name; that of <see cref="Endpoint"/> where null.</summary>
    public string? Issuer { get; init; }

    /// <summary>The version of the API.</summary>
    public string ApiVersion { get; init; } = "2025-06-01";

    /// <summary>The key set to judge by, JSON (RFC 7517); empty to ask the instance itself, over the connection to it.</summary>
    public ReadOnlyMemory<byte> PinnedKeys { get; init; }
}
