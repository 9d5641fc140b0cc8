using System.Diagnostics;
using Verathos.Attestation.Verdicts;
using Verathos.Bench.Statistics;
using Verathos.Client;
using Verathos.Client.Trust;

namespace Verathos.Bench.Node;

/// <summary>Times the verification of a node's evidence for fresh nonces, once its collateral has been seen.</summary>
internal static class EvidenceBench
{
    private const int Nonces = 60;
    private const int WarmUp = 20;

    /// <summary>Milliseconds and allocated bytes of each verification, from bytes to verdict.</summary>
    public static async Task<(Spread Milliseconds, Spread AllocatedBytes)> RunAsync(Uri node, ClientOptions options, CancellationToken cancellationToken)
    {
        using EvidenceFetcher fetcher = new(options);
        List<double> times = [];
        List<double> allocated = [];
        for (int i = 0; i < WarmUp + Nonces; i++)
        {
            FetchedEvidence fetched = await fetcher.FetchAsync(node, cancellationToken).ConfigureAwait(false);
            DateTimeOffset at = options.TimeProvider.GetUtcNow();
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            AppraisedEvidence evidence = EvidenceVerifier.Appraise(fetched.Raw, fetched.Nonce, fetched.RequestedAt, options.Policy, options.TrustAnchors!, at, TimeSource.Verifier);
            double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (!evidence.Verdict.IsAccepted)
            {
                throw new InvalidOperationException($"the evidence under measurement is refused: {evidence.Verdict.Reason}");
            }

            if (i >= WarmUp)
            {
                times.Add(elapsed);
                allocated.Add(bytes);
            }
        }

        return (Spread.Of(times), Spread.Of(allocated));
    }
}
