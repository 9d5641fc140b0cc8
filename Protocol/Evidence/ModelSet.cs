using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Evidence;

/// <summary>
/// The manifest of a node with two or more models: {1: version 2, 2: [{1: name, 2: root, 3: tensors, 4: bytes, 5: leaves,
/// 6: numeric profile, 7: prompt tokens}, ...]}, no name twice. Its root, which the binding states, is SHA-256 over these bytes;
/// they begin with another byte than a Merkle tree's leaves and nodes, so that it is never one model's root as well.
/// </summary>
/// <param name="Models">In the node's order; the first answers requests that leave the choice to the client's program.</param>
public sealed record ModelSet(IReadOnlyList<ModelEntry> Models)
{
    /// <summary>The most models of a node.</summary>
    public const int MaximumModels = 64;

    private const ulong Version = 2;
    private const int MaximumNameLength = 256;

    /// <summary>SHA-256 over <see cref="Encode"/>: what the binding states as the manifest root.</summary>
    public byte[] Root => SHA256.HashData(Encode());

    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode() => new DeterministicCborMap()
        .Add(1, Version)
        .Add(2, writer =>
        {
            writer.Array(Models.Count);
            foreach (ModelEntry model in Models)
            {
                writer.Map(new DeterministicCborMap()
                    .Add(1, model.Name)
                    .Add(2, model.Root.ToArray())
                    .Add(3, model.Tensors)
                    .Add(4, model.Bytes)
                    .Add(5, model.Leaves)
                    .Add(6, model.NumericProfile)
                    .Add(7, model.MaxPromptTokens));
            }
        })
        .Encode();

    /// <summary>Whether a name can be a model's.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaximumNameLength && !name.Any(char.IsControl);
    }

    /// <summary>Reads a set; exact members, two models or more, no name twice.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out ModelSet? set)
    {
        set = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _)
            || !reader.TryReadMap(out int members) || members != 2
            || !Label(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != Version
            || !Label(ref reader, 2) || !reader.TryReadArray(out int count) || count is < 2 or > MaximumModels)
        {
            return false;
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        List<ModelEntry> models = [];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadEntry(ref reader, out ModelEntry? model) || !names.Add(model.Name))
            {
                return false;
            }

            models.Add(model);
        }

        set = new ModelSet(models);
        return true;
    }

    private static bool TryReadEntry(ref DeterministicCborReader reader, [NotNullWhen(true)] out ModelEntry? model)
    {
        model = null;
        if (!reader.TryReadMap(out int members) || members != 7
            || !Label(ref reader, 1) || !reader.TryReadText(out string name) || !IsName(name)
            || !Label(ref reader, 2) || !reader.TryReadBytes(32, out byte[] root)
            || !Label(ref reader, 3) || !reader.TryReadUInt32(out uint tensors)
            || !Label(ref reader, 4) || !reader.TryReadUInt64(out ulong bytes)
            || !Label(ref reader, 5) || !reader.TryReadUInt32(out uint leaves)
            || !Label(ref reader, 6) || !reader.TryReadText(out string profile)
            || !Label(ref reader, 7) || !reader.TryReadUInt32(out uint promptTokens))
        {
            return false;
        }

        model = new ModelEntry(name, root, tensors, bytes, leaves, profile, promptTokens);
        return true;
    }

    private static bool Label(ref DeterministicCborReader reader, long label) => reader.TryReadInt64(out long read) && read == label;
}
