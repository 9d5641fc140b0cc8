using System.Net;
using Verathos.Host.Configuration;

namespace Verathos.Host.Limits;

/// <summary>
/// A token bucket for each client address (each /64 network for IPv6). Holds at most <see cref="MostClients"/> buckets:
/// full ones are forgotten first, and while none is full newcomers share one bucket.
/// </summary>
internal sealed class ClientRateLimiter
{
    /// <summary>The most client addresses that are told apart at once.</summary>
    public const int MostClients = 65_536;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Bucket> _buckets = [];
    private readonly ClientNetworks _networks;
    private readonly TimeProvider _time;
    private readonly double _perSecond;
    private readonly double _burst;
    private readonly int _mostClients;
    private Bucket _shared;
    private long _swept;

    /// <summary>Limits as the configuration says.</summary>
    public ClientRateLimiter(LimitsConfiguration limits, TimeProvider time)
        : this(limits, time, MostClients)
    {
    }

    internal ClientRateLimiter(LimitsConfiguration limits, TimeProvider time, int mostClients)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _mostClients = mostClients;
        _perSecond = limits.ClientPerMinute / 60.0;
        _burst = limits.ClientBurst;
        _networks = new ClientNetworks(limits);
        _shared = new Bucket(_burst, time.GetTimestamp());
        _swept = time.GetTimestamp();
    }

    /// <summary>The number of buckets held now.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Takes one request from a client's bucket.</summary>
    /// <param name="client">The connection's remote address; null (a Unix socket) is not limited.</param>
    /// <param name="retryAfter">How long the client should wait, when refused.</param>
    /// <returns>False when the bucket is empty.</returns>
    public bool TryTake(IPAddress? client, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_networks.Find(client) is not { } key)
        {
            return true;
        }

        long now = _time.GetTimestamp();
        lock (_lock)
        {
            bool known = _buckets.TryGetValue(key, out Bucket bucket);
            bool own = known || TryMakeRoom(now);
            bucket = known ? Refill(bucket, now) : own ? new Bucket(_burst, now) : Refill(_shared, now);
            bool taken = bucket.Tokens >= 1;
            bucket = taken ? bucket with { Tokens = bucket.Tokens - 1 } : bucket;
            if (own)
            {
                _buckets[key] = bucket;
            }
            else
            {
                _shared = bucket;
            }

            if (!taken)
            {
                retryAfter = TimeSpan.FromSeconds((1 - bucket.Tokens) / _perSecond);
            }

            return taken;
        }
    }

    private bool TryMakeRoom(long now)
    {
        if (_buckets.Count < _mostClients)
        {
            return true;
        }

        if (_time.GetElapsedTime(_swept, now) < SweepInterval)
        {
            return false;
        }

        _swept = now;
        foreach (IPAddress idle in _buckets.Where(pair => Refill(pair.Value, now).Tokens >= _burst).Select(pair => pair.Key).ToArray())
        {
            _buckets.Remove(idle);
        }

        return _buckets.Count < _mostClients;
    }

    private Bucket Refill(Bucket bucket, long now) =>
        new(Math.Min(_burst, bucket.Tokens + (_time.GetElapsedTime(bucket.Since, now).TotalSeconds * _perSecond)), now);

    private readonly record struct Bucket(double Tokens, long Since);
}
