using System.Diagnostics.CodeAnalysis;
using Verathos.Fingerprint.Merkle;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;

namespace Verathos.Training.Records;

/// <summary>One inner step of a record with the proof that the record committed to it.</summary>
/// <param name="Step">The step.</param>
/// <param name="Path">The inclusion proof of its leaf (RFC 9162, section 2.1.3.1), 32 bytes each.</param>
public sealed record StepOpening(TrainingStep Step, IReadOnlyList<byte[]> Path)
{
    // A tree of the most steps that a record can have is 13 levels high.
    private const int LongestPath = 13;

    /// <summary>The root of a round's steps, 32 bytes.</summary>
    /// <param name="steps">All of the round's, in order.</param>
    /// <exception cref="ArgumentException">There is none, or they are not numbered in order from 0.</exception>
    public static byte[] Root(IReadOnlyList<TrainingStep> steps) => MerkleTree.Root(Leaves(steps));

    /// <summary>Opens one step.</summary>
    /// <param name="steps">All of the round's, in order.</param>
    /// <param name="number">From 0.</param>
    public static StepOpening Create(IReadOnlyList<TrainingStep> steps, int number) => new(steps[number], MerkleTree.InclusionProof(Leaves(steps), number));

    /// <summary>Whether a verified record committed to this step.</summary>
    public StepOpeningError Verify(TrainingRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Step.Number < 0 || Step.Number >= record.Steps ? StepOpeningError.Number
            : BitConverter.SingleToInt32Bits(Step.Loss) != BitConverter.SingleToInt32Bits(record.Losses[Step.Number]) ? StepOpeningError.Loss
            : Step.Number == 0 && !Step.ModelRoot.Span.SequenceEqual(record.BaseModelRoot.Span) ? StepOpeningError.BaseModel
            : !MerkleTree.VerifyInclusion(Step.LeafHash(), Step.Number, record.Steps, Path, record.StepsRoot.Span) ? StepOpeningError.Path
            : StepOpeningError.None;
    }

    /// <summary>The deterministic CBOR array [step as bytes, [hash, ...]].</summary>
    public byte[] Encode()
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(2).Bytes(Step.Encode()).Array(Path.Count);
        foreach (byte[] hash in Path)
        {
            writer.Bytes(hash);
        }

        return writer.ToArray();
    }

    /// <summary>Reads one; whether it is right <see cref="Verify"/> says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out StepOpening? opening)
    {
        opening = null;
        DeterministicCborReader reader = new(encoded);
        if (!reader.TryReadArray(out int parts) || parts != 2 || !reader.TryReadBytes(out ReadOnlySpan<byte> bytes)
            || !TrainingStep.TryParse(bytes, out TrainingStep? step) || !reader.TryReadArray(out int count) || count > LongestPath)
        {
            return false;
        }

        byte[][] path = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(MerkleTree.HashSize, out path[i]))
            {
                return false;
            }
        }

        opening = new StepOpening(step, path);
        return reader.AtEnd;
    }

    private static byte[][] Leaves(IReadOnlyList<TrainingStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return steps.Count > 0 && steps.Select((step, i) => step.Number == i).All(right => right)
            ? [.. steps.Select(step => step.LeafHash())]
            : throw new ArgumentException("a round has a step at least, and its steps are numbered in order from 0", nameof(steps));
    }
}
