using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

/// <summary>
/// Holds an engine's thread inside the first request that ends, so that it keeps its place. Disposing lets it go on, so that
/// a failed assertion ends its test instead of waiting for the engine's thread for ever.
/// </summary>
internal sealed class HeldEngine : IDisposable
{
    private readonly ManualResetEventSlim _hold = new(false);
    private readonly TaskCompletionSource _holding = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Holds this engine. Declare it after the engine, so that it lets go first.</summary>
    public HeldEngine(InferenceEngine engine) => engine.Released = _ =>
    {
        _holding.TrySetResult();
        _hold.Wait(TestContext.Current.CancellationToken);
    };

    /// <summary>Completes once the engine's thread is held.</summary>
    public Task Holding => Within("the engine never ended its first request", _holding.Task);

    /// <summary>Lets the engine's thread go on, for good.</summary>
    public void LetGo() => _hold.Set();

    // The engine's thread may be about to wait, so the event itself is left to the collector.
    /// <inheritdoc/>
    public void Dispose() => LetGo();

    /// <summary>Waits for a task, and says what did not happen where it takes half a minute.</summary>
    public static async Task Within(string otherwise, Task task)
    {
        try
        {
            await task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail(otherwise);
        }
    }

    /// <summary>Waits for a task's result, and says what did not happen where it takes half a minute.</summary>
    public static async Task<T> Within<T>(string otherwise, Task<T> task)
    {
        await Within(otherwise, (Task)task);
        return await task;
    }
}
