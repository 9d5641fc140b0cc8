namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Spreads the parts of one job over a few threads. Parts are taken one at a time by whoever is free, the caller included, so a
/// helper that sleeps or was interrupted delays nobody; which thread computes a part never changes its result.
/// </summary>
internal sealed class WorkCrew : IDisposable
{
    private const int CountBits = 20;
    private const int MaximumParts = (1 << CountBits) - 1024;
    private const int SpinsBeforeSleep = 2000;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly int _helpers;

    // The job's number, its count of parts, and the next part, so that one addition takes a part of the job it belongs to.
    private long _state;
    private PartBody? _body;
    private int _finished;
    private int _sleeping;
    private volatile bool _stopping;
    private Exception? _failure;

    /// <summary>A crew of <paramref name="threads"/> threads, the caller's among them.</summary>
    public WorkCrew(int threads)
    {
        _helpers = threads - 1;
        for (int i = 1; i <= _helpers; i++)
        {
            int worker = i;
            new Thread(() => Help(worker)) { IsBackground = true, Name = $"verathos-crew-{worker}" }.Start();
        }
    }

    /// <summary>Computes one part.</summary>
    /// <param name="part">From 0.</param>
    /// <param name="worker">The thread's number, 0 for the caller.</param>
    public delegate void PartBody(int part, int worker);

    /// <summary>Threads, the caller's among them.</summary>
    public int Threads => _helpers + 1;

    /// <summary>Runs all parts and returns when all are done.</summary>
    public void Run(PartBody body, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, MaximumParts);
        if (_helpers == 0 || parts <= 1)
        {
            for (int part = 0; part < parts; part++)
            {
                body(part, 0);
            }

            return;
        }

        _body = body;
        _finished = 0;
        _failure = null;
        long number = (Volatile.Read(ref _state) >> (2 * CountBits)) + 1;
        Interlocked.Exchange(ref _state, (number << (2 * CountBits)) | ((long)parts << CountBits));
        int sleeping = Volatile.Read(ref _sleeping);
        if (sleeping > 0)
        {
            _wake.Release(sleeping);
        }

        TakeParts(0);
        SpinWait spin = default;
        while (Volatile.Read(ref _finished) < parts)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException("a part of the forward pass failed", _failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _wake.Release(Math.Max(1, _helpers));
    }

    private static bool HasParts(long state) => (state & ((1 << CountBits) - 1)) < ((state >> CountBits) & ((1 << CountBits) - 1));

    private void TakeParts(int worker)
    {
        while (HasParts(Volatile.Read(ref _state)))
        {
            long taken = Interlocked.Increment(ref _state) - 1;
            if (!HasParts(taken))
            {
                return;
            }

            try
            {
                _body!((int)(taken & ((1 << CountBits) - 1)), worker);
            }
#pragma warning disable CA1031 // Rethrown by Run on the caller's thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = e;
            }

            Interlocked.Increment(ref _finished);
        }
    }

    private void Help(int worker)
    {
        while (!_stopping)
        {
            TakeParts(worker);
            for (int i = 0; i < SpinsBeforeSleep && !HasParts(Volatile.Read(ref _state)); i++)
            {
                Thread.SpinWait(20);
            }

            if (HasParts(Volatile.Read(ref _state)))
            {
                continue;
            }

            Interlocked.Increment(ref _sleeping);
            if (!HasParts(Volatile.Read(ref _state)) && !_stopping)
            {
                _wake.Wait();
            }

            Interlocked.Decrement(ref _sleeping);
        }
    }
}
