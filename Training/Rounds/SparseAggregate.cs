using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Verathos.Fingerprint.Merkle;
using Verathos.Training.Records;

namespace Verathos.Training.Rounds;

/// <summary>
/// An aggregate as it is sent and hashed: version 1 (1), coordinates of the space (4), kept ones (4), their numbers (4 each, ascending), all
/// big-endian, then their values, binary64, little-endian. Values are finite, and none is a zero with a sign. The bytes are a function of the vector.
/// </summary>
public static class SparseAggregate
{
    /// <summary>The label of the root.</summary>
    public const string Label = "verathos.aggregate.v1";

    private const int HeaderSize = 9;

    /// <summary>The most bytes of an aggregate in a space.</summary>
    /// <param name="dimension">Coordinates of the space.</param>
    public static long MostBytes(int dimension) => HeaderSize + (12L * dimension);

    /// <summary>Encodes.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static byte[] Encode(SparseVector aggregate)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        byte[] bytes = new byte[HeaderSize + (12 * aggregate.Count)];
        bytes[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), aggregate.Dimension);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), aggregate.Count);
        for (int i = 0; i < aggregate.Count; i++)
        {
            double value = aggregate.Values[i];
            if (!double.IsFinite(value))
            {
                throw new ArgumentException("a value of the aggregate is not finite", nameof(aggregate));
            }

            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(HeaderSize + (4 * i)), aggregate.Indices[i]);
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(HeaderSize + (4 * aggregate.Count) + (8 * i)), value == 0 ? 0 : value);
        }

        return bytes;
    }

    /// <summary>Reads an aggregate of a space.</summary>
    /// <param name="bytes">As received.</param>
    /// <param name="dimension">Coordinates that the space must have.</param>
    /// <param name="aggregate">The aggregate.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, int dimension, [NotNullWhen(true)] out SparseVector? aggregate)
    {
        aggregate = null;
        if (bytes.Length < HeaderSize || bytes[0] != 1 || BinaryPrimitives.ReadInt32BigEndian(bytes[1..]) != dimension
            || BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) is var count && (count < 0 || count > dimension || bytes.Length != HeaderSize + (12L * count)))
        {
            return false;
        }

        int[] indices = new int[count];
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            indices[i] = BinaryPrimitives.ReadInt32BigEndian(bytes[(HeaderSize + (4 * i))..]);
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(HeaderSize + (4 * count) + (8 * i))..]);
            if (indices[i] < 0 || indices[i] >= dimension || (i > 0 && indices[i] <= indices[i - 1]) || !double.IsFinite(values[i]) || (values[i] == 0 && double.IsNegative(values[i])))
            {
                return false;
            }
        }

        aggregate = new SparseVector(dimension, indices, values);
        return true;
    }

    /// <summary>The root that an outcome names, 32 bytes.</summary>
    /// <param name="encoded">What <see cref="Encode"/> gives.</param>
    public static byte[] Root(ReadOnlySpan<byte> encoded) => MerkleTree.Root(TrainingRoots.Leaves(Label, string.Empty, encoded));
}
