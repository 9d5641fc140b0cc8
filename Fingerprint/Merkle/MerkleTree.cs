using System.Numerics;
using System.Security.Cryptography;
using Verathos.Fingerprint.Hashing;

namespace Verathos.Fingerprint.Merkle;

/// <summary>The Merkle tree of RFC 9162, section 2.1, over SHA-256: leaves are hashed behind a 0x00 byte, nodes behind 0x01.</summary>
public static class MerkleTree
{
    /// <summary>Bytes in a hash.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    private const int NodeSize = 1 + (2 * HashSize);

    /// <summary>The hash of a leaf: SHA-256(0x00 || data).</summary>
    public static byte[] LeafHash(ReadOnlySpan<byte> data)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(data);
        return hash.GetHashAndReset();
    }

    /// <summary>The Merkle tree hash of leaf hashes in order; that of no leaves is SHA-256 of the empty string.</summary>
    /// <param name="leafHashes">32 bytes each.</param>
    public static byte[] Root(IReadOnlyList<byte[]> leafHashes)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        return leafHashes.Count == 0 ? SHA256.HashData([]) : Subtree(leafHashes, 0, leafHashes.Count);
    }

    /// <summary>The Merkle tree hashes of several trees of the same size, whose leaf hashes lie one after another; they are overwritten, and nothing is allocated.</summary>
    /// <param name="leafHashes">The trees' leaf hashes, tree by tree; each tree's root is left in its first 32 bytes.</param>
    /// <param name="trees">How many, at least 1.</param>
    internal static void Fold(Span<byte> leafHashes, int trees = 1)
    {
        int leaves = leafHashes.Length / HashSize / trees;
        Span<byte> nodes = stackalloc byte[Sha256Lanes.Most * NodeSize];
        Span<byte> hashes = stackalloc byte[Sha256Lanes.Most * HashSize];

        // Pairs level by level, an odd last one as it is: the tree that splits at the largest power of two.
        for (int count = leaves; count > 1; count = (count + 1) / 2)
        {
            int pairs = count / 2;
            for (int at = 0; at < trees * pairs; at += Sha256Lanes.Most)
            {
                int some = Math.Min(Sha256Lanes.Most, (trees * pairs) - at);
                for (int i = 0; i < some; i++)
                {
                    int first = ((at + i) / pairs * leaves) + ((at + i) % pairs * 2);
                    nodes[i * NodeSize] = 1;
                    leafHashes.Slice(first * HashSize, 2 * HashSize).CopyTo(nodes[((i * NodeSize) + 1)..]);
                }

                Sha256Lanes.Hash(nodes, NodeSize, NodeSize, some, hashes);
                for (int i = 0; i < some; i++)
                {
                    hashes.Slice(i * HashSize, HashSize).CopyTo(leafHashes[((((at + i) / pairs * leaves) + ((at + i) % pairs)) * HashSize)..]);
                }
            }

            for (int tree = 0; tree < trees && (count & 1) == 1; tree++)
            {
                leafHashes.Slice(((tree * leaves) + count - 1) * HashSize, HashSize).CopyTo(leafHashes[(((tree * leaves) + pairs) * HashSize)..]);
            }
        }
    }

    /// <summary>The inclusion proof of one leaf (RFC 9162, section 2.1.3.1), from the leaf's sibling up.</summary>
    /// <param name="leafHashes">32 bytes each.</param>
    /// <param name="index">From 0.</param>
    public static IReadOnlyList<byte[]> InclusionProof(IReadOnlyList<byte[]> leafHashes, int index)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leafHashes.Count);
        List<byte[]> path = [];
        (int start, int end) = (0, leafHashes.Count);
        while (end - start > 1)
        {
            int split = start + LargestPowerOfTwoBelow(end - start);
            if (index < split)
            {
                path.Add(Subtree(leafHashes, split, end));
                end = split;
            }
            else
            {
                path.Add(Subtree(leafHashes, start, split));
                start = split;
            }
        }

        path.Reverse();
        return path;
    }

    /// <summary>Whether a proof leads from a leaf hash to a root (RFC 9162, section 2.1.3.2).</summary>
    public static bool VerifyInclusion(ReadOnlySpan<byte> leafHash, long index, long treeSize, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root) =>
        root.Length == HashSize && TryComputeRoot(leafHash, index, treeSize, proof, out byte[] computed) && CryptographicOperations.FixedTimeEquals(computed, root);

    /// <summary>The root to which a proof leads from a leaf hash.</summary>
    /// <param name="leafHash">32 bytes.</param>
    /// <param name="index">From 0.</param>
    /// <param name="treeSize">Leaves of the tree.</param>
    /// <param name="proof">32 bytes each, from the leaf's sibling up.</param>
    /// <param name="root">32 bytes; meaningless where the result is false.</param>
    /// <returns>False where no tree of this size has such a proof.</returns>
    public static bool TryComputeRoot(ReadOnlySpan<byte> leafHash, long index, long treeSize, IReadOnlyList<byte[]> proof, out byte[] root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        root = leafHash.ToArray();
        if (index < 0 || index >= treeSize || leafHash.Length != HashSize)
        {
            return false;
        }

        (long fn, long sn) = (index, treeSize - 1);
        foreach (byte[] sibling in proof)
        {
            if (sn == 0 || sibling is not { Length: HashSize })
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                NodeHash(sibling, root, root);
                while (fn != 0 && (fn & 1) == 0)
                {
                    fn >>= 1;
                    sn >>= 1;
                }
            }
            else
            {
                NodeHash(root, sibling, root);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0;
    }

    private static byte[] Subtree(IReadOnlyList<byte[]> leafHashes, int start, int end)
    {
        if (end - start == 1)
        {
            return leafHashes[start];
        }

        int split = start + LargestPowerOfTwoBelow(end - start);
        return NodeHash(Subtree(leafHashes, start, split), Subtree(leafHashes, split, end));
    }

    private static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        byte[] hash = new byte[HashSize];
        NodeHash(left, right, hash);
        return hash;
    }

    /// <summary>SHA-256(0x01 || left || right); the destination may be one of the two.</summary>
    internal static void NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> input = stackalloc byte[NodeSize];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + HashSize)..]);
        SHA256.HashData(input, destination);
    }

    private static int LargestPowerOfTwoBelow(int count) => 1 << (31 - BitOperations.LeadingZeroCount((uint)(count - 1)));
}
