using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Verathos.Fingerprint.Numerics;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// The arithmetic that fixes this profile's bits. A dot product of bfloat16 weights and inputs has sixteen binary32
/// accumulators: element k goes to accumulator k mod 16 by a fused multiply-add, k ascending; the sixteen are then added in one
/// fixed tree. Each instruction rounds as IEEE 754 says, so the width of the machine's vectors does not show in the result.
/// </summary>
/// <remarks>
/// A 32-byte load holds sixteen bfloat16; the even ones become binary32 by a shift, the odd ones by a mask. Inputs are stored
/// to match ("packed"): of each sixteen the eight even ones first, then the eight odd ones.
/// </remarks>
internal static unsafe class Lanes
{
    /// <summary>Elements that one step takes; rows are padded with zeros to a multiple of it.</summary>
    public const int Step = 16;

    /// <summary>Rounds a length up to whole steps.</summary>
    public static int Pad(int length) => (length + Step - 1) / Step * Step;

    /// <summary>Where element <paramref name="k"/> lies in a packed row.</summary>
    public static int PackedIndex(int k) => (k & ~15) | ((k & 1) << 3) | ((k & 15) >> 1);

    /// <summary>Stores sixteen elements packed.</summary>
    /// <param name="low">Elements 0 to 7.</param>
    /// <param name="high">Elements 8 to 15.</param>
    /// <param name="packed">The first of sixteen places.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePacked(Vector256<float> low, Vector256<float> high, float* packed)
    {
        if (Avx2.IsSupported)
        {
            Avx2.Permute4x64(Avx.Shuffle(low, high, 0b10_00_10_00).AsDouble(), 0b11_01_10_00).AsSingle().Store(packed);
            Avx2.Permute4x64(Avx.Shuffle(low, high, 0b11_01_11_01).AsDouble(), 0b11_01_10_00).AsSingle().Store(packed + 8);
            return;
        }

        for (int i = 0; i < 8; i++)
        {
            packed[PackedIndex(i)] = low.GetElement(i);
            packed[PackedIndex(i + 8)] = high.GetElement(i);
        }
    }

    /// <summary>The even elements of sixteen bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Even(Vector256<uint> pairs) => (pairs << 16).AsSingle();

    /// <summary>The odd elements of sixteen bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Odd(Vector256<uint> pairs) => (pairs & Vector256.Create(0xffff0000u)).AsSingle();

    /// <summary>Adds sixteen accumulators: even to odd neighbours, then halves, then quarters, then the last two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> even, Vector256<float> odd)
    {
        Vector256<float> eight = even + odd;
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two.GetElement(0) + two.GetElement(1);
    }

    /// <summary>The last two steps of <see cref="Sum"/> for four sums of four accumulators each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumFours(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        if (Sse3.IsSupported)
        {
            Vector128<float> ab = Sse.Shuffle(a, b, 0b01_00_01_00) + Sse.Shuffle(a, b, 0b11_10_11_10);
            Vector128<float> cd = Sse.Shuffle(c, d, 0b01_00_01_00) + Sse.Shuffle(c, d, 0b11_10_11_10);
            return Sse3.HorizontalAdd(ab, cd);
        }

        return Vector128.Create(Last(a), Last(b), Last(c), Last(d));

        static float Last(Vector128<float> four) => (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>One dot product of <paramref name="length"/> elements, a multiple of <see cref="Step"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(float* packed, ushort* weights, int length)
    {
        Vector256<float> even = Vector256<float>.Zero;
        Vector256<float> odd = Vector256<float>.Zero;
        for (int k = 0; k < length; k += Step)
        {
            Vector256<uint> pairs = Vector256.Load((uint*)(weights + k));
            even = Vector256.FusedMultiplyAdd(Even(pairs), Vector256.Load(packed + k), even);
            odd = Vector256.FusedMultiplyAdd(Odd(pairs), Vector256.Load(packed + k + 8), odd);
        }

        return Sum(even, odd);
    }

    /// <summary>Rounds to bfloat16 and back, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float value) => BitConverter.UInt32BitsToSingle((uint)Formats.Quantization.ToBFloat16(value) << 16);

    /// <summary>Rounds eight values to bfloat16 and back, ties to even. A NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Round(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> rounded = (bits + Vector256.Create(0x7fffu) + ((bits >> 16) & Vector256<uint>.One)) & Vector256.Create(0xffff0000u);
        return Vector256.ConditionalSelect(Vector256.IsNaN(value), value, rounded.AsSingle());
    }

    /// <summary>Rounds sixteen values to bfloat16 and back, ties to even. A NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) & Vector512.Create(0xffff0000u);
        return Vector512.ConditionalSelect(Vector512.IsNaN(value), value, rounded.AsSingle());
    }

    /// <summary>The exponential of eight values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x) => Lane16Math.Exp(x);
}
