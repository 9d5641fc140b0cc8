using System.Buffers.Binary;
using Verathos.GpuRuntime.Formats;

namespace Verathos.Bench.Architectures;

/// <summary>Random elements of any stored type. Every block of a quantised type is a valid one, so random bytes reach all of its codes.</summary>
internal static class RandomTensor
{
    /// <summary>Makes a tensor whose elements have about the given spread around 0, or around 1 for a norm.</summary>
    public static TensorData Make(string name, TensorType type, long[] shape, int seed)
    {
        RandomValues random = new(seed, name);
        bool bias = name.EndsWith(".bias", StringComparison.Ordinal);
        if (shape.Length == 1)
        {
            float[] row = new float[shape[0]];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = bias ? random.Uniform() : 1 + (0.4f * random.Uniform());
            }

            return new TensorData(name, TensorType.F32, shape, Quantization.FromSingle(TensorType.F32, row));
        }

        long elements = shape.Aggregate(1L, static (a, b) => a * b);
        float width = MathF.Sqrt(3f / shape[^1]);
        return new TensorData(name, type, shape, TensorLayout.Of(type).Quantised ? Blocks(type, elements, width, random) : Plain(type, elements, width, random));
    }

    private static byte[] Plain(TensorType type, long elements, float width, RandomValues random)
    {
        float[] values = new float[elements];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.Uniform() * width;
        }

        return Quantization.FromSingle(type, values);
    }

    private static byte[] Blocks(TensorType type, long elements, float width, RandomValues random)
    {
        TensorLayout layout = TensorLayout.Of(type);
        byte[] bytes = new byte[layout.Bytes(elements)!.Value];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(random.Next() >> 56);
        }

        for (int at = 0; at < bytes.Length; at += layout.BlockBytes)
        {
            Span<byte> block = bytes.AsSpan(at, layout.BlockBytes);
            float scale = width * (1 + (0.5f * random.Uniform()));
            switch (type)
            {
                case TensorType.Q80:
                    BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(scale / 127));
                    break;
                case TensorType.Q40:
                    BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(scale / 8));
                    break;
                case TensorType.Q4K or TensorType.Q5K:
                    // The minima take off, on average, what the scales put on.
                    float middle = type == TensorType.Q4K ? 7.5f : 15.5f;
                    BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(scale / (48 * middle)));
                    BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)(scale / 48));
                    break;
                default:
                    BinaryPrimitives.WriteHalfLittleEndian(block[208..], (Half)(scale / (128 * 24)));
                    break;
            }
        }

        return bytes;
    }
}
