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
    private readonly Dictionary<string, SortedDictionary<ulong, Entry>> _keysets = [];
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

    /// <summary>The highest counter seen under a keyset, null when none was.</summary>
    /// <param name="keysetDigest">SHA-256 over the keyset, 32 bytes.</param>
    public ulong? Highest(ReadOnlySpan<byte> keysetDigest)
    {
        lock (_lock)
        {
            return _keysets.TryGetValue(Convert.ToHexString(keysetDigest), out SortedDictionary<ulong, Entry>? seen) && seen.Count > 0
                ? seen.Keys.Last()
                : null;
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
            SortedDictionary<ulong, Entry> seen = Of(key);
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
            if (seen.Count > MaximumPerKeyset)
                seen.Remove(seen.Keys.First());

            return LedgerResult.Consistent;
        }
    }

    private SortedDictionary<ulong, Entry> Of(string key)
    {
        if (_keysets.TryGetValue(key, out SortedDictionary<ulong, Entry>? seen))
            return seen;

        if (_order.Count >= MaximumKeysets)
            _keysets.Remove(_order.Dequeue());

        _order.Enqueue(key);
        return _keysets[key] = [];
    }

    private static bool Matches(byte[]? link, byte[] digest) => link is not null && link.AsSpan().SequenceEqual(digest);

    private sealed record Entry(byte[] Digest, byte[]? Previous, byte[] Cose);
}
