using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class InferenceEngineTests
{
    private static GenerationRequest Request(int[] prompt, int count, uint temperature = 0, params int[] stops) => new()
    {
        PromptIds = prompt,
        Sampling = new SamplingParameters(temperature, SamplingParameters.One, 0),
        Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)],
        MaxTokens = count,
        StopIds = stops,
    };

    private static ValueTask<GeneratedToken[]> All(InferenceEngine engine, GenerationRequest request, CancellationToken token = default) =>
        engine.GenerateAsync(request, token).ToArrayAsync(TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16-lane16")]
    public async Task ConcurrentRequestsGiveTheSameIdsAsAlone(string profile)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.All.Single(p => p.Name == profile));
        await using InferenceEngine engine = new(model, new EngineOptions { MaxActive = 4, PrefillChunk = 8 });
        GenerationRequest[] requests = [.. Enumerable.Range(1, 12).Select(i => Request([.. Enumerable.Range(0, i * 3).Select(j => (i * j) % 320)], 5 + i, i % 2 == 0 ? 0u : 800_000u))];
        List<int[]> alone = [];
        foreach (GenerationRequest request in requests)
        {
            alone.Add([.. (await All(engine, request)).Select(t => t.Id)]);
        }

        GeneratedToken[][] together = await Task.WhenAll(requests.Select(r => All(engine, r).AsTask()));
        Assert.Equal(alone, together.Select(t => t.Select(x => x.Id).ToArray()));
        Assert.All(together, tokens => Assert.Equal(Enumerable.Range(0, tokens.Length), tokens.Select(t => t.Index)));
    }

    [Fact]
    public async Task DrawnIdsAreRecomputedFromTheLogits()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        GenerationRequest request = Request([1, 2, 3], 12, 1_000_000);
        int[] ids = [.. (await All(engine, request)).Select(t => t.Id)];
        Assert.True(ids.Distinct().Count() > 3);
        float[] logits = new float[model.Config.VocabularySize];
        using SequenceState state = model.Backend.CreateSequence(64);
        model.Backend.Forward(state, request.PromptIds, logits);
        for (int step = 0; step < ids.Length; step++)
        {
            Assert.Equal(ids[step], Sampler.Sample(logits, request.Sampling, request.Seed, step));
            model.Backend.Forward(state, [ids[step]], logits);
        }
    }

    [Fact]
    public async Task EndsAtAStopIdAndGivesIt()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        GeneratedToken[] free = await All(engine, Request([5], 20));
        Assert.Equal(FinishReason.Length, free[^1].Finish);
        Assert.All(free[..^1], t => Assert.Null(t.Finish));
        int stop = free[6].Id;
        int first = Array.FindIndex(free, t => t.Id == stop);
        GeneratedToken[] stopped = await All(engine, Request([5], 20, 0, stop));
        Assert.Equal(first + 1, stopped.Length);
        Assert.Equal(new GeneratedToken(stop, first, FinishReason.Stop), stopped[^1]);
    }

    [Theory]
    [InlineData("empty prompt", GenerationError.InvalidRequest)]
    [InlineData("foreign id", GenerationError.InvalidRequest)]
    [InlineData("negative id", GenerationError.InvalidRequest)]
    [InlineData("no tokens", GenerationError.InvalidRequest)]
    [InlineData("seed", GenerationError.InvalidRequest)]
    [InlineData("sampling", GenerationError.InvalidRequest)]
    [InlineData("context", GenerationError.ContextExceeded)]
    [InlineData("huge", GenerationError.ContextExceeded)]
    public async Task RequestsOutOfRangeAreRefusedAtOnce(string fault, GenerationError expected)
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        GenerationRequest good = Request([1], 1);
        GenerationRequest request = fault switch
        {
            "empty prompt" => Request([], 1),
            "foreign id" => Request([320], 1),
            "negative id" => Request([-1], 1),
            "no tokens" => Request([1], 0),
            "seed" => new GenerationRequest { PromptIds = [1], MaxTokens = 1, Sampling = good.Sampling, Seed = new byte[31] },
            "sampling" => new GenerationRequest { PromptIds = [1], MaxTokens = 1, Sampling = default, Seed = good.Seed },
            "context" => Request(new int[200], 57),
            _ => Request([1], int.MaxValue),
        };
        Assert.Equal(expected, Assert.Throws<GenerationException>(() => engine.GenerateAsync(request)).Error);
        Assert.Single(await All(engine, good));
    }

    [Fact]
    public async Task FullQueueRefusesAndThenServesAgain()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions { MaxActive = 1, QueueCapacity = 2 });
        using HeldEngine held = new(engine);
        Task<GeneratedToken[]> first = All(engine, Request([1], 1)).AsTask();
        await held.Holding;

        // The engine's thread waits inside the first request, which still holds the only place.
        Task<GeneratedToken[]>[] waiting = [.. Enumerable.Range(0, 2).Select(_ => All(engine, Request([2], 2)).AsTask())];
        Assert.Equal(2, engine.QueuedRequests);
        Assert.Equal(GenerationError.QueueFull, Assert.Throws<GenerationException>(() => engine.GenerateAsync(Request([3], 1))).Error);
        held.LetGo();
        await HeldEngine.Within("the first request never ended", first);
        Assert.All(await HeldEngine.Within("those that waited were never served", Task.WhenAll(waiting)), tokens => Assert.Equal(2, tokens.Length));
        Assert.Single(await All(engine, Request([3], 1)));
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("never read")]
    [InlineData("counted")]
    public async Task RequestsThatEndWhileTheyWaitFreeTheirPlaces(string how)
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions { MaxActive = 1, QueueCapacity = 2 });
        using HeldEngine held = new(engine);
        Task<GeneratedToken[]> first = All(engine, Request([1], 1)).AsTask();
        await held.Holding;

        // The engine's thread waits inside the first request, which still holds the only place.
        using CancellationTokenSource cancel = new();
        IAsyncEnumerator<GeneratedToken>[] waiting = [.. Enumerable.Range(0, 2).Select(_ => engine.GenerateAsync(Request([2], 2), cancel.Token).GetAsyncEnumerator(CancellationToken.None))];
        Task<bool>[] reading = how == "cancelled" ? [.. waiting.Select(w => w.MoveNextAsync().AsTask())] : [];
        Assert.Equal(GenerationError.QueueFull, Assert.Throws<GenerationException>(() => engine.GenerateAsync(Request([3], 1))).Error);
        await cancel.CancelAsync();
        foreach (Task<bool> read in reading)
        {
            await HeldEngine.Within("a cancelled request that waits was never told", Assert.ThrowsAnyAsync<OperationCanceledException>(() => read));
        }

        if (how == "counted")
        {
            Assert.Equal(0, engine.QueuedRequests);
        }

        Task<GeneratedToken[]>[] admitted = [.. Enumerable.Range(0, 2).Select(_ => All(engine, Request([3], 1)).AsTask())];
        Assert.Equal(2, engine.QueuedRequests);
        Assert.False(first.IsCompleted);
        held.LetGo();
        await HeldEngine.Within("the first request never ended", first);
        Assert.All(await HeldEngine.Within("those that took the freed places were never served", Task.WhenAll(admitted)), tokens => Assert.Single(tokens));
    }

    [Fact]
    public async Task IdsThatNobodyTookAreZeroWhenTheReaderLeaves()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        TaskCompletionSource<ActiveRequest> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Released = entry => ended.TrySetResult(entry);
        IAsyncEnumerator<GeneratedToken> tokens = engine.GenerateAsync(Request([5], 30, 1_000_000)).GetAsyncEnumerator(CancellationToken.None);
        Assert.True(await tokens.MoveNextAsync());
        ActiveRequest entry = await HeldEngine.Within("the request never ended", ended.Task);
        Assert.Equal(0, entry.Undelivered[0]);
        Assert.True(entry.Undelivered.ContainsAnyExcept(0));
        await tokens.DisposeAsync();
        Assert.Equal(30, entry.Undelivered.Length);
        Assert.False(entry.Undelivered.ContainsAnyExcept(0));
    }

    [Fact]
    public async Task CancellationFreesTheSequence()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        TaskCompletionSource released = new();
        engine.Released = _ => released.TrySetResult();
        using CancellationTokenSource cancel = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken token in engine.GenerateAsync(Request([1], 200), cancel.Token))
            {
                if (token.Index == 3)
                {
                    await cancel.CancelAsync();
                }
            }
        });
        await released.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Single(await All(engine, Request([1], 1)));
    }

    [Fact]
    public async Task LeavingTheEnumerationFreesTheSequence()
    {
        using LoadedModel model = SmallModel.Create();
        await using InferenceEngine engine = new(model, new EngineOptions());
        TaskCompletionSource released = new();
        engine.Released = _ => released.TrySetResult();
        await foreach (GeneratedToken token in engine.GenerateAsync(Request([1], 200)))
        {
            if (token.Index == 3)
            {
                break;
            }
        }

        await released.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeysValuesAndLogitsAreZeroWhenARequestEnds(bool cancelled)
    {
        using WatchedBackend backend = new(SmallModel.Create());
        using LoadedModel model = backend.Model;
        await using InferenceEngine engine = new(model, new EngineOptions());
        TaskCompletionSource<(bool BeforeWasZero, bool AfterIsZero, bool LogitsZero)> seen = new();
        engine.Released = _ => seen.TrySetResult((backend.WasZeroBefore, backend.IsZeroAfter, engine.Logits.IndexOfAnyExcept(0f) < 0));
        await foreach (GeneratedToken token in engine.GenerateAsync(Request([1, 2, 3], 6)))
        {
            if (cancelled && token.Index == 2)
            {
                break;
            }
        }

        (bool before, bool after, bool logits) = await seen.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(before);
        Assert.True(after);
        Assert.True(logits);
    }

    [Fact]
    public async Task LogitsThatAreNoNumbersAreAnErrorOfThatRequestOnly()
    {
        using WatchedBackend backend = new(SmallModel.Create());
        using LoadedModel model = backend.Model;
        await using InferenceEngine engine = new(model, new EngineOptions());
        backend.Poison = true;
        GenerationException error = await Assert.ThrowsAsync<GenerationException>(async () => await All(engine, Request([1], 3)));
        Assert.Equal(GenerationError.NonFiniteLogits, error.Error);
        backend.Poison = false;
        Assert.Equal(3, (await All(engine, Request([1], 3))).Length);
    }

    [Fact]
    public async Task AFailingPassEndsThatRequestOnly()
    {
        using WatchedBackend backend = new(SmallModel.Create());
        using LoadedModel model = backend.Model;
        await using InferenceEngine engine = new(model, new EngineOptions());
        backend.Fail = true;
        GenerationException error = await Assert.ThrowsAsync<GenerationException>(async () => await All(engine, Request([1], 3)));
        Assert.Equal(GenerationError.Failed, error.Error);
        Assert.DoesNotContain(WatchedBackend.Secret, error.ToString(), StringComparison.Ordinal);
        backend.Fail = false;
        Assert.Equal(3, (await All(engine, Request([1], 3))).Length);
    }

    [Fact]
    public async Task StoppingEndsWhatRunsAndRefusesTheRest()
    {
        using LoadedModel model = SmallModel.Create();
        InferenceEngine engine = new(model, new EngineOptions { MaxActive = 1 });
        Task<GeneratedToken[]>[] running = [.. Enumerable.Range(0, 3).Select(_ => All(engine, Request([1], 255)).AsTask())];
        await engine.DisposeAsync();
        await engine.DisposeAsync();
        foreach (Task<GeneratedToken[]> task in running)
        {
            try
            {
                Assert.Equal(255, (await task).Length);
            }
            catch (GenerationException e)
            {
                Assert.Equal(GenerationError.Stopped, e.Error);
            }
        }

        Assert.Equal(GenerationError.Stopped, Assert.Throws<GenerationException>(() => engine.GenerateAsync(Request([1], 1))).Error);
    }
}
