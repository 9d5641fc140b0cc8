using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Verathos.Fingerprint.Hashing;

/// <summary>SHA-256's compression (FIPS 180-4, section 6.2.2) in eight lanes, one message in each.</summary>
internal static class Sha256Lanes256
{
    private const int Words = 16;
    private const int Lanes = 8;

    /// <summary>Turns the bytes of each word about.</summary>
    public static Vector128<byte> ByteOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    }

    /// <summary>Takes in whole blocks of each message.</summary>
    /// <param name="messages">The first block of the first message and what follows.</param>
    /// <param name="stride">Bytes from one message to the next.</param>
    /// <param name="count">Messages, 1 to 8.</param>
    /// <param name="blocks">Blocks of 64 bytes.</param>
    /// <param name="state">Eight words of all lanes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(ReadOnlySpan<byte> messages, int stride, int count, int blocks, Span<Vector256<uint>> state)
    {
        if (blocks == 0)
        {
            return;
        }

        ref byte from = ref MemoryMarshal.GetReference(messages);
        ref uint constants = ref MemoryMarshal.GetReference(Sha256Lanes.Constants);
        Span<Vector256<uint>> room = stackalloc Vector256<uint>[Words];
        ref Vector256<uint> w = ref MemoryMarshal.GetReference(room);
        Vector256<uint> a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (int block = 0; block < blocks; block++)
        {
            Load(ref Unsafe.Add(ref from, 64 * block), stride, count, ref w);
            Vector256<uint> a0 = a, b0 = b, c0 = c, d0 = d, e0 = e, f0 = f, g0 = g, h0 = h;
            for (int round = 0; round < 64; round += Words)
            {
                if (round > 0)
                {
                    Extend(ref w);
                }

                ref uint k = ref Unsafe.Add(ref constants, round);
                Vector256<uint> t = First(e, f, g, h, w, k);
                d += t;
                h = t + Second(a, b, c);
                t = First(d, e, f, g, Unsafe.Add(ref w, 1), Unsafe.Add(ref k, 1));
                c += t;
                g = t + Second(h, a, b);
                t = First(c, d, e, f, Unsafe.Add(ref w, 2), Unsafe.Add(ref k, 2));
                b += t;
                f = t + Second(g, h, a);
                t = First(b, c, d, e, Unsafe.Add(ref w, 3), Unsafe.Add(ref k, 3));
                a += t;
                e = t + Second(f, g, h);
                t = First(a, b, c, d, Unsafe.Add(ref w, 4), Unsafe.Add(ref k, 4));
                h += t;
                d = t + Second(e, f, g);
                t = First(h, a, b, c, Unsafe.Add(ref w, 5), Unsafe.Add(ref k, 5));
                g += t;
                c = t + Second(d, e, f);
                t = First(g, h, a, b, Unsafe.Add(ref w, 6), Unsafe.Add(ref k, 6));
                f += t;
                b = t + Second(c, d, e);
                t = First(f, g, h, a, Unsafe.Add(ref w, 7), Unsafe.Add(ref k, 7));
                e += t;
                a = t + Second(b, c, d);
                t = First(e, f, g, h, Unsafe.Add(ref w, 8), Unsafe.Add(ref k, 8));
                d += t;
                h = t + Second(a, b, c);
                t = First(d, e, f, g, Unsafe.Add(ref w, 9), Unsafe.Add(ref k, 9));
                c += t;
                g = t + Second(h, a, b);
                t = First(c, d, e, f, Unsafe.Add(ref w, 10), Unsafe.Add(ref k, 10));
                b += t;
                f = t + Second(g, h, a);
                t = First(b, c, d, e, Unsafe.Add(ref w, 11), Unsafe.Add(ref k, 11));
                a += t;
                e = t + Second(f, g, h);
                t = First(a, b, c, d, Unsafe.Add(ref w, 12), Unsafe.Add(ref k, 12));
                h += t;
                d = t + Second(e, f, g);
                t = First(h, a, b, c, Unsafe.Add(ref w, 13), Unsafe.Add(ref k, 13));
                g += t;
                c = t + Second(d, e, f);
                t = First(g, h, a, b, Unsafe.Add(ref w, 14), Unsafe.Add(ref k, 14));
                f += t;
                b = t + Second(c, d, e);
                t = First(f, g, h, a, Unsafe.Add(ref w, 15), Unsafe.Add(ref k, 15));
                e += t;
                a = t + Second(b, c, d);
            }

            (a, b, c, d) = (a + a0, b + b0, c + c0, d + d0);
            (e, f, g, h) = (e + e0, f + f0, g + g0, h + h0);
        }

        (state[0], state[1], state[2], state[3]) = (a, b, c, d);
        (state[4], state[5], state[6], state[7]) = (e, f, g, h);
        room.Clear();
    }

    /// <summary>Writes the messages' hashes, 32 bytes each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(ReadOnlySpan<Vector256<uint>> state, int count, Span<byte> digests)
    {
        Span<Vector256<uint>> room = stackalloc Vector256<uint>[Lanes];
        state.CopyTo(room);
        Transpose(ref MemoryMarshal.GetReference(room));
        for (int lane = 0; lane < count; lane++)
        {
            Turn(room[lane]).AsByte().CopyTo(digests[(32 * lane)..]);
        }
    }

    /// <summary>A block of each message, so that each word's lanes lie together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(ref byte from, int stride, int count, ref Vector256<uint> w)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            // Lanes without a message repeat the last one.
            nuint at = (nuint)stride * (nuint)Math.Min(lane, count - 1);
            Unsafe.Add(ref w, lane) = Turn(Vector256.LoadUnsafe(ref from, at).AsUInt32());
            Unsafe.Add(ref w, lane + Lanes) = Turn(Vector256.LoadUnsafe(ref from, at + 32).AsUInt32());
        }

        Transpose(ref w);
        Transpose(ref Unsafe.Add(ref w, Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Turn(Vector256<uint> words) => Avx2.Shuffle(words.AsByte(), Vector256.Create(ByteOrder, ByteOrder)).AsUInt32();

    /// <summary>Eight rows of eight words, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector256<uint> rows)
    {
        for (int i = 0; i < Lanes; i += 4)
        {
            Vector256<uint> r0 = Unsafe.Add(ref rows, i), r1 = Unsafe.Add(ref rows, i + 1), r2 = Unsafe.Add(ref rows, i + 2), r3 = Unsafe.Add(ref rows, i + 3);
            Vector256<ulong> low01 = Avx2.UnpackLow(r0, r1).AsUInt64(), high01 = Avx2.UnpackHigh(r0, r1).AsUInt64();
            Vector256<ulong> low23 = Avx2.UnpackLow(r2, r3).AsUInt64(), high23 = Avx2.UnpackHigh(r2, r3).AsUInt64();
            Unsafe.Add(ref rows, i) = Avx2.UnpackLow(low01, low23).AsUInt32();
            Unsafe.Add(ref rows, i + 1) = Avx2.UnpackHigh(low01, low23).AsUInt32();
            Unsafe.Add(ref rows, i + 2) = Avx2.UnpackLow(high01, high23).AsUInt32();
            Unsafe.Add(ref rows, i + 3) = Avx2.UnpackHigh(high01, high23).AsUInt32();
        }

        for (int i = 0; i < 4; i++)
        {
            Vector256<uint> first = Unsafe.Add(ref rows, i), second = Unsafe.Add(ref rows, i + 4);
            Unsafe.Add(ref rows, i) = Avx2.Permute2x128(first, second, 0x20);
            Unsafe.Add(ref rows, i + 4) = Avx2.Permute2x128(first, second, 0x31);
        }
    }

    /// <summary>The message schedule's next sixteen words in the place of the sixteen before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Extend(ref Vector256<uint> w)
    {
        w += Small0(Unsafe.Add(ref w, 1)) + Unsafe.Add(ref w, 9) + Small1(Unsafe.Add(ref w, 14));
        Unsafe.Add(ref w, 1) += Small0(Unsafe.Add(ref w, 2)) + Unsafe.Add(ref w, 10) + Small1(Unsafe.Add(ref w, 15));
        Unsafe.Add(ref w, 2) += Small0(Unsafe.Add(ref w, 3)) + Unsafe.Add(ref w, 11) + Small1(w);
        Unsafe.Add(ref w, 3) += Small0(Unsafe.Add(ref w, 4)) + Unsafe.Add(ref w, 12) + Small1(Unsafe.Add(ref w, 1));
        Unsafe.Add(ref w, 4) += Small0(Unsafe.Add(ref w, 5)) + Unsafe.Add(ref w, 13) + Small1(Unsafe.Add(ref w, 2));
        Unsafe.Add(ref w, 5) += Small0(Unsafe.Add(ref w, 6)) + Unsafe.Add(ref w, 14) + Small1(Unsafe.Add(ref w, 3));
        Unsafe.Add(ref w, 6) += Small0(Unsafe.Add(ref w, 7)) + Unsafe.Add(ref w, 15) + Small1(Unsafe.Add(ref w, 4));
        Unsafe.Add(ref w, 7) += Small0(Unsafe.Add(ref w, 8)) + w + Small1(Unsafe.Add(ref w, 5));
        Unsafe.Add(ref w, 8) += Small0(Unsafe.Add(ref w, 9)) + Unsafe.Add(ref w, 1) + Small1(Unsafe.Add(ref w, 6));
        Unsafe.Add(ref w, 9) += Small0(Unsafe.Add(ref w, 10)) + Unsafe.Add(ref w, 2) + Small1(Unsafe.Add(ref w, 7));
        Unsafe.Add(ref w, 10) += Small0(Unsafe.Add(ref w, 11)) + Unsafe.Add(ref w, 3) + Small1(Unsafe.Add(ref w, 8));
        Unsafe.Add(ref w, 11) += Small0(Unsafe.Add(ref w, 12)) + Unsafe.Add(ref w, 4) + Small1(Unsafe.Add(ref w, 9));
        Unsafe.Add(ref w, 12) += Small0(Unsafe.Add(ref w, 13)) + Unsafe.Add(ref w, 5) + Small1(Unsafe.Add(ref w, 10));
        Unsafe.Add(ref w, 13) += Small0(Unsafe.Add(ref w, 14)) + Unsafe.Add(ref w, 6) + Small1(Unsafe.Add(ref w, 11));
        Unsafe.Add(ref w, 14) += Small0(Unsafe.Add(ref w, 15)) + Unsafe.Add(ref w, 7) + Small1(Unsafe.Add(ref w, 12));
        Unsafe.Add(ref w, 15) += Small0(w) + Unsafe.Add(ref w, 8) + Small1(Unsafe.Add(ref w, 13));
    }

    /// <summary>T1 of a round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> First(Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, Vector256<uint> h, Vector256<uint> w, uint k) =>
        h + (w + Vector256.Create(k)) + (g ^ (e & (f ^ g))) + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25));

    /// <summary>T2 of a round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Second(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        ((a & b) | (c & (a | b))) + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Small0(Vector256<uint> x) => Rotate(x, 7) ^ Rotate(x, 18) ^ (x >>> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Small1(Vector256<uint> x) => Rotate(x, 17) ^ Rotate(x, 19) ^ (x >>> 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> x, [ConstantExpected] byte count) => (x >>> count) | (x << (32 - count));
}
