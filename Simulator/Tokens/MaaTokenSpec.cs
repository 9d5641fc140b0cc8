using System.Text.Json.Nodes;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tokens;

/// <summary>A token of Microsoft Azure Attestation. Times that are null follow the clock.</summary>
public sealed record MaaTokenSpec
{
    /// <summary>What it is about.</summary>
    public MaaKind Kind { get; init; } = MaaKind.AzureSevSnp;

    /// <summary>The nonce, as the service repeats it; null to leave it out.</summary>
    public byte[]? Nonce { get; init; }

    /// <summary><c>iss</c>.</summary>
    public string Issuer { get; init; } = "https://sharedeus2.eus2.attest.azure.net";

    /// <summary><c>jku</c>; the issuer's own where null.</summary>
    public string? KeyAddress { get; init; }

    /// <summary><c>iat</c> and <c>nbf</c>; a minute ago where null.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary><c>exp</c>; eight hours later where null.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>MRENCLAVE, launch measurement or MRTD; the reference of the kind where null.</summary>
    public byte[]? Measurement { get; init; }

    /// <summary>Rewrites the hardware's claims before the token is signed.</summary>
    public Action<JsonObject>? EditHardware { get; init; }

    /// <summary>Rewrites the claims of the token as a whole before it is signed.</summary>
    public Action<JsonObject>? Edit { get; init; }

    /// <summary>What is wrong with the signature.</summary>
    public SignatureFault Signature { get; init; }
}
