using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Enclave.Serving;
using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Keys;

/// <summary>
/// The keysets that live: the current one, and before an end its predecessor until its last stream has had time to finish.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    private readonly byte[] _bootId = RandomNumberGenerator.GetBytes(16);
    private readonly EnclaveOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<LiveKeyset> _live = [];
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

    /// <summary>When something has to be done next: a successor made, or a keyset destroyed.</summary>
    public DateTimeOffset? NextDeadline
    {
        get
        {
            lock (_lock)
            {
                return _live.Count switch
                {
                    0 => null,
                    1 => _live[0].Keyset.NotAfter - _options.SuccessorLead,
                    _ => _live[0].Keyset.NotAfter,
                };
            }
        }
    }

    /// <summary>Whether the current keyset is near enough to its end for a successor.</summary>
    public bool NeedsSuccessor => Current is not { } current || _time.GetUtcNow() >= current.Keyset.NotAfter - _options.SuccessorLead;

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

    /// <summary>Whether a keyset still takes requests: one that is about to end only finishes what runs.</summary>
    public bool TakesRequests(LiveKeyset keyset) => _time.GetUtcNow() < keyset.Keyset.NotAfter - _options.DrainWindow;

    /// <summary>Makes a keyset and makes it the current one.</summary>
    public LiveKeyset Add(ServedModel model)
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
        lock (_lock)
        {
            LiveKeyset keyset = LiveKeyset.Create(_bootId, _nextKeyId, now, model, _options);
            // Ids differ between keysets that live at the same time, so that a request says which one it means.
            _nextKeyId += 2;
            _live.Add(keyset);
            Made++;
            return keyset;
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
    }

    /// <inheritdoc/>
    public void Dispose() => DestroyAll();

    // Also on every access: a host that delays timers must not lengthen a key's life.
    private void Expire()
    {
        DateTimeOffset now = _time.GetUtcNow();
        for (int i = _live.Count - 1; i >= 0; i--)
        {
            if (now >= _live[i].Keyset.NotAfter)
            {
                LiveKeyset expired = _live[i];
                _live.RemoveAt(i);
                expired.Dispose();
            }
        }
    }
}
