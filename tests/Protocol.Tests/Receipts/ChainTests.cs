using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Receipts;

public class ChainTests
{
    private static readonly byte[] Secret = Samples.Filled(32, 1);
    private static readonly byte[] Request = Samples.Filled(32, 2);

    [Fact]
    public void The_chain_is_what_its_definition_says()
    {
        byte[] head = HMACSHA256.HashData(Secret, (byte[])[.. Encoding.ASCII.GetBytes("verathos.chain.v1"), .. Request]);
        ChunkChain chain = new(Secret, Request);
        Assert.Equal(head, chain.Head.ToArray());
        for (ulong i = 1; i < 5; i++)
        {
            byte[] chunk = Samples.Filled((int)i, (byte)i);
            byte[] number = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(number, i);
            head = SHA256.HashData([.. head, .. number, .. SHA256.HashData(chunk)]);
            chain.Append(chunk);
            Assert.Equal(head, chain.Head.ToArray());
            Assert.Equal(i, chain.Count);
        }
    }

    [Fact]
    public void Other_chunks_or_another_order_or_cut_or_secret_or_request_give_another_head()
    {
        Gen.Select(Gen.Byte.Array[0, 20].Array[1, 6], Gen.Byte.Array[0, 20].Array[1, 6]).Sample((left, right) =>
        {
            bool same = left.Length == right.Length && left.Zip(right).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            return Head(Secret, Request, left).AsSpan().SequenceEqual(Head(Secret, Request, right)) == same;
        });
        Assert.NotEqual(Head(Secret, Request, [[1, 2]]), Head(Secret, Request, [[1], [2]]));
        Assert.NotEqual(Head(Secret, Request, [[1]]), Head(Request, Request, [[1]]));
        Assert.NotEqual(Head(Secret, Request, [[1]]), Head(Secret, Secret, [[1]]));
    }

    [Fact]
    public void A_commitment_is_what_its_definition_says()
    {
        byte[] expected = HMACSHA256.HashData(Secret, (byte[])[.. "verathos.output.v1"u8, 0, 0, 0, 1, 0, 1, 0, 0]);
        Assert.Equal(expected, TokenCommitment.Compute(Secret, TokenCommitment.Output, [1, 65536]));
        Assert.NotEqual(expected, TokenCommitment.Compute(Secret, TokenCommitment.Prompt, [1, 65536]));
        Assert.NotEqual(expected, TokenCommitment.Compute(Request, TokenCommitment.Output, [1, 65536]));
        Assert.NotEqual(expected, TokenCommitment.Compute(Secret, TokenCommitment.Output, [65536, 1]));
        Assert.Equal(TokenCommitment.Prompt.Length, TokenCommitment.Output.Length);
        Assert.Throws<OverflowException>(() => TokenCommitment.Compute(Secret, TokenCommitment.Output, [-1]));
    }

    private static byte[] Head(byte[] secret, byte[] request, byte[][] chunks)
    {
        ChunkChain chain = new(secret, request);
        foreach (byte[] chunk in chunks)
        {
            chain.Append(chunk);
        }

        return chain.Head.ToArray();
    }
}
