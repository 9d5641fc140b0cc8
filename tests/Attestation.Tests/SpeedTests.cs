using System.Diagnostics;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests;

/// <summary>The bound that a client's first request rests on: a node's evidence with everything cached that may be.</summary>
[Collection(nameof(VerificationCache))]
public sealed class SpeedTests(SimulatedAuthorities authorities, ITestOutputHelper output) : IClassFixture<SimulatedAuthorities>
{
    [Fact]
    public void A_node_with_known_collateral_and_certificates_is_judged_within_five_milliseconds()
    {
        // Each quote and report is new; the collateral, the references and the certificates were seen before.
        NodeEvidence[] fresh = [.. Enumerable.Range(0, 40).Select(_ => authorities.Mint())];
        byte[] collateral = authorities.Trusted.Collateral.Current;
        double[] times = new double[fresh.Length];
        for (int i = 0; i < fresh.Length; i++)
        {
            NodeEvidence evidence = fresh[i] with { CpuCollateral = collateral };
            long start = Stopwatch.GetTimestamp();
            Verdict verdict = authorities.Appraise(evidence, SimulatedAuthorities.Simulated);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Assert.True(verdict.IsAccepted, verdict.Reason);
        }

        double[] sorted = [.. times.Skip(1).Order()];
        output.WriteLine($"first {times[0]:F2} ms; then fastest {sorted[0]:F2}, median {sorted[sorted.Length / 2]:F2}, slowest {sorted[^1]:F2} ms");

        // The fastest of many: other work on the machine delays a run, and never speeds one up.
        Assert.True(sorted[0] <= 5, $"{sorted[0]:F2} ms");
    }

    [Fact]
    public void Results_that_are_kept_change_no_verdict()
    {
        NodeEvidence evidence = authorities.Mint();
        Appraiser.ClearCaches();
        Verdict cold = authorities.Appraise(evidence, SimulatedAuthorities.Simulated);
        Verdict warm = authorities.Appraise(evidence, SimulatedAuthorities.Simulated);

        Assert.True(cold.IsAccepted);
        Assert.Equal(cold.Checks, warm.Checks);
        Assert.Equal(cold.Claims, warm.Claims);
    }

    [Fact]
    public void The_caches_forget_their_oldest_entries()
    {
        VerificationCache.BoundedCache<string> cache = new(10);
        for (int i = 0; i < 100; i++)
        {
            byte[] key = new byte[32];
            key[0] = (byte)i;
            cache.Add(key, $"{i}");
        }

        Assert.Equal(10, cache.Count);
        Assert.False(cache.TryGet(new byte[32], out _));
        byte[] last = new byte[32];
        last[0] = 99;
        Assert.True(cache.TryGet(last, out string? value));
        Assert.Equal("99", value);
    }
}
