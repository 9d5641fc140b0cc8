using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Opens committed answers on an engine's thread, one at a time and in small pieces between the turns of requests. Memory for an
/// opening's keys and values comes out of the same budget as requests'.
/// </summary>
/// <param name="model">The engine's.</param>
/// <param name="share">Whose memory is used.</param>
/// <param name="engine">Whose part of the memory, where it has one.</param>
/// <param name="wake">Wakes the engine's thread.</param>
internal sealed class EngineOpenings(LoadedModel model, EngineShare share, InferenceEngine engine, Action wake) : IDisposable
{
    /// <summary>While requests run, an opening is computed after every so many of their turns.</summary>
    public const int TurnsBetween = 4;

    /// <summary>Positions of one piece while no request runs.</summary>
    public const int IdlePiece = 256;

    private static readonly TimeSpan MemoryPoll = TimeSpan.FromMilliseconds(20);
    private readonly SemaphoreSlim _one = new(1, 1);
    private Lazy<OpeningRows>? _rows;
    private volatile Work? _current;
    private volatile bool _stopped;
    private int _turns;
    private int _callers;

    /// <summary>Whether there is something to compute.</summary>
    public bool HasWork => _current is not null;

    /// <summary>Opens an answer.</summary>
    /// <param name="positions">Positions that are computed.</param>
    /// <param name="begin">Makes the run; on the engine's thread.</param>
    /// <param name="encode">Encodes its result; on the engine's thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="GenerationException">The engine is being stopped, or computing failed.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<IReadOnlyList<byte[]>> OpenAsync(
        int positions, Func<Lane16Backend, IOpenedRows, OpeningRun> begin, Func<OpeningRun, IReadOnlyList<byte[]>> encode, CancellationToken cancellationToken)
    {
        Lane16Backend backend = model.Backend as Lane16Backend ?? throw new NotSupportedException("only the served profile commits what it computes");
        Interlocked.Increment(ref _callers);
        try
        {
            ThrowIfStopped();
            await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await OpenAloneAsync(backend, positions, begin, encode, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _one.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _callers);
        }
    }

    /// <summary>Computes one piece where it is time for one; on the engine's thread.</summary>
    /// <param name="isIdle">Whether no request runs.</param>
    public void Advance(bool isIdle)
    {
        if (_current is not { } work || (!isIdle && ++_turns % TurnsBetween != 0))
        {
            return;
        }

        try
        {
            work.Cancellation.ThrowIfCancellationRequested();
            work.Run ??= work.Begin();
            if (work.Run.Advance(isIdle ? IdlePiece : TurnRunner.SmallestShare))
            {
                End(work, work.Encode(work.Run), null);
            }
        }
#pragma warning disable CA1031 // Whatever fails must end this opening only.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // The message of the cause could hold content and is left out.
            End(work, [], e is OperationCanceledException or ArgumentException ? e : new GenerationException($"the opening failed ({e.GetType().Name})"));
        }
    }

    /// <summary>Ends what is under way; nothing begins any more. On the engine's thread, or once that has ended.</summary>
    public void Stop()
    {
        _stopped = true;
        if (_current is { } work)
        {
            End(work, [], new GenerationException(GenerationError.Stopped, "the node is stopping"));
        }
    }

    /// <summary>Waits until nobody is in <see cref="OpenAsync"/>; after <see cref="Stop"/>.</summary>
    public async Task DrainAsync()
    {
        while (Volatile.Read(ref _callers) > 0)
        {
            await Task.Delay(MemoryPoll).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<byte[]>> OpenAloneAsync(
        Lane16Backend backend, int positions, Func<Lane16Backend, IOpenedRows, OpeningRun> begin, Func<OpeningRun, IReadOnlyList<byte[]>> encode, CancellationToken cancellationToken)
    {
        // Hashing all rows takes a while, once; not on the engine's thread, which serves meanwhile.
        OpeningRows rows = await Task.Run(() => RowsOf(backend), cancellationToken).ConfigureAwait(false);
        long bytes = backend.SequenceBytes(positions);
        while (!share.TryBorrow(engine, bytes))
        {
            ThrowIfStopped();
            await Task.Delay(MemoryPoll, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            Work work = new(() => begin(backend, rows), encode, cancellationToken);
            _current = work;
            wake();
            if (_stopped)
            {
                // The thread may have ended before it could see the work.
                Stop();
            }

            return await work.Done.Task.ConfigureAwait(false);
        }
        finally
        {
            share.GiveBack(engine, bytes);
        }
    }

    private OpeningRows RowsOf(Lane16Backend backend)
    {
        ThrowIfStopped();
        return (_rows ??= new Lazy<OpeningRows>(() => new OpeningRows(backend, model.Config))).Value;
    }

    private void End(Work work, IReadOnlyList<byte[]> result, Exception? failure)
    {
        if (Interlocked.Exchange(ref _current, null) != work)
        {
            return;
        }

        work.Run?.Dispose();
        if (failure is null)
        {
            work.Done.TrySetResult(result);
        }
        else
        {
            work.Done.TrySetException(failure);
        }
    }

    private void ThrowIfStopped()
    {
        if (_stopped)
        {
            throw new GenerationException(GenerationError.Stopped, "the node is stopping");
        }
    }

    private sealed class Work(Func<OpeningRun> begin, Func<OpeningRun, IReadOnlyList<byte[]>> encode, CancellationToken cancellationToken)
    {
        public Func<OpeningRun> Begin => begin;

        public Func<OpeningRun, IReadOnlyList<byte[]>> Encode => encode;

        public CancellationToken Cancellation => cancellationToken;

        public OpeningRun? Run { get; set; }

        public TaskCompletionSource<IReadOnlyList<byte[]>> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
