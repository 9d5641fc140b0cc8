using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Platform;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave.Evidence;

/// <summary>Asks the platform for one quote over a batch of nonces and puts the collections together.</summary>
internal static class EvidenceAssembly
{
    /// <summary>Makes one quote and gives the encoded collection of each nonce of the batch.</summary>
    /// <param name="driver">The platform.</param>
    /// <param name="states">The GPUs, verified over the nonce that follows from the batch and the keyset.</param>
    /// <param name="subject">What is vouched for.</param>
    /// <param name="batch">The nonces.</param>
    /// <param name="made">Takes the binding, 48 bytes, that the quote was made over; null where nobody wants it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Func<int, byte[]>> MakeAsync(
        IPlatformDriver driver, IReadOnlyList<GpuState> states, EvidenceSubject subject, NonceBatch batch, Action<ReadOnlySpan<byte>>? made, CancellationToken cancellationToken)
    {
        BindingInput binding = new()
        {
            NonceRoot = batch.Root,
            KeysetDigest = subject.Keyset.Digest,
            ManifestRoot = subject.ManifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute([.. states.Select(state => new Attestation.GpuEvidence(state.Report, state.CertificateChain))]),
            ConfigurationDigest = SHA256.HashData(subject.Configuration),
            Identity = subject.Identity,
        };
        byte[] reportData = binding.ToReportData();
        byte[] quote = await driver.GetCpuEvidenceAsync(reportData, cancellationToken).ConfigureAwait(false);
        PlatformEndorsements endorsements = await driver.GetEndorsementsAsync(cancellationToken).ConfigureAwait(false);
        made?.Invoke(reportData.AsSpan(0, BindingInput.Length));
        EvidenceCollection collection = new()
        {
            CpuFormat = driver.CpuFormat,
            CpuEvidence = quote,
            Gpus = [.. states.Select(state => new GpuEvidence(state.Report, state.CertificateChain))],
            Keyset = subject.Keyset.Encoded,
            Configuration = subject.Configuration,
            Manifest = subject.Manifest,
            Identity = subject.Identity is { } identity ? new Protocol.Evidence.NodeIdentity(identity.GenesisHash, identity.NetworkUid, identity.Hotkey) : null,
            NonceProof = new Protocol.Evidence.NonceProof(0, 1, []),
            CpuCollateral = endorsements.CpuCollateral,
            GpuRims = endorsements.GpuRims,
            GpuOcspResponses = endorsements.GpuOcspResponses,
        };
        return index => (collection with { NonceProof = Convert(batch.Prove(index)) }).Encode();
    }

    private static Protocol.Evidence.NonceProof Convert(Attestation.Binding.NonceProof proof) =>
        new((ulong)proof.LeafIndex, (ulong)proof.TreeSize, proof.Path);
}
