using Verathos.Attestation.Binding;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave.Evidence;

/// <summary>Puts evidence together: one quote over the binding of a batch of nonces, and for each nonce its proof of inclusion.</summary>
internal sealed class EvidenceMinter(
    KeyRing ring,
    GpuGate gate,
    IPlatformDriver driver,
    EnclaveOptions options,
    EnclaveMetrics metrics,
    Action<string> loseKeys)
{
    /// <summary>Makes one quote and gives the encoded collection of each nonce of the batch.</summary>
    /// <exception cref="EnclaveException">There are no keys, or the GPUs are no longer what they were: then the keys are gone too.</exception>
    public async Task<Func<int, byte[]>> MintAsync(NonceBatch batch, CancellationToken cancellationToken)
    {
        LiveKeyset keyset = ring.Current ?? throw new EnclaveException(EnclaveFailure.Unavailable, "The enclave has no keys.");
        ServedModels models = keyset.Models;
        IReadOnlyList<GpuState> states;
        try
        {
            states = await gate.GetVerifiedAsync(GpuNonce.Derive(batch.Root, keyset.Keyset.Digest.Span), cancellationToken).ConfigureAwait(false);
        }
        catch (PlatformException exception)
        {
            loseKeys(exception.Message);
            throw new EnclaveException(EnclaveFailure.Unavailable, $"The keys are destroyed: {exception.Message}");
        }

        BindingInput binding = new()
        {
            NonceRoot = batch.Root,
            KeysetDigest = keyset.Keyset.Digest,
            ManifestRoot = models.ManifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute([.. states.Select(state => new Attestation.GpuEvidence(state.Report, state.CertificateChain))]),
            ConfigurationDigest = models.ConfigurationDigest,
            Identity = options.Identity,
        };
        byte[] reportData = binding.ToReportData();
        byte[] quote = await driver.GetCpuEvidenceAsync(reportData, cancellationToken).ConfigureAwait(false);
        PlatformEndorsements endorsements = await driver.GetEndorsementsAsync(cancellationToken).ConfigureAwait(false);
        keyset.Bindings.Add(reportData.AsSpan(0, BindingInput.Length));
        Interlocked.Increment(ref metrics.Quotes);
        EvidenceCollection collection = new()
        {
            CpuFormat = driver.CpuFormat,
            CpuEvidence = quote,
            Gpus = [.. states.Select(state => new GpuEvidence(state.Report, state.CertificateChain))],
            Keyset = keyset.Keyset.Encoded,
            Configuration = models.ConfigurationBytes,
            Manifest = models.ManifestBytes,
            Identity = options.Identity is { } identity ? new Protocol.Evidence.NodeIdentity(identity.GenesisHash, identity.NetworkUid, identity.Hotkey) : null,
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
