using CsCheck;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class AdmissionTests
{
    private static GenerationRequest Request(int prompt, int count) => new()
    {
        PromptIds = [.. Enumerable.Range(1, prompt)],
        Sampling = SamplingParameters.Greedy,
        Seed = new byte[32],
        MaxTokens = count,
    };

    private static Task<int> Count(InferenceEngine engine, GenerationRequest request, CancellationToken token = default) =>
        engine.GenerateAsync(request, token).CountAsync(TestContext.Current.CancellationToken).AsTask();

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16-lane16")]
    public async Task ARequestThatCanNeverFitIsRefusedAtOnce(string profile)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.All.Single(p => p.Name == profile));
        await using InferenceEngine engine = new(model, new EngineOptions { Memory = new KvBudget(model.Backend.SequenceBytes(40)) });
        Assert.Equal(31, await Count(engine, Request(10, 31)));
        GenerationException error = Assert.Throws<GenerationException>(() => engine.GenerateAsync(Request(10, 200)));
        Assert.Equal(GenerationError.MemoryExceeded, error.Error);
        Assert.Equal(0, engine.Memory.Reserved);
    }

    [Fact]
    public async Task RequestsWaitUntilThereIsMemoryAndAllAreServed()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        long one = model.Backend.SequenceBytes(100);
        await using InferenceEngine engine = new(model, new EngineOptions { Memory = new KvBudget((2 * one) + (one / 2)) });
        int most = 0;
        long reserved = 0;
        engine.TurnBegins = () =>
        {
            most = Math.Max(most, engine.ActiveSequences);
            reserved = Math.Max(reserved, engine.Memory.Reserved);
        };
        int[] counts = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => Count(engine, Request(60, 41))));
        Assert.All(counts, count => Assert.Equal(41, count));
        Assert.Equal(2, most);
        Assert.Equal(2 * one, reserved);
        Assert.Equal(0, engine.Memory.Reserved);
    }

    [Fact]
    public async Task ALargeRequestThatWaitsIsNotOvertaken()
    {
        using RecordingBackend backend = new(SmallModel.Create(NumericProfile.Served));
        using LoadedModel model = backend.Model;
        await using InferenceEngine engine = new(model, new EngineOptions { Memory = new KvBudget(model.Backend.SequenceBytes(201)) });
        using ManualResetEventSlim all = new(false);
        engine.TurnBegins = () => all.Wait(TestContext.Current.CancellationToken);
        Task<int>[] running = [Count(engine, Request(4, 17)), Count(engine, Request(100, 101)), Count(engine, Request(5, 2)), Count(engine, Request(6, 2))];
        all.Set();
        int[] counts = await Task.WhenAll(running);
        Assert.Equal([17, 101, 2, 2], counts);
        Assert.Equal([20, 200, 6, 7], backend.Passes.Where(pass => pass.Capacity > 0).Select(pass => pass.Capacity).Distinct());
    }

    [Fact]
    public async Task ACancelledRequestGivesItsMemoryToTheNext()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions { Memory = new KvBudget(model.Backend.SequenceBytes(210)) });
        using ManualResetEventSlim go = new(false);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.TurnBegins = () =>
        {
            began.TrySetResult();
            go.Wait(TestContext.Current.CancellationToken);
        };
        using CancellationTokenSource cancel = new();
        Task<int> first = Count(engine, Request(100, 100), cancel.Token);
        await began.Task;
        Task<int> second = Count(engine, Request(100, 50));
        Assert.Equal(1, engine.QueuedRequests);
        await cancel.CancelAsync();
        go.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(50, await second);
        Assert.Equal(0, engine.Memory.Reserved);
    }

    [Fact]
    public async Task RoomIsTheLongestAnswerThatFits()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        List<InferenceEngine> engines = [.. new[] { 1, 30, 100, 1000 }.Select(p => new InferenceEngine(model, new EngineOptions { Memory = new KvBudget(model.Backend.SequenceBytes(p)) }))];
        foreach (InferenceEngine engine in engines)
        {
            Gen.Int[1, 256].Sample(prompt =>
            {
                int fits = Enumerable.Range(1, 256).LastOrDefault(n => prompt + n <= 256 && model.Backend.SequenceBytes(prompt + n - 1) <= engine.Memory.Bytes);
                return engine.RoomFor(prompt) == fits || (fits == 0 && engine.RoomFor(prompt) <= 0);
            });
            await engine.DisposeAsync();
        }
    }

    [Fact]
    public void TheMachinesShareIsLessThanItsMemory() =>
        Assert.InRange(KvBudget.OfMachine().Bytes, 1 << 20, MachineMemory.Read().Free);
}
