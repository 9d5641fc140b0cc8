using System.Buffers.Binary;

namespace Verathos.Host.Training;

/// <summary>Flat weights as bytes: binary32, little-endian.</summary>
internal static class FlatModel
{
    /// <summary>Reads weights.</summary>
    /// <param name="bytes">Four for each.</param>
    public static float[] FromBytes(ReadOnlySpan<byte> bytes)
    {
        float[] weights = new float[bytes.Length / 4];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
        }

        return weights;
    }

    /// <summary>Writes weights.</summary>
    public static byte[] ToBytes(ReadOnlySpan<float> weights)
    {
        byte[] bytes = new byte[4L * weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), weights[i]);
        }

        return bytes;
    }
}
