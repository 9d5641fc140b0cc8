using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Formats;

/// <summary>Turns stored elements into binary32. F32, F16, BF16 and Q8_0 are exact; the others are rounded once, as GGML rounds them.</summary>
public static class Quantization
{
    /// <summary>Elements in a Q8_0 block.</summary>
    internal const int BlockElements = 32;

    /// <summary>Bytes in a Q8_0 block: the scale and the elements.</summary>
    internal const int BlockBytes = 34;

    /// <summary>Converts a run of elements.</summary>
    /// <param name="type">How <paramref name="source"/> stores them.</param>
    /// <param name="source">The stored bytes.</param>
    /// <param name="destination">One float for each element of <paramref name="source"/>.</param>
    /// <exception cref="ArgumentException">The lengths do not agree.</exception>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != TensorLayout.Of(type).Bytes(destination.Length))
        {
            throw new ArgumentException($"{source.Length} bytes do not hold {destination.Length} elements of {type}", nameof(source));
        }

        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case TensorType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case TensorType.BF16:
                ReadOnlySpan<ushort> upper = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < upper.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                }

                break;
            default:
                QuantizedBlocks.ToSingle(type, source, destination);
                break;
        }
    }

    /// <summary>Converts binary32 to stored elements: F16 and BF16 to nearest, ties to even; Q8_0 as ggml's reference does.</summary>
    /// <param name="type">F32, F16, BF16 or Q8_0.</param>
    /// <param name="source">Elements; whole blocks for Q8_0.</param>
    /// <returns>The stored bytes.</returns>
    /// <exception cref="ArgumentException">There is no such conversion, or the last block is not whole.</exception>
    public static byte[] FromSingle(TensorType type, ReadOnlySpan<float> source)
    {
        if (!TensorInfo.TryGetLength(type, [source.Length], out long length))
        {
            throw new ArgumentException($"{source.Length} elements are no whole number of blocks", nameof(source));
        }

        byte[] result = new byte[length];
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(result);
                break;
            case TensorType.F16:
                TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(result.AsSpan()));
                break;
            case TensorType.BF16:
                Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(result.AsSpan());
                for (int i = 0; i < upper.Length; i++)
                {
                    upper[i] = ToBFloat16(source[i]);
                }

                break;
            case TensorType.Q80:
                ToQ8(source, result);
                break;
            default:
                throw new ArgumentException($"elements cannot be converted to {type}", nameof(type));
        }

        return result;
    }

    /// <summary>Rounds binary32 to bfloat16, ties to even; a NaN stays a NaN.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    // Each block's greatest magnitude becomes 127; the scale is rounded to binary16 only after the elements were divided by it.
    private static void ToQ8(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int block = 0; block * BlockElements < source.Length; block++)
        {
            ReadOnlySpan<float> part = source.Slice(block * BlockElements, BlockElements);
            Span<byte> stored = destination.Slice(block * BlockBytes, BlockBytes);
            float scale = MathF.Abs(TensorPrimitives.MaxMagnitude(part)) / 127;
            float inverse = 1 / scale;
            inverse = float.IsFinite(inverse) ? inverse : 0;
            BinaryPrimitives.WriteHalfLittleEndian(stored, (Half)scale);
            for (int i = 0; i < BlockElements; i++)
            {
                stored[2 + i] = (byte)(sbyte)MathF.Round(part[i] * inverse, MidpointRounding.AwayFromZero);
            }
        }
    }
}
