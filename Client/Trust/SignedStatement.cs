using System.Security.Cryptography;
using Verathos.Protocol.Evidence;

namespace Verathos.Client.Trust;

/// <summary>The facts of accepted evidence that every signed statement of the node must repeat, and the key that signs them.</summary>
/// <param name="SigningKey">The keyset's ES256 key.</param>
/// <param name="BootId">The keyset's boot id, 16 bytes: what the issuer claim names.</param>
/// <param name="KeysetDigest">SHA-256 over the keyset's bytes as received.</param>
/// <param name="Binding">The recomputed binding, 48 bytes.</param>
/// <param name="ManifestRoot">The model manifest's root, 32 bytes.</param>
/// <param name="Models">The models where the manifest has several; else empty.</param>
/// <param name="Profile">The numeric profile of the configuration, which is that of a lone model.</param>
/// <param name="Simulated">Whether the anchors are those of a simulated installation.</param>
/// <param name="NotBefore">When the keyset begins.</param>
/// <param name="NotAfter">When the keyset ends.</param>
/// <param name="RequestedAt">When the verifier made the nonce: no request leaves on the strength of this evidence before.</param>
/// <param name="TrustedUntil">When trust in the evidence ends: no request leaves on it after.</param>
internal sealed record SignedStatement(
    ECDsa SigningKey,
    byte[] BootId,
    byte[] KeysetDigest,
    byte[] Binding,
    byte[] ManifestRoot,
    IReadOnlyList<ModelEntry> Models,
    string Profile,
    bool Simulated,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    DateTimeOffset RequestedAt,
    DateTimeOffset TrustedUntil)
{
    /// <summary>Takes the facts from evidence all of whose parts parse.</summary>
    public static SignedStatement From(AppraisedEvidence evidence) => new(
        evidence.Keyset!.SigningKey.ToECDsa(),
        evidence.Keyset.BootId.ToArray(),
        evidence.Keyset.Digest.ToArray(),
        evidence.Binding.ToArray(),
        evidence.Manifest!.Root,
        evidence.Manifest.Several,
        evidence.Configuration!.NumericProfile,
        evidence.Verdict.Simulated,
        evidence.Keyset.NotBefore,
        evidence.Keyset.NotAfter,
        evidence.RequestedAt,
        evidence.Verdict.TrustedUntil is { } until && until < evidence.Keyset.NotAfter ? until : evidence.Keyset.NotAfter);
}
