using System.Buffers.Binary;

namespace Verathos.Fingerprint.Trace;

/// <summary>What fixes the size of a step's leaves.</summary>
/// <param name="Layers">Transformer blocks.</param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadSize">Width of a head.</param>
/// <param name="VocabularySize">Logits of a step.</param>
public sealed record TraceShape(int Layers, int HiddenSize, int KvHeads, int HeadSize, int VocabularySize)
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = 5 * sizeof(uint);

    /// <summary>Leaves of a step: one for each layer, and the logits.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int Leaves => Layers + 1;

    /// <summary>Whether every member is in the range of a model.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsValid =>
        Layers is >= 1 and <= 1024 && HiddenSize is >= 1 and <= 1 << 17 && KvHeads is >= 1 and <= 1024
        && HeadSize is >= 1 and <= 1024 && VocabularySize is >= 1 and <= 1 << 22;

    /// <summary>Writes the five members in their order, four bytes each, big-endian.</summary>
    public void Write(Span<byte> destination)
    {
        int at = 0;
        foreach (int value in (ReadOnlySpan<int>)[Layers, HiddenSize, KvHeads, HeadSize, VocabularySize])
        {
            BinaryPrimitives.WriteInt32BigEndian(destination[at..], value);
            at += sizeof(int);
        }
    }
}
