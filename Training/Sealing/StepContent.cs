using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;
using Verathos.Training.Records;

namespace Verathos.Training.Sealing;

/// <summary>
/// An opened inner step as it is sealed: the deterministic CBOR array ["verathos.opened-step.v1", opening, opening of the step after it or null,
/// weights before, [[name, state before], ...], gradient], each part as bytes, numbers binary32, little-endian.
/// </summary>
/// <param name="Opening">The step with its proof.</param>
/// <param name="Next">The step after it; null for a round's last.</param>
/// <param name="Weights">The weights before it.</param>
/// <param name="Optimiser">The optimiser's state before it.</param>
/// <param name="Gradient">Its dense gradient before clipping.</param>
public sealed record StepContent(
    StepOpening Opening, StepOpening? Next, float[] Weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> Optimiser, float[] Gradient)
{
    private const string Label = "verathos.opened-step.v1";
    private const int MostParts = 1 << 20;

    /// <summary>Encodes.</summary>
    public byte[] Encode()
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(6).Text(Label).Bytes(Opening.Encode());
        _ = Next is null ? writer.Null() : writer.Bytes(Next.Encode());
        writer.Bytes(Bytes(Weights)).Array(Optimiser.Count);
        foreach ((string name, ReadOnlyMemory<byte> bytes) in Optimiser)
        {
            writer.Array(2).Text(name).Bytes(bytes.Span);
        }

        return writer.Bytes(Bytes(Gradient)).ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> gives; whether it is right the roots say.</summary>
    /// <param name="encoded">As opened.</param>
    /// <param name="count">Elements that weights and gradient must have.</param>
    /// <param name="content">The step.</param>
    public static bool TryParse(ReadOnlySpan<byte> encoded, int count, [NotNullWhen(true)] out StepContent? content)
    {
        content = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int members) || members != 6 || !reader.TryReadText(out string label) || label != Label
            || !reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !StepOpening.TryParse(bytes, out StepOpening? opening))
        {
            return false;
        }

        StepOpening? next = null;
        if (!reader.TryReadNull() && (!reader.TryReadBytes(out bytes) || !StepOpening.TryParse(bytes, out next)))
        {
            return false;
        }

        if (!reader.TryReadBytes(4 * count, out byte[] weights) || !reader.TryReadArray(out int parts) || parts > MostParts)
        {
            return false;
        }

        List<(string, ReadOnlyMemory<byte>)> optimiser = [];
        for (int i = 0; i < parts; i++)
        {
            if (!reader.TryReadArray(out members) || members != 2 || !reader.TryReadText(out string name) || !reader.TryReadBytes(out bytes))
            {
                return false;
            }

            optimiser.Add((name, bytes.ToArray()));
        }

        if (!reader.TryReadBytes(4 * count, out byte[] gradient) || !reader.AtEnd)
        {
            return false;
        }

        content = new StepContent(opening, next, Floats(weights), optimiser, Floats(gradient));
        return true;
    }

    private static byte[] Bytes(ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[4L * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return bytes;
    }

    private static float[] Floats(ReadOnlySpan<byte> bytes)
    {
        float[] values = new float[bytes.Length / 4];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
        }

        return values;
    }
}
