namespace Verathos.Fingerprint.Merkle;

/// <summary>All hashes of a finished <see cref="MerkleTree"/>, so that a proof costs a look at each level.</summary>
public sealed class MerkleLevels
{
    private readonly List<byte[][]> _levels;

    /// <summary>Hashes up to the root.</summary>
    /// <param name="leafHashes">32 bytes each, at least one.</param>
    public MerkleLevels(byte[][] leafHashes)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        ArgumentOutOfRangeException.ThrowIfZero(leafHashes.Length);
        _levels = [leafHashes];
        for (byte[][] below = leafHashes; below.Length > 1; below = _levels[^1])
        {
            byte[][] level = new byte[(below.Length + 1) / 2][];
            for (int i = 0; i < level.Length; i++)
            {
                level[i] = below[2 * i];
                if ((2 * i) + 1 < below.Length)
                {
                    level[i] = new byte[MerkleTree.HashSize];
                    MerkleTree.NodeHash(below[2 * i], below[(2 * i) + 1], level[i]);
                }
            }

            _levels.Add(level);
        }
    }

    /// <summary>Leaves.</summary>
    public int Count => _levels[0].Length;

    /// <summary>32 bytes.</summary>
    public byte[] Root => _levels[^1][0];

    /// <summary>The inclusion proof of a leaf, from its sibling up.</summary>
    public IReadOnlyList<byte[]> InclusionProof(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        List<byte[]> proof = [];
        foreach (byte[][] level in _levels)
        {
            if ((index ^ 1) < level.Length)
            {
                proof.Add(level[index ^ 1]);
            }

            index /= 2;
        }

        return proof;
    }
}
