using Verathos.Attestation.Binding;
using Verathos.Protocol.Keys;

namespace Verathos.Enclave.Evidence;

/// <summary>What a quote vouches for.</summary>
/// <param name="Keyset">The keys.</param>
/// <param name="Manifest">The encoded manifest.</param>
/// <param name="ManifestRoot">The manifest's root, 32 bytes.</param>
/// <param name="Configuration">The encoded configuration.</param>
/// <param name="Identity">Who the enclave is in a subnet or a run, or null.</param>
internal sealed record EvidenceSubject(Keyset Keyset, byte[] Manifest, byte[] ManifestRoot, byte[] Configuration, NodeIdentity? Identity);
