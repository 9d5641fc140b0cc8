using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Training.Shards;

namespace Verathos.Training.Judging;

/// <summary>Draws documents by a validator's secret until they have enough tokens.</summary>
internal static class HeldOutDraw
{
    /// <summary>Draws.</summary>
    /// <param name="objective">Whose documents.</param>
    /// <param name="secret">At least 16 bytes.</param>
    /// <param name="label">What for, so that two draws of a round differ.</param>
    /// <param name="round">The round.</param>
    /// <param name="pool">From which, ascending.</param>
    /// <param name="tokens">How many tokens; all of the pool if it has fewer.</param>
    public static List<int> Draw(ITrainingObjective objective, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ulong round, IReadOnlyList<int> pool, long tokens)
    {
        byte[] message = [.. label, .. new byte[8]];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(label.Length), round);
        byte[] key = HMACSHA256.HashData(secret, label);
        try
        {
            // Drawing more begins with the same documents, so the number that is asked for changes nothing but the work.
            for (int count = Math.Min(16, pool.Count); pool.Count > 0; count = (int)Math.Min(2L * count, pool.Count))
            {
                List<int> drawn = [];
                long have = 0;
                foreach (int place in DocumentDraw.Draw(key, message, pool.Count, count))
                {
                    drawn.Add(pool[place]);
                    have += objective.Tokens(pool[place]);
                    if (have >= tokens)
                    {
                        return drawn;
                    }
                }

                if (count == pool.Count)
                {
                    return drawn;
                }
            }

            return [];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
