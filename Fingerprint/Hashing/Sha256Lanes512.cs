using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Verathos.Fingerprint.Hashing;

/// <summary>SHA-256's compression (FIPS 180-4, section 6.2.2) in sixteen lanes, one message in each.</summary>
internal static class Sha256Lanes512
{
    private const int Words = 16;
    private const int Lanes = 16;

    /// <summary>Turns the bytes of each word about.</summary>
    private static Vector512<byte> ByteOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(Vector256.Create(Sha256Lanes256.ByteOrder, Sha256Lanes256.ByteOrder), Vector256.Create(Sha256Lanes256.ByteOrder, Sha256Lanes256.ByteOrder));
    }

    /// <summary>Takes in whole blocks of each message.</summary>
    /// <param name="messages">The first block of the first message and what follows.</param>
    /// <param name="stride">Bytes from one message to the next.</param>
    /// <param name="count">Messages, 1 to 16.</param>
    /// <param name="blocks">Blocks of 64 bytes.</param>
    /// <param name="state">Eight words of all lanes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(ReadOnlySpan<byte> messages, int stride, int count, int blocks, Span<Vector512<uint>> state)
    {
        if (blocks == 0)
        {
            return;
        }

        ref byte from = ref MemoryMarshal.GetReference(messages);
        ref uint constants = ref MemoryMarshal.GetReference(Sha256Lanes.Constants);
        Span<Vector512<uint>> room = stackalloc Vector512<uint>[Words];
        ref Vector512<uint> w = ref MemoryMarshal.GetReference(room);
        Vector512<uint> a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (int block = 0; block < blocks; block++)
        {
            Load(ref Unsafe.Add(ref from, 64 * block), stride, count, ref w);
            Vector512<uint> a0 = a, b0 = b, c0 = c, d0 = d, e0 = e, f0 = f, g0 = g, h0 = h;
            for (int round = 0; round < 64; round += Words)
            {
                if (round > 0)
                {
                    Extend(ref w);
                }

                ref uint k = ref Unsafe.Add(ref constants, round);
                Vector512<uint> t = First(e, f, g, h, w, k);
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
    public static void Write(ReadOnlySpan<Vector512<uint>> state, int count, Span<byte> digests)
    {
        Span<Vector512<uint>> room = stackalloc Vector512<uint>[Words];
        state.CopyTo(room);
        ref Vector512<uint> rows = ref MemoryMarshal.GetReference(room);
        for (int i = 0; i < Words; i += 4)
        {
            TransposeFours(ref Unsafe.Add(ref rows, i), Unsafe.Add(ref rows, i), Unsafe.Add(ref rows, i + 1), Unsafe.Add(ref rows, i + 2), Unsafe.Add(ref rows, i + 3));
        }

        TransposeParts(ref rows);
        for (int lane = 0; lane < count; lane++)
        {
            Avx512BW.Shuffle(room[lane].AsByte(), ByteOrder).GetLower().CopyTo(digests[(32 * lane)..]);
        }
    }

    /// <summary>A block of each message, so that each word's lanes lie together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(ref byte from, int stride, int count, ref Vector512<uint> w)
    {
        Vector512<byte> order = ByteOrder;
        for (int lane = 0; lane < Lanes; lane += 4)
        {
            // Lanes without a message repeat the last one.
            Vector512<uint> r0 = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref from, (nuint)stride * (nuint)Math.Min(lane, count - 1)), order).AsUInt32();
            Vector512<uint> r1 = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref from, (nuint)stride * (nuint)Math.Min(lane + 1, count - 1)), order).AsUInt32();
            Vector512<uint> r2 = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref from, (nuint)stride * (nuint)Math.Min(lane + 2, count - 1)), order).AsUInt32();
            Vector512<uint> r3 = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref from, (nuint)stride * (nuint)Math.Min(lane + 3, count - 1)), order).AsUInt32();
            TransposeFours(ref Unsafe.Add(ref w, lane), r0, r1, r2, r3);
        }

        TransposeParts(ref w);
    }

    /// <summary>Four rows' words, so that each 128 bits hold one column of the four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFours(ref Vector512<uint> to, Vector512<uint> r0, Vector512<uint> r1, Vector512<uint> r2, Vector512<uint> r3)
    {
        Vector512<ulong> low01 = Avx512F.UnpackLow(r0, r1).AsUInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
        Vector512<ulong> low23 = Avx512F.UnpackLow(r2, r3).AsUInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
        to = Avx512F.UnpackLow(low01, low23).AsUInt32();
        Unsafe.Add(ref to, 1) = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        Unsafe.Add(ref to, 2) = Avx512F.UnpackLow(high01, high23).AsUInt32();
        Unsafe.Add(ref to, 3) = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>The same of the 128-bit parts of four times four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeParts(ref Vector512<uint> rows)
    {
        for (int i = 0; i < 4; i++)
        {
            Vector512<uint> r0 = Unsafe.Add(ref rows, i), r1 = Unsafe.Add(ref rows, i + 4), r2 = Unsafe.Add(ref rows, i + 8), r3 = Unsafe.Add(ref rows, i + 12);
            Vector512<uint> even01 = Avx512F.Shuffle4x128(r0, r1, 0x88), odd01 = Avx512F.Shuffle4x128(r0, r1, 0xdd);
            Vector512<uint> even23 = Avx512F.Shuffle4x128(r2, r3, 0x88), odd23 = Avx512F.Shuffle4x128(r2, r3, 0xdd);
            Unsafe.Add(ref rows, i) = Avx512F.Shuffle4x128(even01, even23, 0x88);
            Unsafe.Add(ref rows, i + 4) = Avx512F.Shuffle4x128(odd01, odd23, 0x88);
            Unsafe.Add(ref rows, i + 8) = Avx512F.Shuffle4x128(even01, even23, 0xdd);
            Unsafe.Add(ref rows, i + 12) = Avx512F.Shuffle4x128(odd01, odd23, 0xdd);
        }
    }

    /// <summary>The message schedule's next sixteen words in the place of the sixteen before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Extend(ref Vector512<uint> w)
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
    private static Vector512<uint> First(Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, Vector512<uint> h, Vector512<uint> w, uint k) =>
        h + (w + Vector512.Create(k)) + Avx512F.TernaryLogic(e, f, g, Choose)
        + Avx512F.TernaryLogic(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25), Xor);

    /// <summary>T2 of a round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Second(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        Avx512F.TernaryLogic(a, b, c, Majority) + Avx512F.TernaryLogic(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22), Xor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Small0(Vector512<uint> x) => Avx512F.TernaryLogic(Avx512F.RotateRight(x, 7), Avx512F.RotateRight(x, 18), x >>> 3, Xor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Small1(Vector512<uint> x) => Avx512F.TernaryLogic(Avx512F.RotateRight(x, 17), Avx512F.RotateRight(x, 19), x >>> 10, Xor);

    // Truth tables of three inputs: x ^ y ^ z, x ? y : z, and what two of them are.
    private const byte Xor = 0x96;
    private const byte Choose = 0xca;
    private const byte Majority = 0xe8;
}
