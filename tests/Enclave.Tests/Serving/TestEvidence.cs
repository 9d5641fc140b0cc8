using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>Evidence as a client holds it, with the binding recomputed from its parts.</summary>
internal sealed record TestEvidence(byte[] Nonce, EvidenceCollection Collection, Keyset Keyset)
{
    public byte[] Binding => Input.Compute();

    public byte[] ReportData => Input.ToReportData();

    /// <summary>The root of the only model's manifest, or of several models'.</summary>
    public byte[] ManifestRoot =>
        Fingerprint.Manifest.ModelManifest.TryDecode(Collection.Manifest, out Fingerprint.Manifest.ModelManifest? manifest, out string? error) ? manifest.Root
        : ModelSet.TryParse(Collection.Manifest.Span, out ModelSet? set) ? set.Root
        : throw new InvalidOperationException(error);

    private BindingInput Input
    {
        get
        {
            Attestation.Binding.NonceProof proof = new((long)Collection.NonceProof.LeafIndex, (long)Collection.NonceProof.TreeSize, Collection.NonceProof.Path);
            Assert.True(proof.TryComputeRoot(Nonce, out byte[] root));
            return new BindingInput
            {
                NonceRoot = root,
                KeysetDigest = Keyset.Digest,
                ManifestRoot = ManifestRoot,
                GpuEvidenceDigest = GpuEvidenceDigest.Compute([.. Collection.Gpus.Select(gpu => new Attestation.GpuEvidence(gpu.Report, gpu.CertificateChain))]),
                ConfigurationDigest = SHA256.HashData(Collection.Configuration.Span),
                Identity = Collection.Identity is { } identity ? new Attestation.Binding.NodeIdentity(identity.GenesisHash, identity.NetUid, identity.Hotkey) : null,
            };
        }
    }
}
