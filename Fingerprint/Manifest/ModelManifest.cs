using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Manifest;

/// <summary>
/// What a node says it loaded. Only <see cref="Root"/> is bound into evidence; the other members describe it, and a relying
/// party takes a model's name from its own policy.
/// </summary>
/// <param name="Name">The model's name as the node publishes it; self-declared.</param>
/// <param name="Root">32 bytes: the Merkle root over every part.</param>
/// <param name="Tensors">Number of weight tensors.</param>
/// <param name="Bytes">Bytes in all parts.</param>
/// <param name="Leaves">Leaves of the Merkle tree.</param>
public sealed record ModelManifest(string Name, byte[] Root, int Tensors, long Bytes, int Leaves)
{
    private const int FormatVersion = 1;
    private const int MaximumNameLength = 256;

    /// <summary>Deterministic CBOR: the map {1: version, 2: name, 3: root, 4: tensors, 5: bytes, 6: leaves}.</summary>
    public byte[] Encode()
    {
        // Integer keys below 24 in ascending order are already in RFC 8949's bytewise order.
        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartMap(6);
        writer.WriteInt32(1);
        writer.WriteInt32(FormatVersion);
        writer.WriteInt32(2);
        writer.WriteTextString(Name);
        writer.WriteInt32(3);
        writer.WriteByteString(Root);
        writer.WriteInt32(4);
        writer.WriteInt32(Tensors);
        writer.WriteInt32(5);
        writer.WriteInt64(Bytes);
        writer.WriteInt32(6);
        writer.WriteInt32(Leaves);
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>Reads what <see cref="Encode"/> writes and nothing else: any other encoding of the same values is refused.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out ModelManifest? manifest, [NotNullWhen(false)] out string? error)
    {
        manifest = null;
        try
        {
            CborReader reader = new(encoded, CborConformanceMode.Strict);
            if (reader.ReadStartMap() != 6)
            {
                error = "the manifest is not a map of six members";
                return false;
            }

            string name = Member(reader, 1).ReadInt32() == FormatVersion ? Member(reader, 2).ReadTextString() : throw new CborContentException("unknown version");
            byte[] root = Member(reader, 3).ReadByteString();
            int tensors = Member(reader, 4).ReadInt32();
            long bytes = Member(reader, 5).ReadInt64();
            int leaves = Member(reader, 6).ReadInt32();
            reader.ReadEndMap();
            ModelManifest read = new(name, root, tensors, bytes, leaves);
            if (root.Length != MerkleTree.HashSize || name.Length > MaximumNameLength || tensors < 0 || bytes < 0 || leaves < 0
                || !encoded.Span.SequenceEqual(read.Encode()))
            {
                error = "the manifest's members are out of range or not deterministically encoded";
                return false;
            }

            (manifest, error) = (read, null);
            return true;
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            error = "the manifest is not the CBOR that it should be";
            return false;
        }
    }

    private static CborReader Member(CborReader reader, int key) =>
        reader.ReadInt32() == key ? reader : throw new CborContentException("unexpected member");
}
