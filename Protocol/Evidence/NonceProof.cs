using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Evidence;

/// <summary>
/// Shows that a client's nonce is in the batch that the quote binds: an RFC 9162 inclusion proof, {1: leaf index, 2: tree size,
/// 3: [hashes, leaf's sibling first]}. The leaf is SHA-256(0x00, nonce); with one nonce the path is empty and the root is the leaf's hash.
/// </summary>
public sealed record NonceProof(ulong LeafIndex, ulong TreeSize, IReadOnlyList<ReadOnlyMemory<byte>> Path)
{
    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode() => new DeterministicCborMap()
        .Add(1, LeafIndex)
        .Add(2, TreeSize)
        .Add(3, writer =>
        {
            writer.Array(Path.Count);
            foreach (ReadOnlyMemory<byte> hash in Path)
            {
                writer.Bytes(hash.Span);
            }
        })
        .Encode();

    /// <summary>Reads a proof; the path's length is checked against the tree by whoever verifies it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out NonceProof? proof)
    {
        proof = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _)
            || !reader.TryReadMap(out int count) || count != 3
            || !reader.TryReadInt64(out long label) || label != 1 || !reader.TryReadUInt64(out ulong index)
            || !reader.TryReadInt64(out label) || label != 2 || !reader.TryReadUInt64(out ulong size)
            || !reader.TryReadInt64(out label) || label != 3 || !reader.TryReadArray(out int length)
            || length > 64 || index >= size)
        {
            return false;
        }

        ReadOnlyMemory<byte>[] path = new ReadOnlyMemory<byte>[length];
        for (int i = 0; i < length; i++)
        {
            if (!reader.TryReadBytes(32, out byte[] hash))
            {
                return false;
            }

            path[i] = hash;
        }

        proof = new NonceProof(index, size, path);
        return true;
    }
}
