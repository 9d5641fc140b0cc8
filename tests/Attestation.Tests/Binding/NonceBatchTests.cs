using System.Security.Cryptography;
using CsCheck;
using Verathos.Attestation.Binding;

namespace Verathos.Attestation.Tests.Binding;

public sealed class NonceBatchTests
{
    private static readonly Gen<byte[][]> Nonces = Gen.Byte.Array[32].Array[1, 40];

    [Fact]
    public void Every_nonce_of_every_batch_is_proved_and_no_other_is() => Nonces.Sample(
        nonces =>
        {
            NonceBatch batch = NonceBatch.Build([.. nonces.Select(nonce => (ReadOnlyMemory<byte>)nonce)]);
            for (int i = 0; i < nonces.Length; i++)
            {
                NonceProof proof = batch.Prove(i);
                byte[] other = [.. nonces[i]];
                other[i % 32] ^= 1;
                if (!NonceBatch.Verify(nonces[i], proof, batch.Root) || NonceBatch.Verify(other, proof, batch.Root))
                {
                    return false;
                }
            }

            return true;
        },
        iter: 200);

    [Fact]
    public void A_batch_of_one_is_the_leaf_hash_of_rfc_9162()
    {
        byte[] nonce = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

        byte[] root = NonceBatch.Build([nonce]).Root;

        Assert.Equal(SHA256.HashData([0, .. nonce]), root);
        Assert.True(NonceProof.Alone.TryComputeRoot(nonce, out byte[] computed));
        Assert.Equal(root, computed);
    }

    [Fact]
    public void A_batch_of_three_splits_after_two()
    {
        byte[][] leaves = [.. Enumerable.Range(1, 3).Select(i => SHA256.HashData([0, .. Filled((byte)i)]))];
        byte[] left = SHA256.HashData([1, .. leaves[0], .. leaves[1]]);

        Assert.Equal(SHA256.HashData([1, .. left, .. leaves[2]]), NonceBatch.Build([Filled(1), Filled(2), Filled(3)]).Root);
    }

    public static TheoryData<string, long, long, int> Malformed => new()
    {
        { "index beyond the tree", 3, 3, 2 },
        { "negative index", -1, 3, 2 },
        { "empty tree", 0, 0, 0 },
        { "tree beyond the bound", 0, (1L << 20) + 1, 21 },
        { "path too short", 0, 3, 1 },
        { "path too long", 0, 3, 3 },
        { "path where there is none", 0, 1, 1 },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_proof_whose_parts_do_not_belong_together_leads_nowhere(string name, long index, long size, int path)
    {
        NonceProof proof = new(index, size, [.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[32], path)]);

        Assert.False(proof.TryComputeRoot(new byte[32], out _), name);
    }

    [Fact]
    public void A_sibling_or_nonce_of_another_length_leads_nowhere()
    {
        Assert.False(new NonceProof(0, 2, [new byte[31]]).TryComputeRoot(new byte[32], out _));
        Assert.False(NonceProof.Alone.TryComputeRoot(new byte[31], out _));
        Assert.False(NonceProof.Alone.TryComputeRoot([], out _));
    }

    private static byte[] Filled(byte value)
    {
        byte[] bytes = new byte[32];
        Array.Fill(bytes, value);
        return bytes;
    }
}
