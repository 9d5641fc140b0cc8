using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Verathos.Training.Compression;

/// <summary>The elements of the greatest magnitude; of equal ones the first.</summary>
internal static class TopMagnitudes
{
    private const int Lanes = 16;

    // Groups are the same lane of so many vectors.
    private const int VectorsOfGroup = 16;

    // Sign aside, numbers are in the order of their bits.
    private const int Magnitude = int.MaxValue;
    private const int Infinite = 0x7f800000;

    /// <summary>Finds them.</summary>
    /// <param name="values">As many as a chunk has at most.</param>
    /// <param name="room">For twice as many.</param>
    /// <param name="places">Filled with the places of the greatest, ascending; its length says how many.</param>
    /// <returns>False where a value is not finite.</returns>
    public static bool TryFind(ReadOnlySpan<float> values, Span<int> room, Span<int> places)
    {
        ReadOnlySpan<int> words = MemoryMarshal.Cast<float, int>(values);
        Span<int> magnitudes = room[..values.Length], found = room[values.Length..];
        int least = Least(words, places.Length), count = 0, at = 0, greatest = 0;
        Vector512<int> bound = Vector512.Create(least), unsigned = Vector512.Create(Magnitude);
        for (; at + Lanes <= words.Length; at += Lanes)
        {
            ulong there = Vector512.GreaterThanOrEqual(Vector512.Create(words[at..]) & unsigned, bound).ExtractMostSignificantBits();
            for (; there != 0; there &= there - 1)
            {
                found[count++] = at + BitOperations.TrailingZeroCount(there);
            }
        }

        for (; at < words.Length; at++)
        {
            found[count++] = at;
        }

        for (int i = 0; i < count; i++)
        {
            magnitudes[i] = words[found[i]] & Magnitude;
            greatest = Math.Max(greatest, magnitudes[i]);
        }

        if (greatest >= Infinite)
        {
            return false;
        }

        // All that reach the bound; where those are too many they are at the bound itself, and the first are taken.
        int last = Bound(magnitudes[..count], places.Length, places.Length, greatest);
        int equal = places.Length - CountFrom(magnitudes[..count], last + 1), next = 0;
        for (int i = 0; i < count; i++)
        {
            if (magnitudes[i] > last || (magnitudes[i] == last && equal-- > 0))
            {
                places[next++] = found[i];
            }
        }

        return true;
    }

    // A magnitude that at least so many have, and not many more: as many groups have one of it or more.
    private static int Least(ReadOnlySpan<int> words, int count)
    {
        int blocks = words.Length / (Lanes * VectorsOfGroup);
        if (blocks * Lanes < count)
        {
            return 0;
        }

        Span<int> groups = stackalloc int[blocks * Lanes];
        Vector512<int> greatest = Vector512<int>.Zero, unsigned = Vector512.Create(Magnitude);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<int> of = words.Slice(block * Lanes * VectorsOfGroup, Lanes * VectorsOfGroup);
            Vector512<int> most = Vector512<int>.Zero;
            for (int i = 0; i < of.Length; i += Lanes)
            {
                most = Vector512.Max(most, Vector512.Create(of[i..]) & unsigned);
            }

            most.CopyTo(groups[(block * Lanes)..]);
            greatest = Vector512.Max(greatest, most);
        }

        int end = 0;
        for (int lane = 0; lane < Lanes; lane++)
        {
            end = Math.Max(end, greatest[lane]);
        }

        return Bound(groups, count, count + (count / 8), end);
    }

    // The greatest number that at least so many reach, or a smaller one that not more than enough reach.
    private static int Bound(ReadOnlySpan<int> magnitudes, int count, int enough, int greatest)
    {
        (long low, long high) = (0, greatest + 1L);
        while (high - low > 1)
        {
            int middle = (int)((low + high) / 2), reached = CountFrom(magnitudes, middle);
            if (reached < count)
            {
                high = middle;
                continue;
            }

            low = middle;
            if (reached <= enough)
            {
                break;
            }
        }

        return (int)low;
    }

    private static int CountFrom(ReadOnlySpan<int> magnitudes, int bound)
    {
        (int count, int at) = (0, 0);
        Vector512<int> least = Vector512.Create(bound);
        for (; at + Lanes <= magnitudes.Length; at += Lanes)
        {
            count += BitOperations.PopCount(Vector512.GreaterThanOrEqual(Vector512.Create(magnitudes[at..]), least).ExtractMostSignificantBits());
        }

        for (; at < magnitudes.Length; at++)
        {
            count += magnitudes[at] >= bound ? 1 : 0;
        }

        return count;
    }
}
