using System.Security.Cryptography;
using CsCheck;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Tests.Merkle;

public sealed class MerkleTreeTests
{
    // The eight leaves and roots of the test data that RFC 6962's reference log uses (certificate-transparency, merkletree).
    private static readonly string[] s_leaves =
    [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ];

    private static readonly string[] s_roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_equal_the_reference_logs()
    {
        byte[][] hashes = [.. s_leaves.Select(leaf => MerkleTree.LeafHash(Convert.FromHexString(leaf)))];
        for (int size = 1; size <= s_roots.Length; size++)
        {
            Assert.Equal(s_roots[size - 1], Convert.ToHexStringLower(MerkleTree.Root(hashes[..size])));
        }
    }

    [Fact]
    public void No_leaves_hash_to_the_empty_string() =>
        Assert.Equal(SHA256.HashData([]), MerkleTree.Root([]));

    [Fact]
    public void Every_leaf_proves_its_place_and_no_other() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[0, 1000]).Sample((size, seed) =>
        {
            Random random = new(seed);
            byte[][] hashes = [.. Enumerable.Range(0, size).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(i)))];
            byte[] root = MerkleTree.Root(hashes);
            int index = random.Next(size);
            IReadOnlyList<byte[]> proof = MerkleTree.InclusionProof(hashes, index);
            int other = (index + 1 + random.Next(Math.Max(1, size - 1))) % size;
            return MerkleTree.VerifyInclusion(hashes[index], index, size, proof, root)
                && (other == index || !MerkleTree.VerifyInclusion(hashes[other], index, size, proof, root))
                && (other == index || !MerkleTree.VerifyInclusion(hashes[index], other, size, proof, root))
                && !MerkleTree.VerifyInclusion(hashes[index], index, size, [.. proof, root], root)
                && (proof.Count == 0 || !MerkleTree.VerifyInclusion(hashes[index], index, size, [.. proof.Skip(1)], root))
                && !MerkleTree.VerifyInclusion(hashes[index], -1, size, proof, root)
                && !MerkleTree.VerifyInclusion(hashes[index], size, size, proof, root);
        });

    [Fact]
    public void A_sibling_of_the_wrong_length_is_refused()
    {
        byte[][] hashes = [MerkleTree.LeafHash([1]), MerkleTree.LeafHash([2])];
        Assert.False(MerkleTree.VerifyInclusion(hashes[0], 0, 2, [hashes[1][..31]], MerkleTree.Root(hashes)));
    }
}
