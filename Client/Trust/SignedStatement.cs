using System.Security.Cryptography;

namespace Verathos.Client.Trust;

/// <summary>The facts of accepted evidence that every signed statement of the node must repeat, and the key that signs them.</summary>
/// <param name="SigningKey">The keyset's ES256 key.</param>
/// <param name="KeysetDigest">SHA-256 over the keyset's bytes as received.</param>
/// <param name="Binding">The recomputed binding, 48 bytes.</param>
/// <param name="ManifestRoot">The model manifest's root, 32 bytes.</param>
/// <param name="Profile">The numeric profile of the configuration.</param>
/// <param name="Simulated">Whether the anchors are those of a simulated installation.</param>
/// <param name="NotBefore">When the keyset begins.</param>
/// <param name="NotAfter">When the keyset ends.</param>
internal sealed record SignedStatement(
    ECDsa SigningKey,
    byte[] KeysetDigest,
    byte[] Binding,
    byte[] ManifestRoot,
    string Profile,
    bool Simulated,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter)
{
    /// <summary>Takes the facts from evidence all of whose parts parse.</summary>
    public static SignedStatement From(AppraisedEvidence evidence) => new(
        evidence.Keyset!.SigningKey.ToECDsa(),
        evidence.Keyset.Digest.ToArray(),
        evidence.Binding.ToArray(),
        evidence.Manifest!.Root,
        evidence.Configuration!.NumericProfile,
        evidence.Verdict.Simulated,
        evidence.Keyset.NotBefore,
        evidence.Keyset.NotAfter);
}
