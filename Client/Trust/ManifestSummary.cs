using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;

namespace Verathos.Client.Trust;

/// <summary>What a client reads of a node's manifest: its root, which the evidence binds, and the models' names.</summary>
/// <param name="Name">
/// The name of the model, or of the first of several. Without control characters. A lone model's name is the node's own word; those
/// of several are bound with the root.
/// </param>
/// <param name="Root">What the evidence binds, 32 bytes: one model's Merkle root, or the digest of the list of several.</param>
public sealed record ManifestSummary(string Name, byte[] Root)
{
    /// <summary>The models where the manifest has several, in the node's order; else empty.</summary>
    public IReadOnlyList<ModelEntry> Several { get; init; } = [];

    /// <summary>The names of all models, the first one's first.</summary>
    public IReadOnlyList<string> Names => Several.Count == 0 ? [Name] : [.. Several.Select(model => model.Name)];

    /// <summary>
    /// Reads the deterministic CBOR map {1: version 1, 2: name, 3: root, 4: tensors, 5: bytes, 6: leaves} of one model, or a
    /// <see cref="ModelSet"/> of several.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out ManifestSummary? manifest)
    {
        manifest = null;
        if (ModelSet.TryParse(encoded.Span, out ModelSet? set))
        {
            manifest = new ManifestSummary(set.Models[0].Name, SHA256.HashData(encoded.Span)) { Several = set.Models };
            return true;
        }

        if (!DeterministicCbor.TryValidate(encoded.Span, out _))
            return false;

        DeterministicCborReader reader = new(encoded.Span);
        if (!reader.TryReadMap(out int members) || members != 6
            || !Key(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != 1
            || !Key(ref reader, 2) || !reader.TryReadText(out string name) || !ModelSet.IsName(name)
            || !Key(ref reader, 3) || !reader.TryReadBytes(32, out byte[] root)
            || !Key(ref reader, 4) || !reader.TryReadUInt64(out _)
            || !Key(ref reader, 5) || !reader.TryReadUInt64(out _)
            || !Key(ref reader, 6) || !reader.TryReadUInt64(out _))
        {
            return false;
        }

        manifest = new ManifestSummary(name, root);
        return true;
    }

    private static bool Key(ref DeterministicCborReader reader, ulong key) => reader.TryReadUInt64(out ulong read) && read == key;
}
