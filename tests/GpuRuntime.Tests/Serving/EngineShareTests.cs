using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class EngineShareTests
{
    private static GenerationRequest Request(int prompt, int count) => new()
    {
        PromptIds = [.. Enumerable.Range(1, prompt)],
        Sampling = SamplingParameters.Greedy,
        Seed = new byte[32],
        MaxTokens = count,
    };

    private static Task<int> Count(InferenceEngine engine, GenerationRequest request) =>
        engine.GenerateAsync(request, TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken).AsTask();

    private static async Task<int[]> Ids(InferenceEngine engine, GenerationRequest request) =>
        await engine.GenerateAsync(request, TestContext.Current.CancellationToken).Select(token => token.Id).ToArrayAsync(TestContext.Current.CancellationToken);

    [Fact]
    public async Task EnginesShareMemoryAndGiveAllOfItBack()
    {
        using LoadedModel one = SmallModel.Create(NumericProfile.Served);
        using LoadedModel two = SmallModel.Create(NumericProfile.Served, 2);
        EngineShare share = new(new KvBudget(one.Backend.SequenceBytes(120)), 32, 64);
        await using InferenceEngine first = new(one, new EngineOptions { Share = share });
        await using InferenceEngine second = new(two, new EngineOptions { Share = share });
        int[] counts = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Count(i % 2 == 0 ? first : second, Request(80, 30))));
        Assert.All(counts, count => Assert.Equal(30, count));
        Assert.Equal(0, share.Memory.Reserved);
    }

    [Fact]
    public async Task PlacesAndQueueAreOfBothEnginesTogether()
    {
        using LoadedModel one = SmallModel.Create(NumericProfile.Served);
        using LoadedModel two = SmallModel.Create(NumericProfile.Served, 2);
        EngineShare share = new(new KvBudget(1 << 30), 2, 1);
        await using InferenceEngine first = new(one, new EngineOptions { Share = share });
        await using InferenceEngine second = new(two, new EngineOptions { Share = share });
        using ManualResetEventSlim go = new(false);
        first.TurnBegins = second.TurnBegins = () => go.Wait(TestContext.Current.CancellationToken);
        Task<int>[] taken = [Count(first, Request(4, 3)), Count(second, Request(4, 3)), Count(second, Request(4, 3))];
        Assert.Equal(GenerationError.QueueFull, Assert.Throws<GenerationException>(() => first.GenerateAsync(Request(4, 3))).Error);
        Assert.Equal(GenerationError.QueueFull, Assert.Throws<GenerationException>(() => second.GenerateAsync(Request(4, 3))).Error);
        go.Set();
        int[] counts = await Task.WhenAll(taken);
        Assert.Equal([3, 3, 3], counts);
        Assert.Equal(3, await Count(first, Request(4, 3)));
    }

    [Fact]
    public async Task ALargeRequestForOneModelIsNotOvertakenByThoseForAnother()
    {
        using RecordingBackend backend = new(SmallModel.Create(NumericProfile.Served));
        using LoadedModel large = backend.Model;
        using RecordingBackend other = new(SmallModel.Create(NumericProfile.Served, 2));
        using LoadedModel small = other.Model;
        EngineShare share = new(new KvBudget(large.Backend.SequenceBytes(201)), 32, 64);
        await using InferenceEngine first = new(large, new EngineOptions { Share = share });
        await using InferenceEngine second = new(small, new EngineOptions { Share = share });
        using ManualResetEventSlim go = new(false);
        first.TurnBegins = second.TurnBegins = () => go.Wait(TestContext.Current.CancellationToken);
        Task<int> before = Count(second, Request(4, 30));
        Task<int> waits = Count(first, Request(100, 101));
        Task<int>[] behind = [.. Enumerable.Range(0, 4).Select(_ => Count(second, Request(5, 2)))];
        Assert.Equal(1, first.QueuedRequests);
        go.Set();
        await HeldEngine.Within("the large request was never served", waits);
        Assert.Equal(30, await before);
        Assert.All(await Task.WhenAll(behind), count => Assert.Equal(2, count));
        Assert.Equal([33, 6], other.Passes.Where(static pass => pass.Capacity > 0).Select(static pass => pass.Capacity).Distinct());
    }

    [Fact]
    public async Task AnEnginesOwnPartBoundsItAndHoldsNobodyElseUp()
    {
        using LoadedModel one = SmallModel.Create(NumericProfile.Served);
        using LoadedModel two = SmallModel.Create(NumericProfile.Served, 2);
        long sequence = one.Backend.SequenceBytes(100);
        EngineShare share = new(new KvBudget(10 * sequence), 32, 64);
        await using InferenceEngine bounded = new(one, new EngineOptions { Share = share, Memory = new KvBudget(sequence) });
        await using InferenceEngine free = new(two, new EngineOptions { Share = share });
        Assert.Equal(GenerationError.MemoryExceeded, Assert.Throws<GenerationException>(() => bounded.GenerateAsync(Request(60, 100))).Error);
        Assert.True(bounded.RoomFor(60) < 100 && free.RoomFor(60) > 100);
        using ManualResetEventSlim go = new(false);
        bounded.TurnBegins = () => go.Wait(TestContext.Current.CancellationToken);
        Task<int>[] limited = [Count(bounded, Request(60, 41)), Count(bounded, Request(60, 41)), Count(bounded, Request(60, 41))];
        Assert.Equal(41, await HeldEngine.Within("another engine waited for a part that is not its own", Count(free, Request(60, 41))));
        go.Set();
        Assert.All(await Task.WhenAll(limited), count => Assert.Equal(41, count));
        Assert.Equal(0, share.Memory.Reserved);
    }

    [Fact]
    public async Task IdsUnderLoadAreThoseOfEachModelAlone()
    {
        using LoadedModel one = SmallModel.Create(NumericProfile.Served);
        using LoadedModel two = SmallModel.Create(NumericProfile.Served, 2);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => Request(3 + (17 * i % 90), 5 + (7 * i % 40)))];
        int[][] expected = new int[24][];
        await using (InferenceEngine first = new(one, new EngineOptions { MaxActive = 1 }))
        await using (InferenceEngine second = new(two, new EngineOptions { MaxActive = 1 }))
        {
            for (int i = 0; i < 24; i++)
            {
                expected[i] = await Ids(i % 2 == 0 ? first : second, requests[i / 2]);
            }
        }

        Assert.NotEqual(expected[0], expected[1]);
        EngineShare share = new(new KvBudget(3 * one.Backend.SequenceBytes(140)), 5, 64);
        await using InferenceEngine shared = new(one, new EngineOptions { Share = share });
        await using InferenceEngine beside = new(two, new EngineOptions { Share = share });
        int[][] ids = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Ids(i % 2 == 0 ? shared : beside, requests[i / 2])));
        Assert.Equal(expected, ids);
    }

    [Fact]
    public async Task OfTwoBusyEnginesNeitherIsStarved()
    {
        LoadOptions all = new() { Profile = NumericProfile.Served, Threads = 2, ExactThreads = true };
        using LoadedModel light = RandomModel.Create(SmallModel.Config with { HiddenSize = 128, IntermediateSize = 384, Layers = 4, HeadSize = 32 }, 1, all);
        using LoadedModel heavy = RandomModel.Create(SmallModel.Config with { HiddenSize = 256, IntermediateSize = 768, Layers = 8, Heads = 8, KvHeads = 4, HeadSize = 32 }, 2, all);
        EngineShare share = new(new KvBudget(1 << 30), 32, 64);
        await using InferenceEngine quick = new(light, new EngineOptions { Share = share });
        await using InferenceEngine slow = new(heavy, new EngineOptions { Share = share });
        (int Turns, double Used, double Longest)[] each = [default, default];
        Lock gate = new();
        double apart = 0;
        int contended = 0;
        quick.TurnBegins = () => Sample(quick, 0, slow);
        slow.TurnBegins = () => Sample(slow, 1, quick);
        Task<int>[] quickly = [.. Enumerable.Range(0, 6).Select(_ => Count(quick, Request(10, 240)))];
        Task<int>[] slowly = [.. Enumerable.Range(0, 6).Select(_ => Count(slow, Request(10, 240)))];
        Assert.All(await Task.WhenAll(quickly), count => Assert.Equal(240, count));
        Assert.False(Task.WhenAll(slowly).IsCompleted, "the one with less work ended after the other");
        Assert.All(await Task.WhenAll(slowly), count => Assert.Equal(240, count));
        Assert.True(contended > 20, $"only {contended} turns began while both were busy");
        Assert.InRange(apart, 0, (2 * TurnGate.Quantum.TotalSeconds) + Math.Max(each[0].Longest, each[1].Longest));

        // Where a turn begins, the other has had its own before: their processor time differs by a quantum and a turn at most.
        void Sample(InferenceEngine engine, int self, InferenceEngine other)
        {
            lock (gate)
            {
                double used = engine.ProcessorSeconds;
                each[self] = (each[self].Turns + 1, used, Math.Max(each[self].Longest, each[self].Turns == 0 ? 0 : used - each[self].Used));
                if (each[0].Turns > 1 && each[1].Turns > 1 && other.ActiveSequences > 0)
                {
                    contended++;
                    apart = Math.Max(apart, Math.Abs(used - other.ProcessorSeconds));
                }
            }
        }
    }

    [Fact]
    public async Task AnEngineThatEndsTakesItsRequestsAlongAndLeavesTheOthers()
    {
        using LoadedModel one = SmallModel.Create(NumericProfile.Served);
        using LoadedModel two = SmallModel.Create(NumericProfile.Served, 2);
        EngineShare share = new(new KvBudget(1 << 30), 1, 8);
        InferenceEngine first = new(one, new EngineOptions { Share = share });
        await using InferenceEngine second = new(two, new EngineOptions { Share = share });
        using ManualResetEventSlim go = new(false);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        first.TurnBegins = () =>
        {
            began.TrySetResult();
            go.Wait(TestContext.Current.CancellationToken);
        };
        Task<int>[] lost = [Count(first, Request(4, 100)), Count(first, Request(4, 100))];
        await began.Task;
        Task<int> kept = Count(second, Request(4, 20));
        Task ended = first.DisposeAsync().AsTask();
        go.Set();
        await HeldEngine.Within("the engine never ended", ended);
        foreach (Task<int> request in lost)
        {
            Assert.Equal(GenerationError.Stopped, (await Assert.ThrowsAsync<GenerationException>(() => request)).Error);
        }

        Assert.Equal(20, await HeldEngine.Within("the other engine's request never began", kept));
        Assert.Equal(0, share.Memory.Reserved);
    }
}
