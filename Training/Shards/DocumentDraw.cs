using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Shards;

/// <summary>
/// Draws documents out of a corpus without putting any back: HMAC-SHA256(key, label || context || counter (4)) as numbers of 64 bits,
/// those above the last whole multiple of a bound thrown away, each choosing among what is left.
/// </summary>
internal static class DocumentDraw
{
    /// <summary>Draws.</summary>
    /// <param name="key">The beacon's value, or a secret.</param>
    /// <param name="message">Label and context.</param>
    /// <param name="total">Documents of the corpus, numbered from 0.</param>
    /// <param name="count">How many; not above the total.</param>
    /// <returns>In the order of the draw.</returns>
    public static int[] Draw(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, int total, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, total);
        byte[] input = new byte[message.Length + 4];
        message.CopyTo(input);
        byte[] block = [];
        (uint counter, int at) = (0, 0);

        // A shuffle of which only the places that moved are written down.
        Dictionary<int, int> moved = [];
        int[] drawn = new int[count];
        for (int i = 0; i < count; i++)
        {
            ulong bound = (ulong)(total - i);

            // What 2^64 is more than a multiple of the bound.
            ulong surplus = ((ulong.MaxValue % bound) + 1) % bound;
            ulong number;
            do
            {
                if (at == block.Length)
                {
                    BinaryPrimitives.WriteUInt32BigEndian(input.AsSpan(message.Length), counter++);
                    block = HMACSHA256.HashData(key, input);
                    at = 0;
                }

                number = BinaryPrimitives.ReadUInt64BigEndian(block.AsSpan(at));
                at += 8;
            }
            while (number > ulong.MaxValue - surplus);

            int chosen = i + (int)(number % bound);
            drawn[i] = moved.GetValueOrDefault(chosen, chosen);
            moved[chosen] = moved.GetValueOrDefault(i, i);
        }

        return drawn;
    }
}
