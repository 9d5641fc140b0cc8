using System.Threading.RateLimiting;
using Verathos.Host.Configuration;

namespace Verathos.Host.Limits;

/// <summary>
/// Lets a bounded number of sealed requests run, a bounded number wait, and refuses the rest; refuses all once draining.
/// </summary>
internal sealed class Admission : IAsyncDisposable
{
    private readonly ConcurrencyLimiter _limiter;
    private readonly LimitsConfiguration _limits;
    private readonly TimeoutsConfiguration _timeouts;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _deadline = new();
    private double _averageSeconds = 1;
    private int _running;
    private int _waiting;
    private bool _draining;

    /// <summary>Bounds as the configuration says.</summary>
    public Admission(LimitsConfiguration limits, TimeoutsConfiguration timeouts, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(timeouts);
        ArgumentNullException.ThrowIfNull(time);
        (_limits, _timeouts, _time) = (limits, timeouts, time);
        _limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = limits.Concurrency,
            QueueLimit = limits.Queue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>Requests that run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait for a place now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>True once <see cref="Drain"/> was called.</summary>
    public bool Draining => Volatile.Read(ref _draining);

    /// <summary>Cancelled when running requests have had their time after <see cref="Drain"/>.</summary>
    public CancellationToken Deadline => _deadline.Token;

    /// <summary>How long a refused client should wait, from how long answers took lately.</summary>
    public TimeSpan RetryAfter => TimeSpan.FromSeconds(
        Math.Clamp(Math.Ceiling(Volatile.Read(ref _averageSeconds) * (Waiting + 1) / _limits.Concurrency), 1, 60));

    /// <summary>Waits for a place; a place is given back by disposing it.</summary>
    /// <returns>The place, or null and why not.</returns>
    /// <exception cref="OperationCanceledException">The client went away while it waited.</exception>
    public async Task<(AdmissionPlace? Place, Refusal Refusal)> EnterAsync(CancellationToken cancellationToken)
    {
        if (Draining)
        {
            return (null, Refusal.Draining);
        }

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(_timeouts.QueueSeconds), _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        Interlocked.Increment(ref _waiting);
        RateLimitLease lease;
        try
        {
            lease = await _limiter.AcquireAsync(1, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Refusal.WaitedTooLong);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        lock (_lock)
        {
            if (lease.IsAcquired && !_draining)
            {
                _running++;
                return (new AdmissionPlace(this, lease, _time.GetTimestamp()), Refusal.None);
            }
        }

        bool full = !lease.IsAcquired;
        lease.Dispose();
        return (null, full ? Refusal.QueueFull : Refusal.Draining);
    }

    /// <summary>Refuses new requests from now on; the task ends when none runs.</summary>
    public Task Drain()
    {
        lock (_lock)
        {
            _draining = true;
            if (_running == 0)
            {
                _empty.TrySetResult();
            }
        }

        return _empty.Task;
    }

    /// <summary>Cuts what still runs.</summary>
    public Task CutAsync() => _deadline.CancelAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _deadline.Dispose();
        return _limiter.DisposeAsync();
    }

    internal void Leave(RateLimitLease lease, long since)
    {
        lease.Dispose();
        double seconds = _time.GetElapsedTime(since).TotalSeconds;
        lock (_lock)
        {
            _averageSeconds += 0.1 * (seconds - _averageSeconds);
            _running--;
            if (_draining && _running == 0)
            {
                _empty.TrySetResult();
            }
        }
    }
}
