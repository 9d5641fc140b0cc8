using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>What the worker's service answers from, once the worker runs: the service listens before, so that its address is known.</summary>
internal sealed class WorkerOpenings
{
    private (RunFile Run, WorkerLoop Loop, WorkerKey Worker)? _current;

    /// <summary>The worker; null before it runs.</summary>
    public (RunFile Run, WorkerLoop Loop, WorkerKey Worker)? Current => Volatile.Read(ref _loop) is null ? null : _current;

    private object? _loop;

    /// <summary>Answers from here on.</summary>
    public void Set(RunFile run, WorkerLoop loop, WorkerKey worker)
    {
        _current = (run, loop, worker);
        Volatile.Write(ref _loop, loop);
    }
}
