using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;

namespace Verathos.Enclave.Platform;

/// <summary>
/// The enclave's own check of its GPUs. A GPU signs anyone's nonce, so only the measured enclave can say that the ones that it
/// uses are in confidential mode, closed to debuggers, and the ones whose reports it passes on.
/// </summary>
internal sealed class GpuGate(IPlatformDriver driver, TimeProvider time)
{
    private static readonly string[] Required = [CheckNames.GpuFormat, CheckNames.GpuChain, CheckNames.GpuSignature, CheckNames.GpuNonce];
    private readonly Lock _lock = new();
    private byte[][] _leaves = [];

    /// <summary>Verifies every GPU from the ground up, before keys are made.</summary>
    /// <exception cref="PlatformException">A GPU is missing or not what it must be.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        IReadOnlyList<GpuState> states = await GetAsync(nonce, cancellationToken).ConfigureAwait(false);
        byte[][] leaves = [.. states.Select(LeafOf)];
        foreach (GpuState state in states)
        {
            Verdict verdict = Appraiser.AppraiseGpu(
                new GpuEvidence(state.Report, state.CertificateChain), [], nonce, null, driver.Anchors, time.GetUtcNow(), TimeSource.Verifier);
            foreach (string name in Required)
            {
                if (verdict.Find(name) is not { Result: CheckResult.Passed })
                {
                    throw new PlatformException($"GPU {state.Index} fails its check {name}: {verdict.Find(name)?.Detail ?? verdict.Reason}");
                }
            }
        }

        if (leaves.DistinctBy(Convert.ToHexString).Count() != leaves.Length)
        {
            throw new PlatformException("Two GPUs report with the same device certificate.");
        }

        lock (_lock)
        {
            _leaves = leaves;
        }
    }

    /// <summary>The GPUs' reports over a nonce, from the same GPUs that were verified.</summary>
    /// <exception cref="PlatformException">A GPU is missing, changed its mode or is another one.</exception>
    public async Task<IReadOnlyList<GpuState>> GetVerifiedAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken)
    {
        IReadOnlyList<GpuState> states = await GetAsync(nonce, cancellationToken).ConfigureAwait(false);
        byte[][] verified;
        lock (_lock)
        {
            verified = _leaves;
        }

        for (int i = 0; i < states.Count; i++)
        {
            if (i >= verified.Length || !LeafOf(states[i]).AsSpan().SequenceEqual(verified[i]))
            {
                throw new PlatformException($"GPU {states[i].Index} is not the one that was verified before the keys were made.");
            }
        }

        return states;
    }

    private async Task<IReadOnlyList<GpuState>> GetAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken)
    {
        IReadOnlyList<GpuState> states = await driver.GetGpusAsync(nonce, cancellationToken).ConfigureAwait(false);
        if (states.Count != driver.ExpectedGpus)
        {
            throw new PlatformException($"{driver.ExpectedGpus} GPUs are expected and {states.Count} are there.");
        }

        foreach (GpuState state in states)
        {
            if (!state.ConfidentialMode)
            {
                throw new PlatformException($"GPU {state.Index} is not in confidential mode: turn it on and reset the GPU.");
            }

            if (state.DevTools)
            {
                throw new PlatformException($"GPU {state.Index} is in DEVTOOLS mode, in which its memory can be read: turn it off and reset the GPU.");
            }

            if (!LeafOf(state).AsSpan().SequenceEqual(state.SessionLeaf.Span))
            {
                throw new PlatformException($"GPU {state.Index} reports with another device certificate than its driver's session: the report is from another GPU.");
            }
        }

        return states;
    }

    private static byte[] LeafOf(GpuState state)
    {
        try
        {
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(state.CertificateChain.Span));
            return SHA256.HashData(leaf.RawDataMemory.Span);
        }
        catch (CryptographicException)
        {
            throw new PlatformException($"GPU {state.Index} has no readable certificate chain.");
        }
    }
}
