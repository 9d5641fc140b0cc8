using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Numerics;

/// <summary>
/// The sum that fixes the bits of the profile bf16-lane16/2: sixteen binary32 accumulators, element k to accumulator k mod 16 by a
/// fused multiply-add, k ascending and filled up to a multiple of sixteen with zeros; then the sixteen are added in one fixed
/// tree. This is the definition; the kernels that serve have to give the same bits.
/// </summary>
public static class Lane16Dot
{
    /// <summary>Accumulators.</summary>
    public const int Lanes = 16;

    /// <summary>Adds sixteen accumulators: even to odd neighbours, then halves, then quarters, then the last two.</summary>
    public static float Sum(ReadOnlySpan<float> lanes)
    {
        Span<float> eight = stackalloc float[8];
        for (int i = 0; i < 8; i++)
        {
            eight[i] = lanes[2 * i] + lanes[(2 * i) + 1];
        }

        return Sum8(eight);
    }

    /// <summary>Adds eight: halves, then quarters, then the last two.</summary>
    public static float Sum8(ReadOnlySpan<float> eight) =>
        (eight[0] + eight[4] + (eight[2] + eight[6])) + (eight[1] + eight[5] + (eight[3] + eight[7]));

    /// <summary>The product of a row of bfloat16 and an input.</summary>
    /// <param name="weights">bfloat16 bits.</param>
    /// <param name="input">As long.</param>
    public static float Compute(ReadOnlySpan<ushort> weights, ReadOnlySpan<float> input)
    {
        Check(weights.Length, input.Length);
        ref ushort w = ref MemoryMarshal.GetReference(weights);
        ref float x = ref MemoryMarshal.GetReference(input);
        (Vector256<float> low, Vector256<float> high) = (Vector256<float>.Zero, Vector256<float>.Zero);
        nint k = 0;
        for (; k <= input.Length - Lanes; k += Lanes)
        {
            (Vector256<uint> a, Vector256<uint> b) = Vector256.Widen(Vector256.LoadUnsafe(ref w, (nuint)k));
            low = Vector256.FusedMultiplyAdd((a << 16).AsSingle(), Vector256.LoadUnsafe(ref x, (nuint)k), low);
            high = Vector256.FusedMultiplyAdd((b << 16).AsSingle(), Vector256.LoadUnsafe(ref x, (nuint)k + 8), high);
        }

        Span<float> lanes = stackalloc float[Lanes];
        low.CopyTo(lanes);
        high.CopyTo(lanes[8..]);
        if (k < input.Length)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                int at = (int)k + lane;
                lanes[lane] = at < input.Length
                    ? MathF.FusedMultiplyAdd(BFloat16.ToSingle(weights[at]), input[at], lanes[lane])
                    : MathF.FusedMultiplyAdd(0, 0, lanes[lane]);
            }
        }

        return Sum(lanes);
    }

    /// <summary>The product of a row of binary32, such as blocks of Q8_0 become exactly, and an input.</summary>
    /// <param name="weights">binary32.</param>
    /// <param name="input">As long.</param>
    public static float Compute(ReadOnlySpan<float> weights, ReadOnlySpan<float> input)
    {
        Check(weights.Length, input.Length);
        ref float w = ref MemoryMarshal.GetReference(weights);
        ref float x = ref MemoryMarshal.GetReference(input);
        (Vector256<float> low, Vector256<float> high) = (Vector256<float>.Zero, Vector256<float>.Zero);
        nint k = 0;
        for (; k <= input.Length - Lanes; k += Lanes)
        {
            low = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref w, (nuint)k), Vector256.LoadUnsafe(ref x, (nuint)k), low);
            high = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref w, (nuint)k + 8), Vector256.LoadUnsafe(ref x, (nuint)k + 8), high);
        }

        Span<float> lanes = stackalloc float[Lanes];
        low.CopyTo(lanes);
        high.CopyTo(lanes[8..]);
        if (k < input.Length)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                int at = (int)k + lane;
                lanes[lane] = at < input.Length ? MathF.FusedMultiplyAdd(weights[at], input[at], lanes[lane]) : MathF.FusedMultiplyAdd(0, 0, lanes[lane]);
            }
        }

        return Sum(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Check(int weights, int input)
    {
        if (weights != input)
        {
            throw new ArgumentException($"a row of {weights} elements meets an input of {input}");
        }
    }
}
