using Verathos.Enclave.Openings;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Openings;

namespace Verathos.Enclave.Tests.Openings;

/// <summary>Openings that break off are never taken for whole ones, and leave nothing behind.</summary>
public sealed class OpeningFailureTests
{
    /// <summary>A node that did not compute what it committed to cannot open it: before anything went out it says so, later it signs nothing.</summary>
    [Fact]
    public async Task WhatDoesNotComeOutAgainIsNotSigned()
    {
        await using TestNode node = await TestNode.StartAsync();
        (TestEvidence evidence, TestRequest request, TestAnswer answer) = await AnswerAsync(node);
        KeptAnswer kept = Assert.Single(node.Core.Kept.Answers);
        int last = kept.Committed.Ids.Length - 2;
        kept.Committed.Ids[last] ^= 1;

        TestAnswer whole = await AskAsync(node, evidence, request, answer, OpeningAsk.Step(3));
        Assert.NotNull(whole.Statement);
        TestAnswer failed = await AskAsync(node, evidence, request, answer, OpeningAsk.Step(last));
        Assert.Equal((500, "internal_error"), (failed.Status, failed.ErrorCode));
        kept.Committed.Ids[last] ^= 1;

        // The second of several fails once the first is out.
        TestRequest sealedAsk = TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, OpeningAsk.Openings(0, 30)));
        TestAnswer cut = new(sealedAsk);
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(sealedAsk.Bytes), TestContext.Current.CancellationToken))
        {
            cut.Feed(piece.Span);
            kept.Committed.Ids[0] = 0;
        }

        cut.Complete();
        Assert.Equal(200, cut.Status);
        Assert.NotEmpty(cut.Bytes);
        Assert.Empty(cut.Trailers);
        EnclaveCounters counters = (await node.Core.GetStatusAsync(TestContext.Current.CancellationToken)).Counters;
        Assert.Equal((1, 2), (counters.Openings, counters.OpeningsFailed));
    }

    /// <summary>Whoever leaves frees the place, and the answer can be opened on.</summary>
    [Fact]
    public async Task AClientThatLeavesFreesThePlace()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { MaxOpenings = 1, OpeningsPerReceipt = 600 });
        (TestEvidence evidence, TestRequest request, TestAnswer answer) = await AnswerAsync(node);
        for (int i = 0; i < 3; i++)
        {
            TestRequest ask = TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, OpeningAsk.Openings(0, 50)));
            await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(ask.Bytes), TestContext.Current.CancellationToken))
            {
                break;
            }
        }

        Assert.NotNull((await AskAsync(node, evidence, request, answer, OpeningAsk.Openings(0, 2))).Statement);
        Assert.False(Assert.Single(node.Core.Kept.Answers).IsWiped);
    }

    /// <summary>A change of the model in the middle ends the opening without a statement, and overwrites the answer.</summary>
    [Fact]
    public async Task AChangeInTheMiddleSignsNothing()
    {
        await using TestNode node = await TestNode.StartAsync();
        (TestEvidence evidence, TestRequest request, TestAnswer answer) = await AnswerAsync(node);
        KeptAnswer kept = Assert.Single(node.Core.Kept.Answers);
        TestRequest ask = TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, OpeningAsk.Openings(0, 20)));
        TestAnswer cut = new(ask);
        bool changed = false;
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(ask.Bytes), TestContext.Current.CancellationToken))
        {
            cut.Feed(piece.Span);
            if (!changed)
            {
                changed = true;
                await node.Core.ReplaceModelAsync(TestNode.TinyModel(seed: 3), TestContext.Current.CancellationToken);
            }
        }

        cut.Complete();
        Assert.Empty(cut.Trailers);
        Assert.True(kept.IsWiped);
    }

    /// <summary>A node that stops overwrites what it kept.</summary>
    [Fact]
    public async Task TheEndOverwritesEverything()
    {
        TestNode node = await TestNode.StartAsync();
        await AnswerAsync(node);
        KeptAnswer kept = Assert.Single(node.Core.Kept.Answers);
        await node.DisposeAsync();
        Assert.True(kept.IsWiped);
        Assert.DoesNotContain(kept.Committed.Ids, id => id != 0);
    }

    private static async Task<(TestEvidence Evidence, TestRequest Request, TestAnswer Answer)> AnswerAsync(TestNode node)
    {
        TestEvidence evidence = await node.AttestAsync();
        TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":30");
        return (evidence, request, await node.SendAsync(request));
    }

    private static Task<TestAnswer> AskAsync(TestNode node, TestEvidence evidence, TestRequest request, TestAnswer answer, OpeningAsk ask) =>
        node.SendAsync(TestNode.Openings(evidence, new OpeningRequest(answer.Receipt.Digest.ToArray(), request.AuditSecret, ask)));
}
