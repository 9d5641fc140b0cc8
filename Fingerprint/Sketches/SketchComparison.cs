using System.Buffers.Binary;

namespace Verathos.Fingerprint.Sketches;

/// <summary>How far a node's sketch is from a verifier's own.</summary>
/// <param name="RelativeSquare">The squared length of the difference over the squared length of the verifier's; infinite where either is no number or the verifier's is nought.</param>
public readonly record struct SketchComparison(double RelativeSquare)
{
    /// <summary>Compares two sketches.</summary>
    /// <param name="claimed">The node's, 128 bytes.</param>
    /// <param name="own">The verifier's, 128 bytes.</param>
    public static SketchComparison Of(ReadOnlySpan<byte> claimed, ReadOnlySpan<byte> own)
    {
        if (claimed.Length != SketchPlan.Size || own.Length != SketchPlan.Size)
        {
            throw new ArgumentException($"sketches of {claimed.Length} and {own.Length} bytes");
        }

        (double difference, double length) = (0, 0);
        for (int i = 0; i < SketchPlan.Size; i += sizeof(float))
        {
            double mine = BinaryPrimitives.ReadSingleLittleEndian(own[i..]);
            double off = BinaryPrimitives.ReadSingleLittleEndian(claimed[i..]) - mine;
            difference += off * off;
            length += mine * mine;
        }

        double relative = difference / length;
        return new SketchComparison(double.IsFinite(relative) && length > 0 ? relative : double.PositiveInfinity);
    }
}
