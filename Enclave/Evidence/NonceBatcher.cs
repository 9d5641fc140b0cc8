using Verathos.Attestation.Binding;

namespace Verathos.Enclave.Evidence;

/// <summary>
/// Lets nonces share quotes. A lone nonce gets its quote at once; nonces that come while a quote is being made, or within
/// the window after one was begun, share the next. The window follows the quotes' cost, so that a slow platform spends at
/// most a quarter of its time on them.
/// </summary>
internal sealed class NonceBatcher
{
    private const int MaxBatch = 4096;
    private const int CostFactor = 4;
    private readonly Func<NonceBatch, CancellationToken, Task<Func<int, byte[]>>> _mint;
    private readonly TimeProvider _time;
    private readonly TimeSpan _maxWindow;
    private readonly int _maxPending;
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();
    private readonly List<Pending> _pending = [];
    private bool _running;
    private long _lastBegun;
    private TimeSpan _window;

    /// <summary>A batcher over a way to mint.</summary>
    /// <param name="mint">Makes one quote over a batch and gives the encoded evidence of each of its nonces.</param>
    /// <param name="time">The clock of the window.</param>
    /// <param name="maxWindow">The longest that a nonce waits for company.</param>
    /// <param name="maxPending">How many nonces may wait.</param>
    /// <param name="stopping">The enclave stops.</param>
    public NonceBatcher(
        Func<NonceBatch, CancellationToken, Task<Func<int, byte[]>>> mint,
        TimeProvider time,
        TimeSpan maxWindow,
        int maxPending,
        CancellationToken stopping)
    {
        _mint = mint;
        _time = time;
        _maxWindow = maxWindow;
        _maxPending = maxPending;
        _stopping = stopping;
    }

    /// <summary>The evidence for a nonce.</summary>
    /// <exception cref="EnclaveException">The nonce is not 32 bytes, too many wait, or the platform failed.</exception>
    public Task<byte[]> GetAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken)
    {
        if (nonce.Length != NonceBatch.NonceLength)
        {
            throw new EnclaveException(EnclaveFailure.InvalidArgument, $"A nonce has {NonceBatch.NonceLength} bytes, not {nonce.Length}.");
        }

        // The host's buffer is the host's: what is hashed and what is answered must be the same bytes.
        Pending pending = new(nonce.ToArray());
        bool start = false;
        lock (_lock)
        {
            if (_pending.Count >= _maxPending)
            {
                throw new EnclaveException(EnclaveFailure.Overloaded, "Too many nonces wait for a quote. Try again in a second.");
            }

            _pending.Add(pending);
            if (!_running)
            {
                _running = true;
                start = true;
            }
        }

        if (start)
        {
            _ = Task.Run(RunAsync, CancellationToken.None);
        }

        return pending.Result.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            TimeSpan wait = _lastBegun == 0 ? TimeSpan.Zero : _window - _time.GetElapsedTime(_lastBegun);
            if (wait > TimeSpan.Zero)
            {
                try
                {
                    await Task.Delay(wait, _time, _stopping).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // The batch below fails for the same reason and tells its nonces.
                }
            }

            List<Pending> batch;
            lock (_lock)
            {
                batch = _pending[..Math.Min(_pending.Count, MaxBatch)];
                _pending.RemoveRange(0, batch.Count);
            }

            _lastBegun = _time.GetTimestamp();
            await MintAsync(batch).ConfigureAwait(false);
            TimeSpan cost = CostFactor * _time.GetElapsedTime(_lastBegun);
            _window = cost < _maxWindow ? cost : _maxWindow;
            lock (_lock)
            {
                if (_pending.Count == 0)
                {
                    _running = false;
                    return;
                }
            }
        }
    }

    private async Task MintAsync(List<Pending> batch)
    {
        try
        {
            NonceBatch tree = NonceBatch.Build(batch.ConvertAll(pending => pending.Nonce));
            Func<int, byte[]> evidence = await _mint(tree, _stopping).ConfigureAwait(false);
            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].Result.TrySetResult(evidence(i));
            }
        }
        catch (Exception exception)
        {
            EnclaveException failure = exception as EnclaveException ?? (exception is OperationCanceledException
                ? new EnclaveException(EnclaveFailure.Unavailable, "The enclave stops.")
                : new EnclaveException($"The platform gave no evidence: {exception.Message}", exception));
            foreach (Pending pending in batch)
            {
                pending.Result.TrySetException(failure);
            }
        }
    }

    private sealed record Pending(ReadOnlyMemory<byte> Nonce)
    {
        public TaskCompletionSource<byte[]> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
