using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class SchedulingTests
{
    private static GenerationRequest Request(int prompt, int count) => new()
    {
        PromptIds = [.. Enumerable.Range(1, prompt)],
        Sampling = SamplingParameters.Greedy,
        Seed = new byte[32],
        MaxTokens = count,
    };

    /// <summary>Serves a request, and others that come before its first turn has begun, and gives the passes.</summary>
    private static async Task<List<(int Capacity, int Count)>> PassesAsync(int chunk, params GenerationRequest[] requests)
    {
        using RecordingBackend backend = new(SmallModel.Create(NumericProfile.Served));
        using LoadedModel model = backend.Model;
        await using InferenceEngine engine = new(model, new EngineOptions { PrefillChunk = chunk });
        using ManualResetEventSlim all = new(false);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.TurnBegins = () =>
        {
            began.TrySetResult();
            all.Wait(TestContext.Current.CancellationToken);
        };
        List<Task<int>> running = [];
        foreach (GenerationRequest request in requests)
        {
            running.Add(engine.GenerateAsync(request).CountAsync(TestContext.Current.CancellationToken).AsTask());
            await began.Task;
        }

        all.Set();
        await Task.WhenAll(running);
        return backend.Passes;
    }

    [Fact]
    public async Task ALongPromptDelaysARunningAnswerByOneChunkAToken()
    {
        List<(int Capacity, int Count)> passes = await PassesAsync(16, Request(2, 30), Request(200, 1));
        int sinceToken = 0;
        bool running = false;
        foreach ((int capacity, int count) in passes)
        {
            if (capacity == 0)
            {
                (running, sinceToken) = (true, 0);
            }
            else if (running)
            {
                sinceToken += count;
                Assert.InRange(sinceToken, 1, 16);
            }
        }

        Assert.Equal(202, passes.Where(pass => pass.Capacity > 0).Sum(pass => pass.Count));
        Assert.True(passes.Count(pass => pass.Capacity == 0) >= 13);
    }

    [Fact]
    public async Task AShortPromptDoesNotWaitForTheEndOfALongOneBeforeIt()
    {
        List<(int Capacity, int Count)> passes = await PassesAsync(64, Request(250, 1), Request(20, 3));
        int shortDone = passes.FindIndex(pass => pass.Capacity == 22);
        int longDone = passes.FindLastIndex(pass => pass.Capacity == 250);
        Assert.True(shortDone >= 0 && shortDone < longDone);
    }

    [Fact]
    public async Task LongPromptsAreComputedInRotation()
    {
        List<(int Capacity, int Count)> passes = await PassesAsync(64, Request(250, 1), Request(249, 1), Request(248, 1));
        int[] order = [.. passes.Select(pass => pass.Capacity)];
        int first = Array.IndexOf(order, 248);
        Assert.True(first >= 2);
        Assert.Equal([248, 250, 249, 248], order[first..(first + 4)]);
    }

    [Fact]
    public async Task PromptsOfOneTurnShareItsTokens()
    {
        List<(int Capacity, int Count)> passes = await PassesAsync(200, Request(200, 2), Request(150, 2), Request(100, 2));
        int turn = 0;
        foreach ((int capacity, int count) in passes)
        {
            turn = capacity == 0 ? 0 : turn + count;
            Assert.InRange(turn, 0, 200);
        }

        Assert.Equal((201, 200), passes[0]);
        Assert.Equal([(151, 100), (101, 100)], passes.Skip(2).Take(2));
    }
}
