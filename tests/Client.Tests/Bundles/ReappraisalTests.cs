using System.Globalization;
using System.Text;
using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Bundles;

/// <summary>A stored bundle judged again, at its own time or at another: the same answer each time, whatever was judged between.</summary>
public sealed class ReappraisalTests
{
    [Fact]
    public async Task A_bundle_gets_the_same_verdict_at_each_time_however_often_it_is_asked()
    {
        using TestBed bed = new();
        byte[] stored = ProofBundle.Of(await bed.AnswerAsync(), withContent: true).Encode();
        DateTimeOffset own = Decode(stored).JudgedAt;
        DateTimeOffset?[] times = [null, own, own.AddMinutes(30), own.AddDays(2), own.AddYears(3), own.AddYears(-3)];
        Policy?[] policies = [Policy.BuiltIn("simulated"), null];
        Dictionary<(DateTimeOffset?, bool), string> first = [];
        foreach (DateTimeOffset? at in times)
        {
            foreach (Policy? policy in policies)
                first.Add((at, policy is null), Judge(stored, policy, at));
        }

        Assert.Contains("\"verdict\":\"accepted\"", first[(null, false)], StringComparison.Ordinal);
        Assert.Contains("\"verdict\":\"accepted\"", first[(own.AddMinutes(30), false)], StringComparison.Ordinal);
        Assert.Contains("keyset.validity", first[(own.AddDays(2), false)], StringComparison.Ordinal);
        Assert.Contains("\"verdict\":\"rejected\"", first[(own.AddYears(3), true)], StringComparison.Ordinal);
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo elsewhere = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            elsewhere.NumberFormat.NumberDecimalSeparator = ",";
            elsewhere.DateTimeFormat.TimeSeparator = ".";
            CultureInfo.CurrentCulture = elsewhere;
            for (int round = 0; round < 2; round++)
            {
                foreach (((DateTimeOffset? At, bool Bare) key, string verdict) in first.Reverse())
                    Assert.Equal(verdict, Judge(stored, key.Bare ? null : Policy.BuiltIn("simulated"), key.At));
                Appraiser.ClearCaches();
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static ProofBundle Decode(byte[] stored)
    {
        Assert.True(ProofBundle.TryDecode(stored, out ProofBundle? bundle, out string? error), error);
        return bundle!;
    }

    private static string Judge(byte[] stored, Policy? policy, DateTimeOffset? at)
    {
        Verdict verdict = BundleVerifier.Verify(Decode(stored), policy, TestBed.Anchors, at, TimeSource.Verifier).Evidence.Verdict with { Elapsed = TimeSpan.Zero };
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            verdict.WriteJson(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
