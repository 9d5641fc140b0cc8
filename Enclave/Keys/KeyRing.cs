using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Keys;

/// <summary>
/// The keysets that live: the current one, and predecessors until their last streams have had time to finish. Where replay
/// records fill up faster than keysets end, predecessors that serve nobody any more make room.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    /// <summary>The most keysets that live at once, however fast their replay records fill.</summary>
    public const int MaxLive = 3;

    private readonly byte[] _bootId = RandomNumberGenerator.GetBytes(16);
    private readonly EnclaveOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<LiveKeyset> _live = [];
    private TaskCompletionSource _changed = NewSignal();
    private byte _nextKeyId;

    /// <summary>An empty ring.</summary>
    public KeyRing(EnclaveOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <summary>Keysets made so far.</summary>
    public long Made { get; private set; }

    /// <summary>The keyset that evidence is made for, or null.</summary>
    public LiveKeyset? Current
    {
        get
        {
            lock (_lock)
            {
                Expire();
                return _live.Count == 0 ? null : _live[^1];
            }
        }
    }

    /// <summary>The private keys of every live keyset, for decapsulation.</summary>
    public IReadOnlyCollection<OhttpPrivateKey> PrivateKeys
    {
        get
        {
            lock (_lock)
            {
                Expire();
                return [.. _live.SelectMany(keyset => keyset.PrivateKeys)];
            }
        }
    }

    /// <summary>Completes when what is to be done next has changed: every keyset was destroyed, a replay record fills up, or a predecessor's last answer ended.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>How long nothing has to be done: no successor made, no keyset destroyed. Null where no keyset lives.</summary>
    public TimeSpan? NextWait
    {
        get
        {
            lock (_lock)
            {
                if (_live.Count == 0)
                {
                    return null;
                }

                TimeSpan wait = _live.Min(Remaining);
                if (_live.Count < MaxLive)
                {
                    wait = Least(wait, _live[^1].Replays.IsNearlyFull ? TimeSpan.Zero : Remaining(_live[^1]) - _options.SuccessorLead);
                }
                else if (_live[^1].Replays.IsNearlyFull)
                {
                    wait = _live.Where(ServesNobodySoon).Select(GraceLeft).Aggregate(wait, Least);
                }

                return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Whether the current keyset is near enough to its end, or to the end of its replay record, for a successor.</summary>
    public bool NeedsSuccessor
    {
        get
        {
            lock (_lock)
            {
                Expire();
                return _live.Count == 0 ||
                    (_live.Count < MaxLive && (_live[^1].Replays.IsNearlyFull || Remaining(_live[^1]) <= _options.SuccessorLead));
            }
        }
    }

    /// <summary>The live keyset that holds an OHTTP key.</summary>
    public bool TryFind(byte keyId, [NotNullWhen(true)] out LiveKeyset? keyset)
    {
        lock (_lock)
        {
            Expire();
            keyset = _live.Find(live => live.Holds(keyId));
            return keyset is not null;
        }
    }

    /// <summary>Whether a keyset still takes requests: one that has had a successor for a while only finishes what runs.</summary>
    public bool TakesRequests(LiveKeyset keyset)
    {
        lock (_lock)
        {
            return GraceLeft(keyset) > TimeSpan.Zero;
        }
    }

    /// <summary>Whether a keyset has a successor that clients can go to.</summary>
    public bool HasSuccessor(LiveKeyset keyset)
    {
        lock (_lock)
        {
            return keyset.SucceededAt is not null;
        }
    }

    /// <summary>Records a request's header for a keyset; asks for a successor where that fills the record up.</summary>
    public ReplayOutcome Record(LiveKeyset keyset, ReadOnlySpan<byte> headerDigest)
    {
        ReplayOutcome outcome = keyset.Replays.Record(headerDigest);
        if (outcome == ReplayOutcome.Recorded && keyset.Replays.IsNearlyFull && !HasSuccessor(keyset))
        {
            Signal();
        }

        return outcome;
    }

    /// <summary>Makes a keyset and makes it the current one.</summary>
    public LiveKeyset Add(ServedModels models)
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
        lock (_lock)
        {
            LiveKeyset keyset = LiveKeyset.Create(_bootId, _nextKeyId, now, _time.GetTimestamp(), models, _options);
            if (_live.Count > 0)
            {
                _live[^1].SucceededAt = keyset.MadeAt;
            }

            // Ids differ between keysets that live at the same time, so that a request says which one it means.
            _nextKeyId += 2;
            _live.Add(keyset);
            Made++;
            return keyset;
        }
    }

    /// <summary>An answer under a keyset has ended.</summary>
    public void End(LiveKeyset keyset)
    {
        if (keyset.End() && HasSuccessor(keyset))
        {
            Signal();
        }
    }

    /// <summary>Destroys keysets that have reached their end.</summary>
    public void DestroyExpired()
    {
        lock (_lock)
        {
            Expire();
        }
    }

    /// <summary>Destroys every keyset at once.</summary>
    public void DestroyAll()
    {
        List<LiveKeyset> destroyed;
        lock (_lock)
        {
            destroyed = [.. _live];
            _live.Clear();
        }

        destroyed.ForEach(keyset => keyset.Dispose());
        Signal();
    }

    /// <inheritdoc/>
    public void Dispose() => DestroyAll();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal() => Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static bool ServesNobodySoon(LiveKeyset keyset) => keyset is { SucceededAt: not null, Answers: 0 };

    /// <summary>How long a keyset still takes requests, as far as its successor is concerned.</summary>
    private TimeSpan GraceLeft(LiveKeyset keyset) => keyset.SucceededAt is { } at ? _options.RetireGrace - _time.GetElapsedTime(at) : TimeSpan.MaxValue;

    // Whichever clock is further on counts: the host can set the wall clock back, and the monotonic one stands still while a
    // machine sleeps. A successor that came early ends its predecessor early, after the same time for what runs.
    private TimeSpan Remaining(LiveKeyset keyset)
    {
        TimeSpan byWallClock = keyset.Keyset.NotAfter - _time.GetUtcNow();
        TimeSpan byAge = _options.KeysetLifetime - _time.GetElapsedTime(keyset.MadeAt);
        TimeSpan bySuccessor = keyset.SucceededAt is { } at ? _options.SuccessorLead - _time.GetElapsedTime(at) : TimeSpan.MaxValue;
        return Least(Least(byWallClock, byAge), bySuccessor);
    }

    // Also on every access: a host that delays timers must not lengthen a key's life.
    private void Expire()
    {
        for (int i = _live.Count - 1; i >= 0; i--)
        {
            if (Remaining(_live[i]) <= TimeSpan.Zero)
            {
                Destroy(i);
            }
        }

        // Whoever fills records must not keep the node from making keys. Nobody loses anything by this: new requests are
        // refused there, none runs, and a header that cannot be opened any more needs no record.
        if (_live.Count == MaxLive && _live[^1].Replays.IsNearlyFull &&
            _live.FindIndex(keyset => ServesNobodySoon(keyset) && GraceLeft(keyset) <= TimeSpan.Zero) is >= 0 and int idle)
        {
            Destroy(idle);
        }
    }

    private void Destroy(int index)
    {
        LiveKeyset destroyed = _live[index];
        _live.RemoveAt(index);
        destroyed.Dispose();
    }
}
