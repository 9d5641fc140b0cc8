using System.Buffers.Binary;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Openings;

/// <summary>A row of a matrix with its proof under the root that a validator computed from the weights (<see cref="HashRow"/>).</summary>
/// <param name="Index">Which row: a token's id.</param>
/// <param name="Weights">As they are multiplied, exact in binary32.</param>
/// <param name="Path">From the row to the root.</param>
public sealed record OpenedRow(int Index, float[] Weights, IReadOnlyList<byte[]> Path)
{
    /// <summary>The leaf hash of a row: SHA-256(0x00 || 2 or 4 (bytes an element) || index, 4 bytes, big-endian || bfloat16 where that holds the row exactly, or binary32, little-endian).</summary>
    public static byte[] HashRow(int index, ReadOnlySpan<float> weights)
    {
        bool narrow = FitsBFloat16(weights);
        int size = narrow ? sizeof(ushort) : sizeof(float);
        byte[] leaf = new byte[1 + sizeof(int) + (size * weights.Length)];
        leaf[0] = (byte)size;
        BinaryPrimitives.WriteInt32BigEndian(leaf.AsSpan(1), index);
        Span<byte> elements = leaf.AsSpan(1 + sizeof(int));
        for (int i = 0; i < weights.Length; i++)
        {
            if (narrow)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(elements[(size * i)..], BFloat16.FromSingle(weights[i]));
            }
            else
            {
                BinaryPrimitives.WriteSingleLittleEndian(elements[(size * i)..], weights[i]);
            }
        }

        return MerkleTree.LeafHash(leaf);
    }

    /// <summary>Whether bfloat16 holds a row exactly.</summary>
    internal static bool FitsBFloat16(ReadOnlySpan<float> weights)
    {
        foreach (float weight in weights)
        {
            if ((BitConverter.SingleToUInt32Bits(weight) & 0xffff) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether this is the matrix's row.</summary>
    /// <param name="root">32 bytes.</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="columns">Its columns.</param>
    public bool IsIn(ReadOnlySpan<byte> root, int rows, int columns) =>
        Weights.Length == columns && Array.TrueForAll(Weights, float.IsFinite) && MerkleTree.VerifyInclusion(HashRow(Index, Weights), Index, rows, Path, root);
}
