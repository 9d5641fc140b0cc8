using System.Buffers.Binary;

namespace Verathos.GpuRuntime.Formats;

/// <summary>
/// GGML's quantised blocks (https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h). A block's scale is binary16, little-endian.
/// </summary>
internal static class QuantizedBlocks
{
    /// <summary>Converts whole blocks.</summary>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        TensorLayout layout = TensorLayout.Of(type);
        for (int block = 0; block * layout.BlockElements < destination.Length; block++)
        {
            ReadOnlySpan<byte> stored = source.Slice(block * layout.BlockBytes, layout.BlockBytes);
            Span<float> part = destination.Slice(block * layout.BlockElements, layout.BlockElements);
            switch (type)
            {
                case TensorType.Q80:
                    FromQ80(stored, part);
                    break;
                case TensorType.Q40:
                    FromQ40(stored, part);
                    break;
                case TensorType.Q4K:
                    FromQ4Or5(stored[..16], default, stored[16..], part);
                    break;
                case TensorType.Q5K:
                    FromQ4Or5(stored[..16], stored[16..48], stored[48..], part);
                    break;
                case TensorType.Q6K:
                    FromQ6(stored, part);
                    break;
                default:
                    throw new ArgumentException($"{type} has no blocks", nameof(type));
            }
        }
    }

    private static void FromQ80(ReadOnlySpan<byte> stored, Span<float> values)
    {
        float scale = Half(stored);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = scale * (sbyte)stored[2 + i];
        }
    }

    /// <summary>The first half of the elements in the low four bits, the second in the high ones, less 8.</summary>
    private static void FromQ40(ReadOnlySpan<byte> stored, Span<float> values)
    {
        float scale = Half(stored);
        for (int i = 0; i < 16; i++)
        {
            values[i] = scale * ((stored[2 + i] & 15) - 8);
            values[i + 16] = scale * ((stored[2 + i] >> 4) - 8);
        }
    }

    /// <summary>Eight parts of 32: scale times part's scale times element, less minimum times part's minimum.</summary>
    /// <param name="head">Scale, minimum, then twelve bytes with the parts' eight scales and minima of six bits.</param>
    /// <param name="fifth">The elements' fifth bits: bit p of byte i belongs to element i of part p; empty where there are none.</param>
    /// <param name="low">The elements' lower four bits: parts 0 and 1 in the low and high bits of the first 32 bytes, and so on.</param>
    /// <param name="values">256 elements.</param>
    private static void FromQ4Or5(ReadOnlySpan<byte> head, ReadOnlySpan<byte> fifth, ReadOnlySpan<byte> low, Span<float> values)
    {
        float scale = Half(head);
        float minimum = Half(head[2..]);
        ReadOnlySpan<byte> packed = head[4..];
        for (int part = 0; part < 8; part++)
        {
            int partScale = part < 4 ? packed[part] & 63 : (packed[part + 4] & 15) | (packed[part - 4] >> 6 << 4);
            int partMinimum = part < 4 ? packed[part + 4] & 63 : (packed[part + 4] >> 4) | (packed[part] >> 6 << 4);
            float step = scale * partScale;
            float less = minimum * partMinimum;
            for (int i = 0; i < 32; i++)
            {
                int element = (low[(part / 2 * 32) + i] >> (part % 2 * 4)) & 15;
                if (!fifth.IsEmpty)
                {
                    element |= ((fifth[i] >> part) & 1) << 4;
                }

                values[(part * 32) + i] = (step * element) - less;
            }
        }
    }

    /// <summary>Sixteen parts of 16: scale times part's scale times element less 32.</summary>
    private static void FromQ6(ReadOnlySpan<byte> stored, Span<float> values)
    {
        ReadOnlySpan<byte> low = stored[..128];
        ReadOnlySpan<byte> high = stored[128..192];
        ReadOnlySpan<byte> scales = stored[192..208];
        float scale = Half(stored[208..]);
        for (int i = 0; i < 256; i++)
        {
            // Each half of 128 has four runs of 32: two share bytes of the lower bits, all four share bytes of the upper ones.
            int half = i / 128;
            int run = i % 128 / 32;
            int at = i % 32;
            int lower = (low[(half * 64) + (run % 2 * 32) + at] >> (run / 2 * 4)) & 15;
            int upper = (high[(half * 32) + at] >> (run * 2)) & 3;
            values[i] = scale * (sbyte)scales[i / 16] * ((lower | (upper << 4)) - 32);
        }
    }

    private static float Half(ReadOnlySpan<byte> stored) => (float)BinaryPrimitives.ReadHalfLittleEndian(stored);
}
