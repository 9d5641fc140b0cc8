using Verathos.Attestation.Binding;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;

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

        EvidenceSubject subject = new(keyset.Keyset, models.ManifestBytes, models.ManifestRoot, models.ConfigurationBytes, options.Identity);
        Func<int, byte[]> evidence = await EvidenceAssembly.MakeAsync(driver, states, subject, batch, keyset.Bindings.Add, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref metrics.Quotes);
        return evidence;
    }
}
