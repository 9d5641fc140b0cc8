using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Verathos.Fingerprint.Merkle;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Records;

/// <summary>
/// What a record commits to of one inner step. Weights and state before it and its documents are all that the step follows from, so
/// whoever has them can compute it again alone; what it made of them is the next step's or the round's.
/// </summary>
/// <param name="Number">The step's place in its round, from 0.</param>
/// <param name="ModelRoot">Root of the weights before it, 32 bytes.</param>
/// <param name="OptimiserRoot">Root of the optimiser's state before it, 32 bytes.</param>
/// <param name="GradientRoot">Root of its dense gradient before clipping, 32 bytes.</param>
/// <param name="Loss">Its loss, as the record gives it.</param>
public sealed record TrainingStep(
    int Number, ReadOnlyMemory<byte> ModelRoot, ReadOnlyMemory<byte> OptimiserRoot, ReadOnlyMemory<byte> GradientRoot, float Loss)
{
    private const string Label = "verathos.step.v1";

    /// <summary>
    /// The deterministic CBOR array ["verathos.step.v1", number, root of the weights, root of the optimiser's state, root of the
    /// gradient, loss as binary32, little-endian].
    /// </summary>
    public byte[] Encode()
    {
        byte[] loss = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(loss, Loss);
        return new DeterministicCborWriter().Array(6).Text(Label).UInt64((ulong)Number)
            .Bytes(ModelRoot.Span).Bytes(OptimiserRoot.Span).Bytes(GradientRoot.Span).Bytes(loss).ToArray();
    }

    /// <summary>The hash of the step's leaf.</summary>
    public byte[] LeafHash() => MerkleTree.LeafHash(Encode());

    /// <summary>Reads one; it takes exactly what <see cref="Encode"/> writes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out TrainingStep? step)
    {
        step = null;
        DeterministicCborReader reader = new(encoded);
        if (!reader.TryReadArray(out int count) || count != 6 || !reader.TryReadText(out string label) || label != Label
            || !reader.TryReadUInt32(out uint number) || number > int.MaxValue
            || !reader.TryReadBytes(32, out byte[] model) || !reader.TryReadBytes(32, out byte[] optimiser)
            || !reader.TryReadBytes(32, out byte[] gradient) || !reader.TryReadBytes(4, out byte[] loss) || !reader.AtEnd)
        {
            return false;
        }

        step = new TrainingStep((int)number, model, optimiser, gradient, BinaryPrimitives.ReadSingleLittleEndian(loss));
        return true;
    }
}
