using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Hashing;

/// <summary>
/// SHA-256 (FIPS 180-4) of many messages of one length at once: sixteen in the lanes of 512-bit registers, eight in those of 256-bit
/// ones, and the platform's own one by one where neither is there or too few messages are left for them to pay.
/// </summary>
internal static class Sha256Lanes
{
    /// <summary>The most messages that are hashed together; neighbours beyond a multiple of it gain less.</summary>
    public const int Most = 16;

    private const int HashSize = SHA256.HashSizeInBytes;
    private const int BlockSize = 64;

    // A message's end, its 0x80 and its length take one block or two.
    private const int TailSize = 2 * BlockSize;

    // With these instructions the platform hashes a message some four times as fast as without.
    private static readonly bool s_hasExtension = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx >> 29 & 1) == 1;

    /// <summary>FIPS 180-4, section 5.3.3.</summary>
    public static ReadOnlySpan<uint> InitialState => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>FIPS 180-4, section 4.2.2.</summary>
    public static ReadOnlySpan<uint> Constants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Hashes messages that lie at equal distances.</summary>
    /// <param name="messages">All of them.</param>
    /// <param name="stride">Bytes from one message to the next, at least <paramref name="length"/>.</param>
    /// <param name="length">Bytes of each message.</param>
    /// <param name="count">How many.</param>
    /// <param name="digests">32 bytes for each, in the messages' order.</param>
    public static void Hash(ReadOnlySpan<byte> messages, int stride, int length, int count, Span<byte> digests)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, length);
        if (count < 0 || (count > 0 && ((long)stride * (count - 1)) + length > messages.Length) || (long)count * HashSize > digests.Length)
        {
            throw new ArgumentException($"{count} messages of {length} bytes are not in {messages.Length}, or their hashes not in {digests.Length}");
        }

        for (int at = 0; at < count;)
        {
            ReadOnlySpan<byte> rest = messages[(at * stride)..];
            int some = Math.Min(count - at, Avx512BW.IsSupported ? Most : Avx2.IsSupported ? Most / 2 : 1);
            Span<byte> own = digests.Slice(at * HashSize, some * HashSize);
            if (!Pays(some, length))
            {
                for (int i = 0; i < some; i++)
                {
                    SHA256.HashData(rest.Slice(i * stride, length), own.Slice(i * HashSize, HashSize));
                }
            }
            else if (Avx512BW.IsSupported)
            {
                Hash512(rest, stride, length, some, own);
            }
            else
            {
                Hash256(rest, stride, length, some, own);
            }

            at += some;
        }
    }

    /// <summary>Up to sixteen messages in the lanes of 512-bit registers.</summary>
    internal static void Hash512(ReadOnlySpan<byte> messages, int stride, int length, int count, Span<byte> digests)
    {
        Span<Vector512<uint>> state = stackalloc Vector512<uint>[8];
        for (int i = 0; i < state.Length; i++)
        {
            state[i] = Vector512.Create(InitialState[i]);
        }

        Span<byte> tails = stackalloc byte[TailSize * Most];
        int blocks = WriteTails(messages, stride, length, count, tails);
        Sha256Lanes512.Compress(messages, stride, count, length / BlockSize, state);
        Sha256Lanes512.Compress(tails, TailSize, count, blocks, state);
        Sha256Lanes512.Write(state, count, digests);
        tails.Clear();
    }

    /// <summary>Up to eight messages in the lanes of 256-bit registers.</summary>
    internal static void Hash256(ReadOnlySpan<byte> messages, int stride, int length, int count, Span<byte> digests)
    {
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[8];
        for (int i = 0; i < state.Length; i++)
        {
            state[i] = Vector256.Create(InitialState[i]);
        }

        Span<byte> tails = stackalloc byte[TailSize * Most / 2];
        int blocks = WriteTails(messages, stride, length, count, tails);
        Sha256Lanes256.Compress(messages, stride, count, length / BlockSize, state);
        Sha256Lanes256.Compress(tails, TailSize, count, blocks, state);
        Sha256Lanes256.Write(state, count, digests);
        tails.Clear();
    }

    /// <summary>What is left of each message after its whole blocks, padded.</summary>
    /// <returns>Blocks of each.</returns>
    private static int WriteTails(ReadOnlySpan<byte> messages, int stride, int length, int count, Span<byte> tails)
    {
        int rest = length % BlockSize;
        int blocks = rest + 1 + sizeof(long) <= BlockSize ? 1 : 2;
        tails.Clear();
        for (int i = 0; i < count; i++)
        {
            Span<byte> tail = tails.Slice(i * TailSize, blocks * BlockSize);
            messages.Slice((i * stride) + length - rest, rest).CopyTo(tail);
            tail[rest] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(tail[^sizeof(long)..], 8L * length);
        }

        return blocks;
    }

    /// <summary>Whether lanes are faster than one message after another, of which each costs as much as thirteen blocks more for its call.</summary>
    private static bool Pays(int count, int length)
    {
        int blocks = (length + 1 + sizeof(long) + BlockSize - 1) / BlockSize;
        int alone = count * (13 + (s_hasExtension ? blocks : 4 * blocks));
        return Avx2.IsSupported && 5 * alone >= (43 * blocks) + 30;
    }
}
