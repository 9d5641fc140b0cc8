using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>What an answer's computation is committed to: with each token in the stream, and in the receipt to the same.</summary>
public sealed class TraceCheckTests
{
    private static readonly byte[] Other32 = SHA256.HashData("other"u8);

    public static TheoryData<string> WrongReceipts => new(Wrong.Keys);

    private static Dictionary<string, (string Check, Func<Receipt, Receipt> Change)> Wrong { get; } = new()
    {
        ["another trace"] = (ReceiptCheckNames.Trace, receipt => receipt with { TraceRoot = Other32 }),
        ["the trace of the token before"] = (ReceiptCheckNames.Trace, receipt => receipt with { TraceRoot = SHA256.HashData([3]) }),
        ["no sketches"] = (ReceiptCheckNames.Roots, receipt => receipt with { SketchRoot = null }),
        ["no TOPLOC proofs"] = (ReceiptCheckNames.Roots, receipt => receipt with { ToplocRoot = null }),
    };

    [Fact]
    public async Task A_committed_answer_passes()
    {
        using TestBed bed = Committed();
        Answer answer = await bed.AnswerAsync();
        Assert.All(answer.ReceiptVerdict.Checks, check => Assert.Equal(CheckResult.Passed, check.Result));
        Assert.Equal(answer.Receipt.TraceRoot!.Value.ToArray(), answer.Transcript.TraceRoot);
    }

    [Theory]
    [MemberData(nameof(WrongReceipts))]
    public async Task A_wrong_root_falls_to_its_own_check(string which)
    {
        using TestBed bed = Committed();
        bed.Node.Tampering.Receipt = Wrong[which].Change;
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal(ClientFailure.ReceiptInvalid, failure.Failure);
        Assert.Equal([Wrong[which].Check], failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));
    }

    /// <summary>Stream and receipt agree that there is nothing: only the requirement rejects, and only where it is one.</summary>
    [Theory]
    [InlineData(CommittedProfiles.Served, TraceRequirement.Served, true)]
    [InlineData(CommittedProfiles.Served, TraceRequirement.Always, true)]
    [InlineData(CommittedProfiles.Served, TraceRequirement.Never, false)]
    [InlineData("f32", TraceRequirement.Served, false)]
    [InlineData("f32", TraceRequirement.Always, true)]
    [InlineData("f32", TraceRequirement.Never, false)]
    public async Task An_answer_without_commitments_is_ruled_on_by_the_option(string profile, TraceRequirement requirement, bool rejected)
    {
        using TestBed bed = new();
        bed.Node.Configuration = bed.Node.Configuration with { NumericProfile = profile };
        bed.Node.Tampering.Trace = (_, _) => null;
        bed.Node.Tampering.Receipt = Without;
        bed.Options = bed.Options with { Trace = requirement };
        if (!rejected)
        {
            Answer answer = await bed.AnswerAsync();
            Assert.Null(answer.Transcript.TraceRoot);

            // Whoever looks at the file later may ask for more.
            ProofBundle bundle = ProofBundle.Of(answer, withContent: true);
            ReceiptVerdict later = BundleVerifier.Verify(bundle, bed.Options.Policy, TestBed.Anchors, trace: TraceRequirement.Always).Receipt!.Value;
            Assert.Equal([ReceiptCheckNames.Committed], later.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));
            Assert.True(BundleVerifier.Verify(bundle, bed.Options.Policy, TestBed.Anchors, trace: requirement).ProvesAnswer);
            return;
        }

        // Before any text, since there is nothing to wait for.
        using VerathosClient client = await bed.ConnectAsync();
        bool text = false;
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
                text |= update.Text.Length > 0;
        });
        Assert.Equal((ClientFailure.StreamBroken, "stream.trace", false), (failure.Failure, failure.Check, text));
    }

    /// <summary>A receipt without roots under a stream that committed, and the other way around.</summary>
    [Fact]
    public async Task Stream_and_receipt_commit_together_or_not_at_all()
    {
        using TestBed bed = Committed();
        bed.Options = bed.Options with { Trace = TraceRequirement.Never };
        bed.Node.Tampering.Receipt = Without;
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal([ReceiptCheckNames.Trace], failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));

        bed.Node.Tampering.Receipt = null;
        bed.Node.Tampering.Trace = (_, _) => null;
        failure = await bed.FailureAsync();
        Assert.Equal([ReceiptCheckNames.Trace], failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));
    }

    [Theory]
    [InlineData("stops", "without committing")]
    [InlineData("begins late", "in the middle")]
    [InlineData("repeats", "two tokens")]
    public async Task A_stream_that_commits_to_some_tokens_only_is_broken(string how, string expected)
    {
        using TestBed bed = Committed();
        bed.Options = bed.Options with { Trace = TraceRequirement.Never };
        bed.Node.Tampering.Trace = (index, root) => (how, index) switch
        {
            ("stops", 3) => null,
            ("begins late", < 2) => null,
            ("repeats", 3) => SHA256.HashData([2]),
            _ => root,
        };
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal((ClientFailure.StreamBroken, "stream.trace"), (failure.Failure, failure.Check));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"AAAA\"")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("\"!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!\"")]
    public void A_commitment_of_another_form_is_no_chunk(string trace)
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes($$$"""{"choices":[],"verathos":{"ids":[1],"trace":{{{trace}}}}}""");
        Assert.False(CompletionChunk.TryParse(json, out _));
    }

    [Fact]
    public void A_commitment_without_a_token_is_none()
    {
        StreamTrace trace = new(isRequired: true);
        Assert.Null(trace.Add(0, null));
        Assert.NotNull(trace.Add(0, Other32));
        Assert.Null(trace.Add(1, Other32));
    }

    /// <summary>A bundle carries what the stream committed to, in every form that it has.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bundle_keeps_the_commitment(bool withContent)
    {
        using TestBed bed = Committed();
        ProofBundle bundle = ProofBundle.Of(await bed.AnswerAsync(), withContent);
        Assert.True(ProofBundle.TryDecode(bundle.Encode(), out ProofBundle? read, out string? error), error);
        Assert.Equal(bundle.Transcript!.TraceRoot, read.Transcript!.TraceRoot);
        Assert.Equal(bundle.Encode(), read.Encode());
        Assert.True(BundleVerifier.Verify(read, bed.Options.Policy, TestBed.Anchors).ProvesAnswer);
        ProofBundle changed = read with { Transcript = read.Transcript with { TraceRoot = Other32 } };
        ReceiptVerdict verdict = BundleVerifier.Verify(changed, bed.Options.Policy, TestBed.Anchors).Receipt!.Value;
        Assert.Equal(ReceiptCheckNames.Trace, verdict.Reason);
    }

    private static Receipt Without(Receipt receipt) => receipt with { TraceRoot = null, SketchRoot = null, ToplocRoot = null };

    private static TestBed Committed()
    {
        TestBed bed = new();
        bed.Node.Configuration = bed.Node.Configuration with { NumericProfile = CommittedProfiles.Served };
        return bed;
    }
}
