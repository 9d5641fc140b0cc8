using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Openings;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Tests.Serving;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Openings;

namespace Verathos.Enclave.Tests.Openings;

/// <summary>What is kept of answers is bounded in number, memory and time, and overwritten when it goes.</summary>
public sealed class KeptAnswersTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly EnclaveMetrics _metrics = new();
    private readonly List<(byte[] Digest, byte[] Secret, KeptAnswer Answer)> _added = [];
    private ServedModels _models = null!;

    public ValueTask InitializeAsync()
    {
        _models = new ServedModels([TestNode.TinyModel()], new EnclaveOptions(), new SimulatedDriver(TestNode.Installation, 0));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _models.DisposeAsync();

    /// <summary>The timer wipes, without anybody looking.</summary>
    [Fact]
    public void ExpiryOverwritesEverything()
    {
        using KeptAnswers kept = Create(new EnclaveOptions { KeptFor = TimeSpan.FromSeconds(60) });
        KeptAnswer answer = Add(kept);
        AssertHolds(answer);
        _time.Advance(TimeSpan.FromSeconds(30));
        KeptAnswer later = Add(kept);
        _time.Advance(TimeSpan.FromSeconds(30));
        AssertWiped(answer);
        AssertHolds(later);
        _time.Advance(TimeSpan.FromSeconds(30));
        AssertWiped(later);
        Assert.Equal((0, 0L), kept.Size);
        Assert.Equal("opening_expired", Ask(kept, 0)?.Code);
    }

    /// <summary>A host that sets the wall clock back gains nothing, nor one whose timers stand still.</summary>
    [Fact]
    public void EitherClockEndsIt()
    {
        HookedTime time = new();
        using KeptAnswers kept = new(new EnclaveOptions { KeptFor = TimeSpan.FromSeconds(60) }, time, _metrics);
        KeptAnswer first = Add(kept);
        time.Elapsed = TimeSpan.FromSeconds(61);
        Assert.Equal(0, kept.Size.Count);
        AssertWiped(first);
        KeptAnswer second = Add(kept);
        time.Wall = TimeSpan.FromSeconds(61);
        Assert.Equal(0, kept.Size.Count);
        AssertWiped(second);
    }

    [Fact]
    public void NumberAndMemoryAreBounded()
    {
        long one = Create(new EnclaveOptions(), out KeptAnswers probe).Bytes;
        probe.Dispose();
        _added.Clear();
        using KeptAnswers kept = Create(new EnclaveOptions { MaxKeptAnswers = 3 });
        KeptAnswer[] answers = [.. Enumerable.Range(0, 5).Select(_ => Add(kept))];
        Assert.Equal((3, 3 * one), kept.Size);
        AssertWiped(answers[0]);
        AssertWiped(answers[1]);
        AssertHolds(answers[2]);
        Assert.Equal("opening_evicted", Ask(kept, 1)?.Code);
        Assert.Equal(2, _metrics.Evicted);

        _added.Clear();
        using KeptAnswers small = Create(new EnclaveOptions { MaxKeptBytes = 1 << 20 });
        int fit = (int)((1 << 20) / Answer(2000).Bytes);
        KeptAnswer[] large = [.. Enumerable.Range(0, fit + 2).Select(_ => Add(small, 2000))];
        Assert.Equal(fit, small.Size.Count);
        Assert.InRange(small.Size.Bytes, 1, 1 << 20);
        AssertWiped(large[1]);
        AssertHolds(large[2]);

        // One that is larger than everything leaves nothing.
        AssertWiped(Add(small, 40_000));
        Assert.Equal((0, 0L), small.Size);
    }

    /// <summary>What is opened at that moment is overwritten once the opening is over.</summary>
    [Fact]
    public void AnAnswerInUseIsOverwrittenAfterwards()
    {
        using KeptAnswers kept = Create(new EnclaveOptions());
        KeptAnswer answer = Add(kept);
        Assert.Null(kept.TryTake(Request(0, OpeningAsk.StepHashes), out KeptAnswer? held));
        Assert.Same(answer, held);
        kept.Clear();
        AssertHolds(answer);
        kept.Return(held!);
        AssertWiped(answer);
        Assert.Equal("opening_evicted", Ask(kept, 0)?.Code);
    }

    [Fact]
    public void OnlySoManyRequestsAreWorkedOnAtOnce()
    {
        using KeptAnswers kept = Create(new EnclaveOptions { MaxOpenings = 2 });
        Add(kept);
        Assert.Null(kept.TryTake(Request(0, OpeningAsk.StepHashes), out KeptAnswer? first));
        Assert.Null(kept.TryTake(Request(0, OpeningAsk.StepHashes), out _));
        ApiError? busy = Ask(kept, 0);
        Assert.Equal((503, "opening_busy", 1), (busy!.Status, busy.Code, busy.RetryAfterSeconds));
        kept.Return(first!);
        Assert.Null(kept.TryTake(Request(0, OpeningAsk.StepHashes), out _));
    }

    /// <summary>Why an answer is gone is remembered for a while, within bounds; beyond them it never was.</summary>
    [Fact]
    public void WhatIsForgottenIsUnknown()
    {
        using KeptAnswers kept = Create(new EnclaveOptions { MaxKeptAnswers = 1 });
        for (int i = 0; i < 11; i++)
        {
            Add(kept);
        }

        Assert.Equal("opening_not_found", Ask(kept, 0)?.Code);
        Assert.Equal("opening_not_found", Ask(kept, 1)?.Code);
        Assert.Equal("opening_evicted", Ask(kept, 2)?.Code);
        Assert.Equal("opening_evicted", Ask(kept, 9)?.Code);
        Assert.Null(Ask(kept, 10));
    }

    [Fact]
    public void AnAnswerOfKeysThatHaveEndedIsNotKept()
    {
        using KeptAnswers kept = Create(new EnclaveOptions());
        KeptAnswer answer = Answer(10);
        kept.Add(RandomNumberGenerator.GetBytes(32), answer, new CancellationToken(canceled: true));
        AssertWiped(answer);
        Assert.Equal((0, 0L), kept.Size);
    }

    [Fact]
    public void TheRateGrowsWithTime()
    {
        OpeningRate rate = new(60, _time);
        Assert.Null(rate.TryTake(60));
        Assert.Equal(1, rate.TryTake(1));
        Assert.Equal(30, rate.TryTake(30));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(rate.TryTake(10));
        Assert.Equal(1, rate.TryTake(1));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(rate.TryTake(60));
        Assert.NotNull(rate.TryTake(1));
    }

    private KeptAnswers Create(EnclaveOptions options) => new(options, _time, _metrics);

    private KeptAnswer Create(EnclaveOptions options, out KeptAnswers kept)
    {
        kept = Create(options);
        return Add(kept);
    }

    private KeptAnswer Answer(int steps) => new(
        _models.Default, SHA256.HashData(Secret(_added.Count)), [.. Enumerable.Range(1, steps)], [1], Secret(7),
        new AnswerRecord([.. Enumerable.Range(0, steps).Select(_ => new byte[32])], [[1, 2], [3, 4]], [[5], [6]]));

    private KeptAnswer Add(KeptAnswers kept, int steps = 10)
    {
        KeptAnswer answer = Answer(steps);
        byte[] digest = RandomNumberGenerator.GetBytes(32);
        _added.Add((digest, Secret(_added.Count), answer));
        kept.Add(digest, answer, CancellationToken.None);
        return answer;
    }

    private static byte[] Secret(int number) => SHA256.HashData([(byte)number, 1]);

    private OpeningRequest Request(int index, OpeningAsk ask) => new(_added[index].Digest, _added[index].Secret, ask);

    private ApiError? Ask(KeptAnswers kept, int index)
    {
        ApiError? error = kept.TryTake(Request(index, OpeningAsk.StepHashes), out KeptAnswer? answer);
        Assert.Equal(error is null, answer is not null);
        return error;
    }

    private static void AssertHolds(KeptAnswer answer)
    {
        Assert.False(answer.IsWiped);
        Assert.Contains(answer.Committed.Ids, id => id != 0);
        Assert.Contains(answer.TraceSecret, value => value != 0);
    }

    private static void AssertWiped(KeptAnswer answer)
    {
        Assert.True(answer.IsWiped);
        Assert.DoesNotContain(answer.Committed.Ids, id => id != 0);
        Assert.DoesNotContain(answer.TraceSecret, value => value != 0);
        Assert.All(answer.Record.Toploc.Concat(answer.Record.Sketches), proof => Assert.DoesNotContain(proof, value => value != 0));
    }

    private sealed class HookedTime : TimeProvider
    {
        private readonly DateTimeOffset _start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

        public TimeSpan Wall { get; set; }

        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => _start + Wall;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
