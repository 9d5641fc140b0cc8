using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Verathos.Fingerprint.Hashing;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Tests.Hashing;

public sealed class Sha256LanesTests
{
    private delegate void Hasher(ReadOnlySpan<byte> messages, int stride, int length, int count, Span<byte> digests);

    /// <summary>NIST's examples for SHA-256 (https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values) and short messages of SHA256ShortMsg.rsp.</summary>
    public static TheoryData<string, string> Vectors => new()
    {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        {
            Hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        },
        { "d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
        { "11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Every_lane_gives_the_standards_hash(string message, string hash)
    {
        byte[] one = Convert.FromHexString(message);
        foreach ((int lanes, Hasher hasher) in Kernels())
        {
            byte[] digests = new byte[32 * lanes];
            hasher([.. Enumerable.Repeat(one, lanes).SelectMany(m => m)], one.Length, one.Length, lanes, digests);
            Assert.All(digests.Chunk(32), digest => Assert.Equal(hash, Convert.ToHexStringLower(digest)));
        }
    }

    /// <summary>Every count and every length around the blocks' edges, lane by lane, by each kernel that the machine has.</summary>
    [Fact]
    public void Every_lane_agrees_with_the_platform()
    {
        Random random = new(1);
        foreach ((int lanes, Hasher hasher) in Kernels())
        {
            for (int length = 0; length <= 200; length++)
            {
                int stride = length + random.Next(5);
                byte[] messages = new byte[(stride * lanes) + 64];
                random.NextBytes(messages);
                int count = 1 + (length % lanes);
                byte[] digests = new byte[32 * lanes];
                hasher(messages, stride, length, count, digests);
                for (int i = 0; i < lanes; i++)
                {
                    byte[] expected = i < count ? SHA256.HashData(messages.AsSpan(i * stride, length)) : new byte[32];
                    Assert.Equal(expected, digests[(32 * i)..(32 * (i + 1))]);
                }
            }
        }
    }

    [Fact]
    public void Any_number_of_messages_agrees_with_the_platform() => Gen.Select(Gen.Int[0, 50], Gen.Int[0, 5000], Gen.Int[0, 100], Gen.Int[0, 999]).Sample((count, length, gap, seed) =>
    {
        byte[] messages = new byte[count == 0 ? 0 : ((length + gap) * (count - 1)) + length];
        new Random(seed).NextBytes(messages);
        byte[] digests = new byte[32 * count];
        Sha256Lanes.Hash(messages, length + gap, length, count, digests);
        return Enumerable.Range(0, count).All(i => SHA256.HashData(messages.AsSpan(i * (length + gap), length)).AsSpan().SequenceEqual(digests.AsSpan(32 * i, 32)));
    }, iter: 300);

    /// <summary>A million times "a", the standard's longest example, once in each lane.</summary>
    [Fact]
    public void A_long_message_has_the_standards_hash()
    {
        byte[] message = [.. Enumerable.Repeat((byte)'a', 1_000_000)];
        foreach ((int lanes, Hasher hasher) in Kernels())
        {
            byte[] digests = new byte[32 * lanes];
            hasher(message, message.Length, message.Length, 1, digests);
            Assert.Equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", Convert.ToHexStringLower(digests.AsSpan(0, 32)));
        }
    }

    [Fact]
    public void Messages_and_hashes_must_be_there()
    {
        Assert.Throws<ArgumentException>(() => Sha256Lanes.Hash(new byte[9], 5, 5, 2, new byte[64]));
        Assert.Throws<ArgumentException>(() => Sha256Lanes.Hash(new byte[10], 5, 5, 2, new byte[63]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sha256Lanes.Hash(new byte[10], 4, 5, 2, new byte[64]));
        Sha256Lanes.Hash([], 5, 5, 0, []);
    }

    [Fact]
    public void Trees_folded_together_have_the_roots_of_trees_alone() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 20], Gen.Int[0, 999]).Sample((leaves, trees, seed) =>
    {
        byte[] hashes = new byte[32 * leaves * trees];
        new Random(seed).NextBytes(hashes);
        byte[][] roots = [.. hashes.Chunk(32 * leaves).Select(tree => MerkleTree.Root([.. tree.Chunk(32)]))];
        MerkleTree.Fold(hashes, trees);
        return Enumerable.Range(0, trees).All(i => hashes.AsSpan(32 * leaves * i, 32).SequenceEqual(roots[i]));
    }, iter: 100);

    private static IEnumerable<(int Lanes, Hasher Hasher)> Kernels()
    {
        yield return (16, Sha256Lanes.Hash);
        if (Avx512BW.IsSupported)
        {
            yield return (16, Sha256Lanes.Hash512);
        }

        if (Avx2.IsSupported)
        {
            yield return (8, Sha256Lanes.Hash256);
        }
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.ASCII.GetBytes(text));
}
