using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Sessions;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Bhttp;

namespace Verathos.Enclave.Tests.Keys;

/// <summary>Somebody fills replay records as fast as the node makes keysets.</summary>
public sealed class FullRecordTests
{
    private const int Capacity = 4;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    [Fact]
    public async Task ARecordThatFillsUpGetsASuccessorEarly()
    {
        await using TestNode node = await StartAsync();
        TestEvidence first = await node.AttestAsync();
        await SendAsync(node, first, 2);
        Assert.Equal(1, (await node.Core.GetStatusAsync()).Counters.Keysets);

        TestRequest kept = await SendAsync(node, first, 1);
        await MadeAsync(node, keysets: 2);
        await SendAsync(node, first, 1);
        TestAnswer full = await node.SendAsync(TestNode.Chat(first, "\"max_tokens\":1"));

        Assert.Equal((409, "keyset_retiring"), (full.Status, full.ErrorCode));
        Assert.Equal("request_replayed", (await node.SendAsync(kept)).ErrorCode);
    }

    [Fact]
    public async Task ThreeFullRecordsRefuseUntilTheOldestServesNobodyAnyMore()
    {
        await using TestNode node = await StartAsync();
        TestRequest oldest = await FillAllAsync(node);
        TestEvidence last = await node.AttestAsync();

        TestAnswer stuck = await node.SendAsync(TestNode.Chat(last, "\"max_tokens\":1"));
        EnclaveStatus status = await node.Core.GetStatusAsync();
        Assert.Equal((503, "replay_record_full"), (stuck.Status, stuck.ErrorCode));
        Assert.Equal("30", BhttpFields.Single(stuck.Fields, "retry-after"));
        Assert.Equal((false, 3), (status.Ready, status.Counters.Keysets));
        Assert.Contains("recorded", status.NotReadyReason, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("request_replayed", (await node.SendAsync(oldest)).ErrorCode);
        Assert.False((await node.Core.GetStatusAsync()).Ready);

        _time.Advance(TimeSpan.FromSeconds(1));
        await MadeAsync(node, keysets: 4);
        EnclaveException gone = await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(oldest));
        Assert.Equal(EnclaveFailure.Undecryptable, gone.Failure);
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AsLongAsThereIsRoomAPredecessorThatServesNobodyStays()
    {
        await using TestNode node = await StartAsync();
        TestRequest kept = await SendAsync(node, await node.AttestAsync(), 3);
        await MadeAsync(node, keysets: 2);
        await SendAsync(node, await node.AttestAsync(), 3);
        await MadeAsync(node, keysets: 3);
        await SendAsync(node, await node.AttestAsync(), 2);

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("request_replayed", (await node.SendAsync(kept)).ErrorCode);
    }

    [Fact]
    public async Task AnAnswerThatRunsKeepsItsKeysetUntilItHasItsReceipt()
    {
        await using TestNode node = await StartAsync();
        Running first = await Running.StartAsync(node);
        await SendAsync(node, first.Evidence, 2);
        await MadeAsync(node, keysets: 2);
        Running second = await Running.StartAsync(node);
        await SendAsync(node, second.Evidence, 2);
        await MadeAsync(node, keysets: 3);
        TestEvidence third = await node.AttestAsync();
        await SendAsync(node, third, 4);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((false, 3), await StateAsync(node));
        TestAnswer refused = await node.SendAsync(TestNode.Chat(third, "\"max_tokens\":1"));
        Assert.Equal("569", BhttpFields.Single(refused.Fields, "retry-after"));

        // The second is not the oldest; whichever serves nobody makes room.
        (await second.FinishAsync()).AssertProved();
        await MadeAsync(node, keysets: 4);
        (await first.FinishAsync()).AssertProved();
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AnswersThatAreHeldOpenKeepRoomNoLongerThanAnyAnswerHas()
    {
        await using TestNode node = await StartAsync();
        Running first = await Running.StartAsync(node);
        await SendAsync(node, first.Evidence, 2);
        await MadeAsync(node, keysets: 2);
        Running second = await Running.StartAsync(node);
        await SendAsync(node, second.Evidence, 2);
        await MadeAsync(node, keysets: 3);
        await SendAsync(node, await node.AttestAsync(), 4);

        _time.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal((false, 3), await StateAsync(node));

        _time.Advance(TimeSpan.FromSeconds(1));
        await MadeAsync(node, keysets: 4);
        Assert.Equal("keyset_ended", (await first.FinishAsync()).ErrorCode);
        Assert.Equal("keyset_ended", (await second.FinishAsync()).ErrorCode);
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public void ARecordTakesAtMost128BytesAHeaderWhileItGrows()
    {
        const int Headers = 1 << 16;
        ReplayRecord record = new(Headers);
        byte[] digest = new byte[32];
        int recorded = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Headers; i++)
        {
            BitConverter.TryWriteBytes(digest, i);
            recorded += record.Record(digest) == ReplayOutcome.Recorded ? 1 : 0;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // Growing leaves the smaller tables behind, which together are no larger than the last.
        Assert.Equal(Headers, recorded);
        Assert.InRange(allocated / Headers, 32, 2 * 64);
        Assert.True(record.IsFull);
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(new EnclaveOptions { ReplayCapacity = Capacity }, _time);

    private static async Task<(bool Ready, long Keysets)> StateAsync(TestNode node)
    {
        EnclaveStatus status = await node.Core.GetStatusAsync();
        return (status.Ready, status.Counters.Keysets);
    }

    private static async Task<TestRequest> FillAllAsync(TestNode node)
    {
        TestRequest oldest = await SendAsync(node, await node.AttestAsync(), 3);
        await MadeAsync(node, keysets: 2);
        await SendAsync(node, await node.AttestAsync(), 3);
        await MadeAsync(node, keysets: 3);
        await SendAsync(node, await node.AttestAsync(), 4);
        return oldest;
    }

    private static async Task<TestRequest> SendAsync(TestNode node, TestEvidence evidence, int times)
    {
        TestRequest last = null!;
        for (int i = 0; i < times; i++)
        {
            last = TestNode.Chat(evidence, "\"max_tokens\":1");
            (await node.SendAsync(last)).AssertProved();
        }

        return last;
    }

    private static Task MadeAsync(TestNode node, int keysets) =>
        Waiting.UntilAsync(async () => (await node.Core.GetStatusAsync()).Counters.Keysets >= keysets);

    /// <summary>An answer that has begun and goes on when it is read.</summary>
    private sealed class Running(TestEvidence evidence, TestAnswer answer, IAsyncEnumerator<ReadOnlyMemory<byte>> pieces)
    {
        public TestEvidence Evidence => evidence;

        public static async Task<Running> StartAsync(TestNode node)
        {
            TestEvidence evidence = await node.AttestAsync();
            TestRequest request = TestNode.Chat(evidence, "\"max_tokens\":20");
            Running running = new(evidence, new TestAnswer(request), node.Core.HandleAsync(TestNode.Pieces(request.Bytes)).GetAsyncEnumerator());
            Assert.True(await running.AdvanceAsync());
            Assert.True(await running.AdvanceAsync());
            return running;
        }

        public async Task<TestAnswer> FinishAsync()
        {
            while (await AdvanceAsync())
            {
            }

            await pieces.DisposeAsync();
            answer.Complete();
            return answer;
        }

        private async Task<bool> AdvanceAsync()
        {
            if (!await pieces.MoveNextAsync())
            {
                return false;
            }

            answer.Feed(pieces.Current.Span);
            return true;
        }
    }
}
