using System.Runtime.InteropServices;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// The encapsulated headers that one keyset has met, by SHA-256, kept until its HPKE keys are destroyed. A full record
/// refuses; it never forgets an entry, since a forgotten one could be played again. No clock takes part: the host owns it.
/// </summary>
public sealed class ReplayRecord
{
    private readonly HashSet<Digest> _seen = [];
    private readonly Lock _lock = new();
    private readonly int _capacity;

    /// <summary>A record that takes <paramref name="capacity"/> headers.</summary>
    public ReplayRecord(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _capacity = capacity;
    }

    /// <summary>How many headers it holds.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>Whether it refuses every new header.</summary>
    public bool IsFull => Count >= _capacity;

    /// <summary>Whether three quarters are used, so that it is time for a successor.</summary>
    public bool IsNearlyFull => 4L * Count >= 3L * _capacity;

    /// <summary>Looks for a header and records it, in one step.</summary>
    /// <param name="headerDigest">SHA-256 of the encapsulated header, 32 bytes.</param>
    public ReplayOutcome Record(ReadOnlySpan<byte> headerDigest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(headerDigest.Length, 32);
        Digest digest = MemoryMarshal.Read<Digest>(headerDigest);
        lock (_lock)
        {
            if (_seen.Contains(digest))
            {
                return ReplayOutcome.Seen;
            }

            if (_seen.Count >= _capacity)
            {
                return ReplayOutcome.Full;
            }

            _seen.Add(digest);
            return ReplayOutcome.Recorded;
        }
    }

    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
    {
        // Seeded per process, so that nobody can grind headers into one bucket.
        public override int GetHashCode() => HashCode.Combine(A, B, C, D);
    }
}
