using System.Numerics;

namespace Verathos.Fingerprint.Merkle;

/// <summary>The right edge of a growing <see cref="MerkleTree"/>: its root at any time, from one hash for each level.</summary>
public sealed class MerkleFrontier
{
    private const int Size = MerkleTree.HashSize;
    private byte[] _subtrees = new byte[8 * Size];

    /// <summary>Leaves so far.</summary>
    public long Count { get; private set; }

    /// <summary>Appends a leaf.</summary>
    /// <param name="leafHash">32 bytes.</param>
    public void Append(ReadOnlySpan<byte> leafHash)
    {
        if (leafHash.Length != Size)
        {
            throw new ArgumentException("a hash has 32 bytes", nameof(leafHash));
        }

        Append(leafHash, 1);
    }

    /// <summary>Appends neighbouring leaves.</summary>
    /// <param name="leafHashes">32 bytes each; overwritten.</param>
    internal void AppendAll(Span<byte> leafHashes)
    {
        while (!leafHashes.IsEmpty)
        {
            // The largest whole subtree that begins here.
            int most = 1 << BitOperations.Log2((uint)(leafHashes.Length / Size));
            int leaves = Count == 0 ? most : (int)Math.Min(most, Count & -Count);
            MerkleTree.Fold(leafHashes[..(leaves * Size)]);
            Append(leafHashes[..Size], leaves);
            leafHashes = leafHashes[(leaves * Size)..];
        }
    }

    /// <summary>Writes the root over the leaves so far.</summary>
    /// <param name="destination">32 bytes.</param>
    /// <exception cref="InvalidOperationException">There is no leaf.</exception>
    public void WriteRoot(Span<byte> destination)
    {
        int held = BitOperations.PopCount((ulong)Count);
        if (held == 0)
        {
            throw new InvalidOperationException("a tree without leaves has no edge");
        }

        Subtree(held - 1).CopyTo(destination);
        for (int i = held - 2; i >= 0; i--)
        {
            MerkleTree.NodeHash(Subtree(i), destination[..Size], destination);
        }
    }

    /// <summary>Appends a whole subtree.</summary>
    private void Append(ReadOnlySpan<byte> root, int leaves)
    {
        // The whole subtrees are those of the count's bits, the largest first.
        int held = BitOperations.PopCount((ulong)Count);
        if ((held + 1) * Size > _subtrees.Length)
        {
            Array.Resize(ref _subtrees, 2 * _subtrees.Length);
        }

        root.CopyTo(Subtree(held));
        for (long whole = Count / leaves; (whole & 1) == 1; whole >>= 1, held--)
        {
            MerkleTree.NodeHash(Subtree(held - 1), Subtree(held), Subtree(held - 1));
        }

        Count += leaves;
    }

    private Span<byte> Subtree(int index) => _subtrees.AsSpan(index * Size, Size);
}
