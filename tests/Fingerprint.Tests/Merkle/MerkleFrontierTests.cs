using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Tests.Merkle;

public sealed class MerkleFrontierTests
{
    [Fact]
    public void Every_size_has_the_trees_root()
    {
        MerkleFrontier frontier = new();
        List<byte[]> hashes = [];
        byte[] root = new byte[32];
        Assert.Throws<InvalidOperationException>(() => frontier.WriteRoot(root));
        for (int i = 0; i < 300; i++)
        {
            hashes.Add(MerkleTree.LeafHash(BitConverter.GetBytes(i)));
            frontier.Append(hashes[i]);
            frontier.WriteRoot(root);
            byte[] folded = [.. hashes.SelectMany(h => h)];
            MerkleTree.Fold(folded);
            Assert.Equal(MerkleTree.Root(hashes), root);
            Assert.Equal(root, folded[..32]);
        }

        Assert.Equal(300, frontier.Count);
        Assert.Throws<ArgumentException>(() => frontier.Append(new byte[31]));
    }
}
