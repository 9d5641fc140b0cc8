using System.Runtime.InteropServices;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Serving;
using Verathos.Fingerprint.Openings;
using Verathos.Protocol.Openings;

namespace Verathos.Enclave.Openings;

/// <summary>
/// The answers that can be opened: a bounded number and memory, each for a bounded time after its receipt. Who does not hold an
/// answer's audit secret learns nothing, not even whether there is such an answer.
/// </summary>
internal sealed class KeptAnswers : IDisposable
{
    // Of answers that are gone it is remembered why, so that who holds the secret learns it.
    private const int GoneFactor = 8;
    private static readonly byte[] NoCommitment = new byte[AuditSecret.Size];
    private readonly EnclaveOptions _options;
    private readonly TimeProvider _time;
    private readonly EnclaveMetrics _metrics;
    private readonly OpeningRate _rate;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = [];
    private readonly Dictionary<Digest, Gone> _gone = [];
    private readonly Queue<Digest> _goneOrder = new();
    private long _bytes;
    private int _active;

    /// <summary>An empty store.</summary>
    public KeptAnswers(EnclaveOptions options, TimeProvider time, EnclaveMetrics metrics)
    {
        (_options, _time, _metrics) = (options, time, metrics);
        _rate = new OpeningRate(options.OpeningsPerMinute, time);
        _timer = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Answers kept now, and about the memory that they take.</summary>
    public (int Count, long Bytes) Size
    {
        get
        {
            lock (_lock)
            {
                ExpireLocked();
                return (_entries.Count, _bytes);
            }
        }
    }

    /// <summary>The answers, for tests that look whether they are overwritten afterwards.</summary>
    internal IReadOnlyList<KeptAnswer> Answers
    {
        get
        {
            lock (_lock)
            {
                return [.. _order.Select(static entry => entry.Answer)];
            }
        }
    }

    /// <summary>Keeps an answer from here on, in the place of the oldest where there is no other.</summary>
    /// <param name="receiptDigest">32 bytes.</param>
    /// <param name="answer">The answer, which is taken over.</param>
    /// <param name="ended">Whether the keyset that signed its receipt has ended.</param>
    public void Add(ReadOnlySpan<byte> receiptDigest, KeptAnswer answer, CancellationToken ended)
    {
        lock (_lock)
        {
            if (ended.IsCancellationRequested)
            {
                // It ended in between, perhaps with the model: what was cleared then must not come back.
                answer.Release();
                return;
            }

            ExpireLocked();
            Entry entry = new(MemoryMarshal.Read<Digest>(receiptDigest), answer, _time.GetUtcNow(), _time.GetTimestamp());
            _entries[entry.Digest] = _order.AddLast(entry);
            _bytes += answer.Bytes;
            while (_order.Count > _options.MaxKeptAnswers || _bytes > _options.MaxKeptBytes)
            {
                Interlocked.Increment(ref _metrics.Evicted);
                Drop(_order.First!, ApiError.OpeningEvicted());
            }

            Arm();
        }
    }

    /// <summary>Finds an answer and counts what is asked for; the caller gives it back with <see cref="Return"/>.</summary>
    /// <param name="request">Receipt and secret.</param>
    /// <param name="answer">The answer, held.</param>
    /// <returns>Null, or the error.</returns>
    public ApiError? TryTake(OpeningRequest request, out KeptAnswer? answer)
    {
        answer = null;
        Digest digest = MemoryMarshal.Read<Digest>(request.ReceiptDigest);
        lock (_lock)
        {
            ExpireLocked();
            KeptAnswer? kept = _entries.TryGetValue(digest, out LinkedListNode<Entry>? node) ? node.Value.Answer : null;
            Gone? gone = kept is null && _gone.TryGetValue(digest, out Gone? why) ? why : null;

            // The comparison is made whether or not there is something to compare with; nobody's secret hashes to nothing.
            bool isHolder = AuditSecret.IsCommitted(request.AuditSecret, kept?.AuditCommitment ?? gone?.AuditCommitment ?? NoCommitment);
            if (!isHolder || (kept is null && gone is null))
            {
                return ApiError.OpeningNotFound();
            }

            return kept is null ? gone!.Why : Count(kept, request.Ask, out answer);
        }
    }

    /// <summary>Lets go of an answer that was taken.</summary>
    public void Return(KeptAnswer answer)
    {
        Interlocked.Decrement(ref _active);
        answer.Release();
    }

    /// <summary>Destroys everything: what answers were computed with is about to change.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            while (_order.First is { } first)
            {
                Drop(first, ApiError.OpeningEvicted());
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        Clear();
    }

    private ApiError? Count(KeptAnswer kept, OpeningAsk ask, out KeptAnswer? answer)
    {
        answer = null;
        if (AskedRange.FindProblem(kept, ask) is { } problem)
        {
            return problem;
        }

        if (ask.Weight > _options.OpeningsPerReceipt - kept.Used)
        {
            return ApiError.OpeningBudget(_options.OpeningsPerReceipt);
        }

        if (Volatile.Read(ref _active) >= _options.MaxOpenings)
        {
            return ApiError.OpeningBusy(1);
        }

        if (_rate.TryTake(ask.Weight) is { } seconds)
        {
            return ApiError.OpeningRate(seconds);
        }

        kept.Used += ask.Weight;
        kept.Hold();
        Interlocked.Increment(ref _active);
        answer = kept;
        return null;
    }

    private void Expire()
    {
        lock (_lock)
        {
            ExpireLocked();
            Arm();
        }
    }

    private void ExpireLocked()
    {
        // All are kept for the same time, so the oldest is the first to go.
        while (_order.First is { } first && Left(first.Value) <= TimeSpan.Zero)
        {
            Drop(first, ApiError.OpeningExpired());
        }
    }

    // Whichever clock is further on counts, as for keysets: the host can set one back and let the other stand still.
    private TimeSpan Left(Entry entry)
    {
        TimeSpan byWallClock = entry.At + _options.KeptFor - _time.GetUtcNow();
        TimeSpan byAge = _options.KeptFor - _time.GetElapsedTime(entry.Timestamp);
        return byWallClock < byAge ? byWallClock : byAge;
    }

    private void Arm()
    {
        if (_order.First is { } first)
        {
            TimeSpan left = Left(first.Value);
            _timer.Change(left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }

    private void Drop(LinkedListNode<Entry> node, ApiError why)
    {
        Entry entry = node.Value;
        _order.Remove(node);
        _entries.Remove(entry.Digest);
        _bytes -= entry.Answer.Bytes;
        _gone[entry.Digest] = new Gone(entry.Answer.AuditCommitment, why);
        _goneOrder.Enqueue(entry.Digest);
        if (_goneOrder.Count > (long)GoneFactor * _options.MaxKeptAnswers)
        {
            _gone.Remove(_goneOrder.Dequeue());
        }

        entry.Answer.Release();
    }

    private sealed record Entry(Digest Digest, KeptAnswer Answer, DateTimeOffset At, long Timestamp);

    private sealed record Gone(byte[] AuditCommitment, ApiError Why);

    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
    {
        public override int GetHashCode() => HashCode.Combine(A, B, C, D);
    }
}
