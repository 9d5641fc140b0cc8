using System.Diagnostics.CodeAnalysis;

namespace Verathos.Client.Receipts;

/// <summary>
/// Remembers the receipts that one client has seen, per keyset: counters only grow, neighbours are linked by hash,
/// and two receipts under one counter are kept as evidence. Bounded: the oldest entries of a keyset are dropped first.
/// </summary>
public sealed class ReceiptLedger
{
    private const int MaximumPerKeyset = 4096;
    private const int MaximumKeysets = 64;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, History> _keysets = [];
    private readonly Queue<string> _order = new();
    private readonly List<Equivocation> _equivocations = [];

    /// <summary>Every equivocation seen, in order.</summary>
    public IReadOnlyList<Equivocation> Equivocations
    {
        get
        {
            lock (_lock)
                return [.. _equivocations];
        }
    }

    /// <summary>How many receipts are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _keysets.Values.Sum(history => history.Receipts.Count);
        }
    }

    /// <summary>The highest counter seen under a keyset, null when none was.</summary>
    /// <param name="keysetDigest">SHA-256 over the keyset, 32 bytes.</param>
    public ulong? Highest(ReadOnlySpan<byte> keysetDigest)
    {
        lock (_lock)
        {
            return _keysets.TryGetValue(Convert.ToHexString(keysetDigest), out History? history) ? history.Highest : null;
        }
    }

    /// <summary>Takes note of a receipt whose signature holds.</summary>
    /// <param name="keysetDigest">SHA-256 over the keyset, 32 bytes.</param>
    /// <param name="counter">The receipt's counter.</param>
    /// <param name="digest">The receipt's own hash (over its Sig_structure), 32 bytes.</param>
    /// <param name="previous">The hash of the receipt before it, or null for the first.</param>
    /// <param name="cose">The signed bytes, kept as evidence.</param>
    /// <param name="floor">The highest counter that had been seen when the request left: a later answer must be above it.</param>
    /// <param name="equivocation">Both receipts, when one counter has two.</param>
    /// <returns>What the receipt contradicts, if anything.</returns>
    internal LedgerResult Record(
        ReadOnlySpan<byte> keysetDigest,
        ulong counter,
        byte[] digest,
        byte[]? previous,
        byte[] cose,
        ulong? floor,
        [MaybeNull] out Equivocation equivocation)
    {
        equivocation = null;
        string key = Convert.ToHexString(keysetDigest);
        lock (_lock)
        {
            History history = Of(key);
            SortedDictionary<ulong, Entry> seen = history.Receipts;
            if (seen.TryGetValue(counter, out Entry? same) && !same.Digest.AsSpan().SequenceEqual(digest))
            {
                equivocation = new Equivocation(keysetDigest.ToArray(), counter, same.Cose, cose);
                _equivocations.Add(equivocation);
                return LedgerResult.Equivocation;
            }

            if (floor is ulong f && counter <= f)
                return LedgerResult.NotMonotone;

            if (counter > 0 && seen.TryGetValue(counter - 1, out Entry? before) && !Matches(previous, before.Digest))
                return LedgerResult.BrokenLink;

            if (seen.TryGetValue(counter + 1, out Entry? after) && !Matches(after.Previous, digest))
                return LedgerResult.BrokenLink;

            seen[counter] = new Entry(digest, previous, cose);
            history.Highest = Math.Max(history.Highest ?? 0, counter);
            if (seen.Count > MaximumPerKeyset)
                seen.Remove(seen.Keys.First());

            return LedgerResult.Consistent;
        }
    }

    private History Of(string key)
    {
        if (_keysets.TryGetValue(key, out History? history))
            return history;

        if (_order.Count >= MaximumKeysets)
            _keysets.Remove(_order.Dequeue());

        _order.Enqueue(key);
        return _keysets[key] = new History();
    }

    private static bool Matches(byte[]? link, byte[] digest) => link is not null && link.AsSpan().SequenceEqual(digest);

    private sealed class History
    {
        public SortedDictionary<ulong, Entry> Receipts { get; } = [];

        public ulong? Highest { get; set; }
    }

    private sealed record Entry(byte[] Digest, byte[]? Previous, byte[] Cose);
}
