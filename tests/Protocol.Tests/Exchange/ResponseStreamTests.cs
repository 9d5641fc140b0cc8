using CsCheck;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Exchange;

public sealed class ResponseStreamTests : IDisposable
{
    private static readonly byte[] Secret = Samples.Filled(32, 1);
    private readonly OhttpPrivateKey key = new(1, HpkePrivateKey.Generate(HpkeKem.XWing));
    private readonly ChunkedRequestSealer client;
    private readonly ChunkedRequestOpener gateway;

    public ResponseStreamTests()
    {
        Assert.True(ChunkedRequestSealer.TryCreate(key.Config, out client!));
        gateway = new ChunkedRequestOpener([key], 4096);
        gateway.Feed(client.SealAll([1]));
        gateway.Complete();
        Assert.True(gateway.TryRead(out _));
    }

    public void Dispose()
    {
        client.Dispose();
        gateway.Dispose();
        key.Dispose();
    }

    [Fact]
    public void An_answer_survives_any_splitting_and_both_ends_have_the_same_chain()
    {
        Gen.Select(Gen.Byte.Array[1, 600].Array[0, 8], Gen.Int[1, 900], Gen.Int[0, 8]).Sample((contents, step, chainAfter) =>
        {
            ChunkChain chain = new(Secret, gateway.RequestDigest.Span);
            List<byte[]> heads = [chain.Head.ToArray()];
            List<byte> wire = [];
            using (ResponseStreamSealer sealer = new(gateway.CreateResponseSealer(), chain))
            {
                wire.AddRange(sealer.Start(200, [new("content-type", "text/event-stream")]));
                heads.Add(chain.Head.ToArray());
                foreach (byte[] content in contents)
                {
                    wire.AddRange(sealer.Write(content));
                    heads.Add(chain.Head.ToArray());
                }

                wire.AddRange(sealer.Finish([new("verathos-receipt", "x")]));
            }

            using ResponseStreamOpener opener = new(client.CreateResponseOpener());
            List<byte> content2 = [];
            List<long> indices = [];
            bool ok = true;
            bool started = false;
            bool sawEnd = false;
            byte[] body = [.. wire];
            for (int at = 0; at < body.Length; at += step)
            {
                ok &= opener.Feed(body.AsSpan(at, Math.Min(step, body.Length - at))) == ExchangeError.None;
                if (!started && opener.ChunkCount >= chainAfter)
                {
                    started = true;
                    opener.StartChain(Secret, client.RequestDigest.Span);
                }
            }

            ok &= opener.Complete() == ExchangeError.None && opener.IsComplete;
            while (opener.TryRead(out ResponsePart part))
            {
                content2.AddRange(part.Content.Span);
                ok &= part.Kind != BhttpPartKind.Head || (part.Status == 200 && part.ChunkIndex == 1);
                if (part.Kind == BhttpPartKind.Content)
                {
                    indices.Add(part.ChunkIndex);
                }

                sawEnd |= part.Kind == BhttpPartKind.End && part.Fields.Single().Value == "x";
            }

            ok &= sawEnd && content2.SequenceEqual(contents.SelectMany(one => one)) && indices.SequenceEqual(Enumerable.Range(2, contents.Length).Select(i => (long)i));
            if (!started)
            {
                opener.StartChain(Secret, client.RequestDigest.Span);
            }

            for (int i = 0; i < heads.Count; i++)
            {
                ok &= opener.TryGetChainHead((ulong)i, out ReadOnlyMemory<byte> head) && head.Span.SequenceEqual(heads[i]);
            }

            return ok && opener.ChunkCount == contents.Length + 1 && !opener.TryGetChainHead((ulong)heads.Count, out _);
        }, iter: 50);
    }

    [Fact]
    public void Content_above_the_chunk_limit_is_split()
    {
        ChunkChain chain = new(Secret, gateway.RequestDigest.Span);
        byte[] content = new byte[40_000];
        new Random(1).NextBytes(content);
        using ResponseStreamSealer sealer = new(gateway.CreateResponseSealer(), chain);
        byte[] wire = [.. sealer.Start(200, []), .. sealer.Write(content), .. sealer.Finish([])];
        Assert.Equal(4ul, chain.Count);
        Assert.Equal(content, Receive(wire, out ExchangeError error));
        Assert.Equal(ExchangeError.None, error);
    }

    [Fact]
    public void A_cut_answer_is_refused_and_keeps_the_chain_of_what_came()
    {
        ChunkChain chain = new(Secret, gateway.RequestDigest.Span);
        using ResponseStreamSealer sealer = new(gateway.CreateResponseSealer(), chain);
        byte[] wire = [.. sealer.Start(200, []), .. sealer.Write([1, 2, 3])];
        using ResponseStreamOpener opener = new(client.CreateResponseOpener());
        opener.Feed(wire);
        Assert.Equal(ExchangeError.Truncated, opener.Complete());
        Assert.False(opener.IsComplete);
        opener.StartChain(Secret, client.RequestDigest.Span);
        Assert.True(opener.TryGetChainHead(2, out ReadOnlyMemory<byte> head));
        Assert.Equal(chain.Head.ToArray(), head.ToArray());
        Assert.Equal(2, opener.ChunkHashes.Count);
    }

    [Fact]
    public void Content_in_the_final_chunk_is_refused() =>
        AssertRefused([Head()], [0x01, 0x61, 0x00, 0x00], ExchangeError.ContentInFinalChunk);

    [Fact]
    public void A_message_that_is_over_before_the_final_chunk_is_refused() =>
        AssertRefused([Head(), [0x00, 0x00]], [], ExchangeError.End);

    [Fact]
    public void A_message_that_is_not_over_with_the_final_chunk_is_refused() =>
        AssertRefused([Head(), [0x01, 0x61]], [], ExchangeError.End);

    [Fact]
    public void What_is_not_a_response_is_refused() => AssertRefused([[0x02]], [], ExchangeError.Message);

    [Fact]
    public void Parts_of_the_message_may_lie_anywhere_in_the_chunks()
    {
        byte[] content = Receive(Seal([Head()[..2], Head()[2..], [0x03, 0x61], [0x62, 0x63, 0x01, 0x64]], [0x00, 0x00]), out ExchangeError error);
        Assert.Equal(ExchangeError.None, error);
        Assert.Equal("abcd"u8.ToArray(), content);
    }

    [Fact]
    public void Altered_and_oversized_chunks_are_refused_by_name()
    {
        byte[] wire = Seal([Head()], [0x00, 0x00]);
        wire[40] ^= 1;
        Receive(wire, out ExchangeError error);
        Assert.Equal(ExchangeError.ChunkNotAuthentic, error);
        Receive([.. Seal([Head()], [0])[..32], 0xbf, 0xff, 0xff, 0xff], out error);
        Assert.Equal(ExchangeError.ChunkLength, error);
    }

    [Fact]
    public void The_chain_is_started_once()
    {
        using ResponseStreamOpener opener = new(client.CreateResponseOpener());
        Assert.False(opener.TryGetChainHead(0, out _));
        opener.StartChain(Secret, Secret);
        Assert.Throws<InvalidOperationException>(() => opener.StartChain(Secret, Secret));
    }

    private static byte[] Head() => [0x03, 0x40, 0xc8, 0x00];

    private byte[] Seal(byte[][] chunks, byte[] last)
    {
        using ChunkedResponseSealer sealer = gateway.CreateResponseSealer();
        byte[] start = sealer.Start();
        return [.. start, .. chunks.SelectMany(chunk => sealer.Seal(chunk)), .. sealer.SealFinal(last)];
    }

    private byte[] Receive(byte[] wire, out ExchangeError error)
    {
        using ResponseStreamOpener opener = new(client.CreateResponseOpener());
        opener.Feed(wire);
        error = opener.Complete();
        List<byte> content = [];
        while (opener.TryRead(out ResponsePart part))
        {
            content.AddRange(part.Content.Span);
        }

        return [.. content];
    }

    private void AssertRefused(byte[][] chunks, byte[] last, ExchangeError expected)
    {
        Receive(Seal(chunks, last), out ExchangeError error);
        Assert.Equal(expected, error);
    }
}
