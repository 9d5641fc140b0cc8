using CsCheck;
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

    [Fact]
    public void Leaves_appended_together_give_the_same_root() => Gen.Int[1, 40].List[1, 12].Sample(runs =>
    {
        (MerkleFrontier one, MerkleFrontier all) = (new(), new());
        byte[][] roots = [new byte[32], new byte[32]];
        foreach (int run in runs)
        {
            byte[][] hashes = [.. Enumerable.Range(0, run).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(one.Count + i)))];
            all.AppendAll([.. hashes.SelectMany(h => h)]);
            Array.ForEach(hashes, h => one.Append(h));
            one.WriteRoot(roots[0]);
            all.WriteRoot(roots[1]);
            Assert.Equal(roots[0], roots[1]);
        }

        return one.Count == all.Count;
    }, iter: 100);
}
