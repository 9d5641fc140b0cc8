using System.Runtime.ExceptionServices;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Threads on each of which libtorch computes alone. Work is cut into pieces whose number does not depend on the crew's; a piece's bits
/// are those of one thread, whoever takes it.
/// </summary>
internal sealed class TrainingCrew : IDisposable
{
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _begin;
    private readonly CountdownEvent _done;
    private readonly Exception?[] _failures;
    private Action<int>? _work;
    private bool _stopping;

    /// <summary>Starts the threads.</summary>
    public TrainingCrew(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _begin = [.. Enumerable.Range(0, threads).Select(static _ => new SemaphoreSlim(0))];
        _done = new CountdownEvent(threads);
        _failures = new Exception?[threads];
        _threads = [.. Enumerable.Range(0, threads).Select(slot => new Thread(() => Live(slot)) { IsBackground = true, Name = $"training {slot}" })];
        foreach (Thread thread in _threads)
        {
            thread.Start();
        }

        _done.Wait();
    }

    /// <summary>Threads.</summary>
    public int Size => _threads.Length;

    /// <summary>Runs an action once on every thread, with the thread's number, and waits for all; the first failure is thrown.</summary>
    public void Run(Action<int> work)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        _done.Reset();
        Array.Clear(_failures);
        _work = work;
        foreach (SemaphoreSlim begin in _begin)
        {
            begin.Release();
        }

        _done.Wait();
        _work = null;
        if (_failures.FirstOrDefault(static failure => failure is not null) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Runs an action on the first thread.</summary>
    public void RunAlone(Action work) => Run(slot =>
    {
        if (slot == 0)
        {
            work();
        }
    });

    /// <summary>Runs pieces of work side by side; a thread takes the lowest that is left.</summary>
    /// <param name="pieces">Their number.</param>
    /// <param name="work">Takes the thread's number and the piece's.</param>
    public void ForEach(int pieces, Action<int, int> work)
    {
        int next = -1;
        Run(slot =>
        {
            for (int piece = Interlocked.Increment(ref next); piece < pieces; piece = Interlocked.Increment(ref next))
            {
                work(slot, piece);
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        for (int slot = 0; slot < _threads.Length; slot++)
        {
            _begin[slot].Release();
            _threads[slot].Join();
            _begin[slot].Dispose();
        }

        _done.Dispose();
    }

    private void Live(int slot)
    {
        Exception? failure = null;
        try
        {
            OwnThread.ComputeAlone();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            failure = exception;
        }

        _done.Signal();
        while (true)
        {
            _begin[slot].Wait();
            if (_stopping)
            {
                return;
            }

            try
            {
                if (failure is not null)
                {
                    ExceptionDispatchInfo.Throw(failure);
                }

                _work!(slot);
            }
            catch (Exception exception)
            {
                // Whoever called Run gets it.
                _failures[slot] = exception;
            }

            _done.Signal();
        }
    }
}
