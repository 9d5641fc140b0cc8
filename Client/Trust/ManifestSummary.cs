using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Client.Trust;

/// <summary>What a client reads of a model manifest: its root, which the evidence binds, and the name that the node gives the model.</summary>
/// <param name="Name">Self-declared, without control characters; only <paramref name="Root"/> is bound.</param>
/// <param name="Root">The Merkle root over the model's parts, 32 bytes.</param>
public sealed record ManifestSummary(string Name, byte[] Root)
{
    private const int MaximumNameLength = 256;

    /// <summary>Reads the deterministic CBOR map {1: version 1, 2: name, 3: root, 4: tensors, 5: bytes, 6: leaves}.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out ManifestSummary? manifest)
    {
        manifest = null;
        if (!DeterministicCbor.TryValidate(encoded.Span, out _))
            return false;

        DeterministicCborReader reader = new(encoded.Span);
        if (!reader.TryReadMap(out int members) || members != 6
            || !Key(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != 1
            || !Key(ref reader, 2) || !reader.TryReadText(out string name) || name.Length is 0 or > MaximumNameLength || name.Any(char.IsControl)
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
