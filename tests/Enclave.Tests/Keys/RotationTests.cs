using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Tests.Serving;

namespace Verathos.Enclave.Tests.Keys;

public sealed class RotationTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    [Fact]
    public async Task AKeysetLivesAtMostAnHour()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence evidence = await node.AttestAsync();

        Assert.Equal(_time.GetUtcNow(), evidence.Keyset.NotBefore);
        Assert.Equal(TimeSpan.FromHours(1), evidence.Keyset.NotAfter - evidence.Keyset.NotBefore);
        await Assert.ThrowsAsync<ArgumentException>(() => TestNode.StartAsync(new EnclaveOptions { KeysetLifetime = TimeSpan.FromMinutes(61) }));
    }

    [Fact]
    public async Task ASuccessorComesBeforeTheEndAndBothServeForAWhile()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence old = await node.AttestAsync();
        await AdvanceAsync(node, TimeSpan.FromMinutes(50), keysets: 2);
        TestEvidence successor = await node.AttestAsync();

        Assert.NotEqual(old.Keyset.Digest.ToArray(), successor.Keyset.Digest.ToArray());
        Assert.Equal(old.Keyset.BootId.ToArray(), successor.Keyset.BootId.ToArray());
        (await node.SendAsync(TestNode.Chat(old, "\"max_tokens\":1"))).AssertProved();
        TestAnswer underSuccessor = await node.SendAsync(TestNode.Chat(successor, "\"max_tokens\":1"));
        underSuccessor.AssertProved();
        Assert.Equal(1ul, underSuccessor.Receipt.Counter);
    }

    [Fact]
    public async Task ASuccessorTakesNoRequestBeforeEvidenceBindsIt()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence old = await node.AttestAsync();
        await AdvanceAsync(node, TimeSpan.FromMinutes(50), keysets: 2);
        TestEvidence successor = await node.AttestAsync();

        // The successor's keys with the binding of the old evidence: a client that took keys on somebody's word.
        TestAnswer answer = await node.SendAsync(TestNode.Chat(old with { Keyset = successor.Keyset }));

        Assert.Equal("binding_mismatch", answer.ErrorCode);
    }

    [Fact]
    public async Task OnceItHasASuccessorAKeysetOnlyFinishesWhatRuns()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence old = await node.AttestAsync();
        await AdvanceAsync(node, TimeSpan.FromMinutes(50), keysets: 2);
        _time.Advance(TimeSpan.FromSeconds(29));
        (await node.SendAsync(TestNode.Chat(old, "\"max_tokens\":1"))).AssertProved();
        _time.Advance(TimeSpan.FromSeconds(1));

        TestAnswer late = await node.SendAsync(TestNode.Chat(old, "\"max_tokens\":1"));

        Assert.Equal((409, "keyset_retiring"), (late.Status, late.ErrorCode));
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AtItsEndAKeysetIsDestroyed()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence old = await node.AttestAsync();
        TestRequest kept = TestNode.Chat(old, "\"max_tokens\":1");
        await AdvanceAsync(node, TimeSpan.FromMinutes(50), keysets: 2);
        _time.Advance(TimeSpan.FromMinutes(10));

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(kept));

        Assert.Equal(EnclaveFailure.Undecryptable, failure.Failure);
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AStreamThatRunsAtTheEndOfItsKeysetEndsWithoutAReceipt()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":200");
        TestAnswer answer = new(request);
        int pieces = 0;
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(request.Bytes)))
        {
            answer.Feed(piece.Span);
            if (++pieces == 5)
            {
                _time.Advance(TimeSpan.FromHours(1));
                // The clock alone ends the keys; whether the timer has fired yet does not matter.
                _ = await node.Core.GetStatusAsync();
            }
        }

        answer.Complete();
        Assert.False(answer.HasReceipt);
        Assert.Equal("keyset_ended", answer.ErrorCode);
        Assert.Equal(1, (await node.Core.GetStatusAsync()).Counters.Abandoned);
    }

    [Fact]
    public async Task AStreamThatBeganBeforeTheSuccessorFinishesUnderItsOldKeyset()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":60");
        TestAnswer answer = new(request);
        int pieces = 0;
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(request.Bytes)))
        {
            answer.Feed(piece.Span);
            if (++pieces == 5)
            {
                await AdvanceAsync(node, TimeSpan.FromMinutes(59), keysets: 2);
            }
        }

        answer.Complete();
        answer.AssertProved();
    }

    [Fact]
    public async Task AHostThatHoldsTimersBackDoesNotLengthenAKeysLife()
    {
        NoTimers time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);
        await time.Asked;
        TestRequest kept = TestNode.Chat(await node.AttestAsync());
        time.Now += TimeSpan.FromHours(1);

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(kept));

        Assert.Equal(EnclaveFailure.Unavailable, failure.Failure);
        Assert.False((await node.Core.GetStatusAsync()).Ready);
    }

    [Fact]
    public async Task AWallClockThatIsSetBackDoesNotLengthenAKeysLife()
    {
        NoTimers time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);
        await time.Asked;
        time.Age = TimeSpan.FromMinutes(59);
        time.Now -= TimeSpan.FromMinutes(30);
        Assert.True((await node.Core.GetStatusAsync()).Ready);

        time.Age = TimeSpan.FromHours(1);

        Assert.False((await node.Core.GetStatusAsync()).Ready);
        await Assert.ThrowsAsync<EnclaveException>(() => node.AttestAsync());
    }

    [Fact]
    public async Task ADestroyedKeysetHasNoUsableKey()
    {
        await using ServedModels model = new([TestNode.TinyModel()], new EnclaveOptions(), new SimulatedDriver(TestNode.Installation, 0));
        using KeyRing ring = new(new EnclaveOptions(), _time);
        LiveKeyset keyset = ring.Add(model);
        Assert.Equal(64, keyset.Signer.SignHash(new byte[32]).Length);

        ring.DestroyAll();

        Assert.Throws<ObjectDisposedException>(() => keyset.Signer.SignHash(new byte[32]));
        Assert.True(keyset.Ended.IsCancellationRequested);
        Assert.Null(ring.Current);
    }

    [Fact]
    public void TheRetireGraceMustLeaveRoomForRunningAnswers()
    {
        EnclaveOptions options = new() { RetireGrace = TimeSpan.FromMinutes(10) };

        Assert.Contains("RetireGrace", Assert.Single(options.Validate()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADayOfRotationsKeepsServing()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        for (int keysets = 2; keysets <= 25; keysets++)
        {
            await AdvanceAsync(node, TimeSpan.FromMinutes(50), keysets);
            (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
        }
    }

    [Fact]
    public async Task AnotherModelDestroysEveryKeyset()
    {
        await using TestNode node = await TestNode.StartAsync(time: _time);
        TestEvidence old = await node.AttestAsync();
        TestRequest kept = TestNode.Chat(old);
        TestRequest running = TestNode.Chat(old, "\"max_tokens\":200");
        TestAnswer cut = new(running);
        int pieces = 0;
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(running.Bytes)))
        {
            cut.Feed(piece.Span);
            if (++pieces == 5)
            {
                await node.Core.ReplaceModelAsync(TestNode.TinyModel(seed: 2));
            }
        }

        cut.Complete();
        Assert.Equal("keyset_ended", cut.ErrorCode);
        Assert.Equal(EnclaveFailure.Undecryptable, (await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(kept))).Failure);
        TestEvidence fresh = await node.AttestAsync();
        Assert.NotEqual(old.Collection.Manifest.ToArray(), fresh.Collection.Manifest.ToArray());
        (await node.SendAsync(TestNode.Chat(fresh, "\"max_tokens\":2"))).AssertProved();
    }

    private async Task AdvanceAsync(TestNode node, TimeSpan by, int keysets)
    {
        _time.Advance(by);
        await Waiting.UntilAsync(async () => (await node.Core.GetStatusAsync()).Counters.Keysets >= keysets);
    }

    private sealed class NoTimers(DateTimeOffset now) : TimeProvider
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _timers;
        private int _readings;

        public DateTimeOffset Now { get; set; } = now;

        public TimeSpan Age { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        // The core looks once more at the clocks after it has set its timer, in two readings: it sees no later change of them.
        public override long GetTimestamp()
        {
            long now = Age.Ticks;
            if (Volatile.Read(ref _timers) > 0 && Interlocked.Increment(ref _readings) == 2)
            {
                _asked.TrySetResult();
            }

            return now;
        }

        // Completes when the core sleeps, so that a later change of the clocks is none that it sees.
        public Task Asked => _asked.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _timers);
            return new Never();
        }

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
