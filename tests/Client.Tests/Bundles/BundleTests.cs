using CsCheck;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Client.Tests.Trust;

namespace Verathos.Client.Tests.Bundles;

/// <summary>A saved proof verifies later without the node, and falls when anything in it is changed.</summary>
public sealed class BundleTests
{
    private static readonly Policy Simulated = Policy.BuiltIn("simulated");

    [Fact]
    public async Task A_saved_answer_verifies_offline_at_the_time_that_it_records()
    {
        using TestBed bed = new();
        Answer answer = await bed.AnswerAsync();
        ProofBundle bundle = Decode(ProofBundle.Of(answer, withContent: true).Encode());
        BundleVerdict verdict = BundleVerifier.Verify(bundle, Simulated, TestBed.Anchors);
        Assert.True(verdict.IsAccepted);
        Assert.True(verdict.ProvesAnswer);
        Assert.True(verdict.SamePolicy);
        Assert.Equal(TimeSource.Asserted, verdict.Evidence.Verdict.TimeSource);
        Assert.True(verdict.Receipt!.Value.Valid);
        Assert.Equal(answer.OutputIds, bundle.Transcript!.OutputIds);
        Assert.Equal(
            [ReceiptCheckNames.Equivocation, ReceiptCheckNames.Counter, ReceiptCheckNames.Previous],
            verdict.Receipt.Value.Checks.Where(check => check.Result == CheckResult.Waived).Select(check => check.Name));
    }

    [Fact]
    public async Task A_bundle_without_content_holds_no_ids_and_still_verifies()
    {
        using TestBed bed = new();
        Answer answer = await bed.AnswerAsync();
        byte[] encoded = ProofBundle.Of(answer, withContent: false).Encode();
        Assert.Equal(-1, encoded.AsSpan().IndexOf(answer.Transcript.ReceiptSecret));
        BundleVerdict verdict = BundleVerifier.Verify(Decode(encoded), Simulated, TestBed.Anchors);
        Assert.True(verdict.IsAccepted);
        foreach (string left in (string[])[ReceiptCheckNames.Chain, ReceiptCheckNames.Prompt, ReceiptCheckNames.Output, ReceiptCheckNames.Counts])
            Assert.Equal(CheckResult.Waived, verdict.Receipt!.Value.Checks.Single(check => check.Name == left).Result);
    }

    [Fact]
    public async Task A_bundle_of_evidence_alone_verifies()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        ProofBundle bundle = Decode(ProofBundle.Of(client.Session.Current!.Evidence, Simulated).Encode());
        BundleVerdict verdict = BundleVerifier.Verify(bundle, Simulated, TestBed.Anchors);
        Assert.True(verdict.IsAccepted);
        Assert.Null(verdict.Receipt);
        Assert.False(verdict.ProvesAnswer);
    }

    [Fact]
    public async Task A_policy_that_wants_proved_time_rejects_the_asserted_one()
    {
        using TestBed bed = new();
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent: true);
        Policy strict = TrustTests.With(policy => policy["node"]!["timeSources"] = new System.Text.Json.Nodes.JsonArray("verifier", "anchored"));
        BundleVerdict verdict = BundleVerifier.Verify(bundle, strict, TestBed.Anchors);
        Assert.False(verdict.IsAccepted);
        Assert.False(verdict.SamePolicy);
        Assert.Equal("policy.node.timeSources", verdict.Evidence.Verdict.Reason);

        BundleVerdict answered = BundleVerifier.Verify(bundle, strict, TestBed.Anchors, bundle.JudgedAt.AddMinutes(1), TimeSource.Verifier);
        Assert.True(answered.ProvesAnswer);
        Assert.Equal(TimeSource.Verifier, answered.Evidence.Verdict.TimeSource);

        // The bundle's own time is asserted whatever the caller says of it.
        Assert.False(BundleVerifier.Verify(bundle, strict, TestBed.Anchors, null, TimeSource.Verifier).IsAccepted);
    }

    [Fact]
    public async Task An_answer_of_after_the_end_of_trust_falls_to_its_times()
    {
        using TestBed bed = new();
        Policy brief = TrustTests.With(policy => policy["node"]!["maxEvidenceAgeSeconds"] = 120);
        bed.Options = bed.Options with { Policy = brief };
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent: true);
        Assert.True(BundleVerifier.Verify(bundle, brief, TestBed.Anchors).IsAccepted);

        // Inside the keyset's life, signed by its key and consistent in itself: only trust in the evidence has ended.
        TimeSpan late = TimeSpan.FromMinutes(20);
        Assert.True(Protocol.Receipts.Receipt.TryParse(bundle.Receipt, bed.Node.Keys.Signing, out Protocol.Receipts.Receipt? receipt, out _));
        ProofBundle after = bundle with
        {
            Receipt = (receipt! with { AcceptedAt = receipt.AcceptedAt + late, IssuedAt = receipt.IssuedAt + late }).Sign(bed.Node.Keys.Signing, out _),
            Transcript = bundle.Transcript! with { SentAt = bundle.Transcript.SentAt + late, ReceivedAt = bundle.Transcript.ReceivedAt + late },
        };
        FallsToTimes(after, brief);
    }

    [Fact]
    public async Task An_answer_of_before_the_evidence_was_asked_for_falls_to_its_times()
    {
        using TestBed bed = new();
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent: true);
        FallsToTimes(bundle with { RequestedAt = bundle.RequestedAt.AddMinutes(10), JudgedAt = bundle.JudgedAt.AddMinutes(10) }, Simulated);
    }

    [Fact]
    public async Task The_vendors_roots_reject_a_simulated_bundle()
    {
        using TestBed bed = new();
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent: true);
        Assert.False(BundleVerifier.Verify(bundle, Policy.BuiltIn("tdx-h100"), TrustAnchors.Production).IsAccepted);
    }

    [Fact]
    public async Task Every_part_of_a_bundle_is_covered()
    {
        using TestBed bed = new();
        Answer answer = await bed.AnswerAsync();
        ProofBundle bundle = ProofBundle.Of(answer, withContent: true);
        Transcript seen = bundle.Transcript!;
        (string What, ProofBundle Changed)[] cases =
        [
            ("nonce", bundle with { Nonce = new byte[32] }),
            ("evidence", bundle with { Evidence = Flip(bundle.Evidence.ToArray(), bundle.Evidence.Length / 2) }),
            ("receipt", bundle with { Receipt = Flip(bundle.Receipt!, bundle.Receipt!.Length - 100) }),
            ("request digest", bundle with { Transcript = seen with { RequestDigest = new byte[32] } }),
            ("client nonce", bundle with { Transcript = seen with { ClientNonce = new byte[32] } }),
            ("audit commitment", bundle with { Transcript = seen with { AuditCommitment = new byte[32] } }),
            ("parameters", bundle with { Transcript = seen with { Parameters = seen.Parameters with { Seed = 1 } } }),
            ("secret", bundle with { Transcript = seen with { ReceiptSecret = new byte[32] } }),
            ("prompt ids", bundle with { Transcript = seen with { PromptIds = [1, 2, 3] } }),
            ("output ids", bundle with { Transcript = seen with { OutputIds = [100, 101, 102, 103, 105] } }),
            ("chunks", bundle with { Transcript = seen with { ChunkHashes = [.. seen.ChunkHashes.Skip(1)] } }),
            ("sent at", bundle with { Transcript = seen with { SentAt = seen.SentAt.AddHours(1) } }),
            ("received at", bundle with { Transcript = seen with { ReceivedAt = seen.ReceivedAt.AddHours(-1) } }),
            ("stream", bundle with { Transcript = seen with { StreamId = new byte[16] } }),
            ("finish", bundle with { Transcript = seen with { FinishReason = "length" } }),
            ("judged at", bundle with { JudgedAt = bundle.JudgedAt.AddDays(30) }),
        ];
        foreach ((string what, ProofBundle changed) in cases)
            Assert.False(BundleVerifier.Verify(Decode(changed.Encode()), Simulated, TestBed.Anchors).IsAccepted, what);
    }

    [Fact]
    public async Task Times_at_the_ends_of_the_calendar_are_compared_and_throw_nothing()
    {
        using TestBed bed = new();
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent: true);
        Transcript wide = bundle.Transcript! with { SentAt = DateTimeOffset.MinValue, ReceivedAt = DateTimeOffset.MaxValue };
        Transcript turned = wide with { SentAt = DateTimeOffset.MaxValue, ReceivedAt = DateTimeOffset.MinValue };
        Assert.True(BundleVerifier.Verify(bundle with { Transcript = bundle.Transcript with { ReceivedAt = DateTimeOffset.MaxValue } }, Simulated, TestBed.Anchors).IsAccepted);
        Assert.False(BundleVerifier.Verify(bundle with { Transcript = wide }, Simulated, TestBed.Anchors).IsAccepted);
        Assert.False(BundleVerifier.Verify(bundle with { Transcript = turned }, Simulated, TestBed.Anchors).IsAccepted);
        foreach (DateTimeOffset end in (DateTimeOffset[])[DateTimeOffset.MinValue, DateTimeOffset.MaxValue])
        {
            Assert.False(BundleVerifier.Verify(bundle with { RequestedAt = end, JudgedAt = end }, Simulated, TestBed.Anchors).IsAccepted);
            Assert.Equal(
                "policy.node.maxEvidenceAgeSeconds",
                BundleVerifier.Verify(bundle with { RequestedAt = end }, Simulated, TestBed.Anchors).Evidence.Verdict.Reason);
        }
    }

    [Fact]
    public async Task A_cut_or_lengthened_file_is_no_bundle()
    {
        using TestBed bed = new();
        byte[] encoded = ProofBundle.Of(await bed.AnswerAsync(), withContent: true).Encode();
        Assert.False(ProofBundle.TryDecode(encoded.AsMemory(..^1), out _, out _));
        Assert.False(ProofBundle.TryDecode((byte[])[.. encoded, 0], out _, out _));
        Assert.False(ProofBundle.TryDecode(Array.Empty<byte>(), out _, out string? error));
        Assert.Contains("not a Verathos bundle", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_are_no_bundle_and_throw_nothing() =>
        Gen.Byte.Array[0, 200].Sample(bytes => !ProofBundle.TryDecode(bytes, out _, out _));

    [Fact]
    public async Task Files_are_told_apart()
    {
        using TestBed bed = new();
        Answer answer = await bed.AnswerAsync();
        Assert.Equal(EvidenceFileKind.Bundle, EvidenceFile.Recognise(ProofBundle.Of(answer, withContent: true).Encode()));
        Assert.Equal(EvidenceFileKind.Collection, EvidenceFile.Recognise(answer.Node.Evidence.Raw));
        Assert.Equal(EvidenceFileKind.Quote, EvidenceFile.Recognise(answer.Node.Evidence.Collection!.CpuEvidence));
        Assert.Equal(EvidenceFileKind.GpuReport, EvidenceFile.Recognise(answer.Node.Evidence.Collection.Gpus[0].Report));
        Assert.Equal(EvidenceFileKind.Unknown, EvidenceFile.Recognise(new byte[100]));
        byte[] snp = new byte[1184];
        snp[0] = 2;
        Assert.Equal(EvidenceFileKind.SnpReport, EvidenceFile.Recognise(snp));
    }

    private static void FallsToTimes(ProofBundle bundle, Policy policy)
    {
        BundleVerdict verdict = BundleVerifier.Verify(bundle, policy, TestBed.Anchors);
        Assert.True(verdict.Evidence.Verdict.IsAccepted);
        Assert.False(verdict.IsAccepted);
        Assert.Equal([ReceiptCheckNames.Times], verdict.Receipt!.Value.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
    }

    private static ProofBundle Decode(byte[] encoded) =>
        ProofBundle.TryDecode(encoded, out ProofBundle? bundle, out string? error) ? bundle : throw new InvalidOperationException(error);

    private static byte[] Flip(byte[] bytes, int at)
    {
        byte[] changed = [.. bytes];
        changed[at] ^= 1;
        return changed;
    }
}
