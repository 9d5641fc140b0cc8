using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// Commits the proofs of an answer's chunks, TOPLOC's or the sketches', in their order. A leaf is SHA-256(0x00 || salt || chunk,
/// 4 bytes || proof); the root is SHA-256(domain || chunks, 4 bytes || tree's root), numbers big-endian.
/// </summary>
public sealed class ChunkCommitment
{
    private readonly TraceSalts _salts;
    private readonly long _position;
    private readonly byte[] _domain;
    private readonly MerkleFrontier _frontier = new();

    private ChunkCommitment(TraceSalts salts, long position, ReadOnlySpan<byte> domain) => (_salts, _position, _domain) = (salts, position, domain.ToArray());

    /// <summary>Chunks so far.</summary>
    public int Count => (int)_frontier.Count;

    /// <summary>For TOPLOC proofs; domain "verathos.toploc.v1".</summary>
    public static ChunkCommitment ForToploc(TraceSalts salts) => new(salts, TraceSalts.ToplocPosition, "verathos.toploc.v1"u8);

    /// <summary>For sketches, those of all depths one after another; domain "verathos.sketch.v1".</summary>
    public static ChunkCommitment ForSketches(TraceSalts salts) => new(salts, TraceSalts.SketchPosition, "verathos.sketch.v1"u8);

    /// <summary>Appends a chunk's proof.</summary>
    public void Append(ReadOnlySpan<byte> proof)
    {
        const int head = 1 + TraceSalts.Size + sizeof(int);
        byte[] leaf = new byte[head + proof.Length];
        _salts.Write(_position, Count, leaf.AsSpan(1, TraceSalts.Size));
        BinaryPrimitives.WriteInt32BigEndian(leaf.AsSpan(head - sizeof(int)), Count);
        proof.CopyTo(leaf.AsSpan(head));
        _frontier.Append(SHA256.HashData(leaf));
    }

    /// <summary>The root over the chunks so far, 32 bytes.</summary>
    /// <exception cref="InvalidOperationException">There is no chunk.</exception>
    public byte[] Root()
    {
        byte[] input = new byte[_domain.Length + sizeof(int) + MerkleTree.HashSize];
        _domain.CopyTo(input, 0);
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(_domain.Length), Count);
        _frontier.WriteRoot(input.AsSpan(_domain.Length + sizeof(int)));
        return SHA256.HashData(input);
    }
}
