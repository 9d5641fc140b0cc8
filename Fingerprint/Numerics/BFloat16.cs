using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Numerics;

/// <summary>bfloat16 as bits: the upper half of a binary32.</summary>
public static class BFloat16
{
    /// <summary>Explicit bits of the significand.</summary>
    internal const int MantissaBits = 7;

    /// <summary>The value of some bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The values of some rows.</summary>
    public static void ToSingle(ReadOnlySpan<ushort> bits, Span<float> values)
    {
        int i = 0;
        for (; i + Vector256<ushort>.Count <= bits.Length; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Create(bits[i..]));
            (low << 16).AsSingle().CopyTo(values[i..]);
            (high << 16).AsSingle().CopyTo(values[(i + Vector256<float>.Count)..]);
        }

        for (; i < bits.Length; i++)
        {
            values[i] = ToSingle(bits[i]);
        }
    }

    /// <summary>The nearest bfloat16, ties to even; a NaN gives a quiet NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Rounds to bfloat16 and back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float value) => ToSingle(FromSingle(value));

    /// <summary>Whether bits stand for a number that is finite.</summary>
    public static bool IsFinite(ushort bits) => (bits & 0x7f80) != 0x7f80;

    /// <summary>Whether all bits stand for finite numbers.</summary>
    public static bool AreFinite(ReadOnlySpan<ushort> bits)
    {
        foreach (ushort value in bits)
        {
            if (!IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The distance from a value's magnitude to the next: 2^(exponent - 7), and 2^-133 below the normal numbers.</summary>
    public static double UnitInLastPlace(ushort bits)
    {
        int exponent = Math.Max(1, (bits >> MantissaBits) & 0xff);
        return BitConverter.Int64BitsToDouble((long)(exponent - 127 - MantissaBits + 1023) << 52);
    }
}
