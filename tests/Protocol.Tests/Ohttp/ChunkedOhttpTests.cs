using CsCheck;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;

namespace Verathos.Protocol.Tests.Ohttp;

public sealed class ChunkedOhttpTests : IDisposable
{
    private readonly OhttpPrivateKey key = new(7, HpkePrivateKey.Generate(HpkeKem.XWing));
    private readonly OhttpPrivateKey other = new(8, HpkePrivateKey.Generate(HpkeKem.X25519));

    public void Dispose()
    {
        key.Dispose();
        other.Dispose();
    }

    [Fact]
    public void A_request_survives_any_cutting_into_chunks_and_any_splitting_of_the_bytes()
    {
        Gen.Select(Gen.Byte.Array[0, 900].Array[0, 5], Gen.Byte.Array[0, 100], Gen.Int[1, 2500]).Sample((chunks, last, step) =>
        {
            (ChunkedRequestSealer sealer, byte[] message) = Seal(key, chunks, last);
            using (sealer)
            {
                using ChunkedRequestOpener opener = new([other, key], 1 << 20);
                List<byte[]> opened = [];
                for (int at = 0; at < message.Length; at += step)
                {
                    opener.Feed(message.AsSpan(at, Math.Min(step, message.Length - at)));
                    Drain(opener, opened);
                }

                bool early = opener.IsFinal;
                opener.Complete();
                Drain(opener, opened);
                return !early && opener.IsFinal && opener.Error == OhttpError.None && opener.KeyId == 7
                    && opened.Count == chunks.Length + 1
                    && opened.Zip([.. chunks, last]).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second))
                    && opener.RequestDigest.Span.SequenceEqual(System.Security.Cryptography.SHA256.HashData(message))
                    && opener.RequestDigest.Span.SequenceEqual(sealer.RequestDigest.Span)
                    && opener.HeaderDigest.Span.SequenceEqual(System.Security.Cryptography.SHA256.HashData(message.AsSpan(0, 7 + 1120)));
            }
        }, iter: 60);
    }

    [Fact]
    public void A_response_survives_any_cutting_into_chunks_and_any_splitting_of_the_bytes()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(key, [], [1]);
        using ChunkedRequestOpener gateway = Open(message);
        Gen.Select(Gen.Byte.Array[0, 900].Array[0, 6], Gen.Byte.Array[0, 100], Gen.Int[1, 700]).Sample((chunks, last, step) =>
        {
            byte[] response = Join(Respond(gateway, chunks, last));
            using ChunkedResponseOpener client = sealer.CreateResponseOpener();
            List<byte[]> opened = [];
            for (int at = 0; at < response.Length; at += step)
            {
                client.Feed(response.AsSpan(at, Math.Min(step, response.Length - at)));
                Drain(client, opened);
            }

            bool early = client.IsFinal;
            client.Complete();
            Drain(client, opened);
            return !early && client.IsFinal && opened.Count == chunks.Length + 1
                && opened.Zip([.. chunks, last]).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        });
        sealer.Dispose();
    }

    [Fact]
    public void A_lost_chunk_is_refused() => AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[3], pieces[4]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void Exchanged_chunks_are_refused() => AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[3], pieces[2], pieces[4]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_repeated_chunk_is_refused() => AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[1], pieces[2], pieces[3], pieces[4]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_response_without_its_final_chunk_is_refused() => AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[2], pieces[3]], OhttpError.Truncated);

    [Fact]
    public void A_response_whose_final_chunk_is_cut_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[2], pieces[3], pieces[4][..^1]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_response_cut_at_the_final_marker_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[2], pieces[3], [0]], OhttpError.Truncated);

    [Fact]
    public void An_ordinary_chunk_passed_off_as_the_final_one_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], pieces[1], [0, .. pieces[2].AsSpan(1)]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_final_chunk_passed_off_as_an_ordinary_one_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], pieces[1], pieces[2], pieces[3], [(byte)(pieces[4].Length - 1), .. pieces[4].AsSpan(1)]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_length_in_a_longer_form_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], [0x40, .. pieces[1]], pieces[2], pieces[3], pieces[4]], OhttpError.ChunkLength);

    [Fact]
    public void A_chunk_larger_than_the_limit_is_refused_before_it_is_buffered() =>
        AssertResponseRefused(pieces => [pieces[0], [0x80, 0x00, 0x40, 0x11]], OhttpError.ChunkTooLarge);

    [Fact]
    public void A_final_chunk_larger_than_the_limit_is_refused() =>
        AssertResponseRefused(pieces => [pieces[0], [0, .. new byte[16384 + 17]]], OhttpError.ChunkTooLarge);

    [Fact]
    public void A_response_with_another_nonce_is_refused() =>
        AssertResponseRefused(pieces => [[.. pieces[0].AsSpan(0, 31), (byte)(pieces[0][31] ^ 1)], pieces[1], pieces[2], pieces[3], pieces[4]], OhttpError.ChunkNotAuthentic);

    [Fact]
    public void A_response_cut_in_its_nonce_is_refused() => AssertResponseRefused(pieces => [pieces[0][..31]], OhttpError.Truncated);

    [Fact]
    public void Every_single_altered_byte_of_a_response_is_refused()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(key, [], [1]);
        using ChunkedRequestOpener gateway = Open(message);
        byte[] response = Join(Respond(gateway, [[1, 2], [3]], [4]));
        for (int i = 0; i < response.Length; i++)
        {
            byte[] altered = [.. response];
            altered[i] ^= 0x01;
            Assert.NotEqual(OhttpError.None, Receive(sealer, altered));
        }

        Assert.Equal(OhttpError.None, Receive(sealer, response));
        sealer.Dispose();
    }

    [Fact]
    public void Every_prefix_of_a_request_is_refused_as_cut()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(other, [[1, 2, 3]], [4]);
        sealer.Dispose();
        for (int length = 0; length < message.Length; length++)
        {
            using ChunkedRequestOpener opener = new([other], 4096);
            opener.Feed(message.AsSpan(0, length));
            opener.Complete();
            while (opener.TryRead(out _))
            {
            }

            Assert.False(opener.IsFinal);
            Assert.True(opener.Error is OhttpError.Truncated or OhttpError.ChunkNotAuthentic, $"{length}: {opener.Error}");
        }
    }

    [Theory]
    [InlineData(0, 9, OhttpError.UnknownKey)]
    [InlineData(2, 0x21, OhttpError.UnknownKey)]
    [InlineData(4, 2, OhttpError.UnknownKey)]
    [InlineData(6, 1, OhttpError.UnknownKey)]
    [InlineData(7, 0xff, OhttpError.ChunkNotAuthentic)]
    public void A_header_that_the_gateway_does_not_offer_is_refused(int at, byte value, OhttpError expected)
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(other, [], [1]);
        sealer.Dispose();
        message[at] = value == 0xff ? (byte)(message[at] ^ 0xff) : value;
        using ChunkedRequestOpener opener = new([key, other], 4096);
        opener.Feed(message);
        opener.Complete();
        Assert.False(opener.TryRead(out _));
        Assert.Equal(expected, opener.Error);
    }

    [Fact]
    public void An_encapsulated_key_of_small_order_is_refused()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(other, [], [1]);
        sealer.Dispose();
        message.AsSpan(7, 32).Clear();
        using ChunkedRequestOpener opener = new([other], 4096);
        Assert.Equal(OhttpError.Decapsulation, opener.Feed(message));
        Assert.False(opener.HeaderComplete);
    }

    [Fact]
    public void A_request_above_the_limit_is_refused_as_soon_as_it_passes_it()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(other, [new byte[500]], [1]);
        sealer.Dispose();
        using ChunkedRequestOpener opener = new([other], 300);
        Assert.Equal(OhttpError.None, opener.Feed(message.AsSpan(0, 300)));
        Assert.Equal(OhttpError.MessageTooLarge, opener.Feed(message.AsSpan(300)));
        Assert.Equal(OhttpError.MessageTooLarge, opener.Complete());
    }

    [Fact]
    public void Bytes_after_the_end_are_refused()
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(other, [], [1]);
        sealer.Dispose();
        using ChunkedRequestOpener opener = new([other], 4096);
        opener.Feed(message);
        opener.Complete();
        Assert.Equal(OhttpError.Closed, opener.Feed([0]));
    }

    [Fact]
    public void Misuse_of_a_sealer_throws()
    {
        Assert.True(ChunkedRequestSealer.TryCreate(other.Config, out ChunkedRequestSealer? sealer));
        Assert.Throws<InvalidOperationException>(() => sealer.Seal([]));
        sealer.Start();
        Assert.Throws<InvalidOperationException>(() => sealer.Start());
        Assert.Throws<InvalidOperationException>(() => sealer.RequestDigest);
        Assert.Throws<ArgumentOutOfRangeException>(() => sealer.Seal(new byte[OhttpChunk.MaxPlaintext + 1]));
        sealer.SealFinal([]);
        Assert.Throws<InvalidOperationException>(() => sealer.SealFinal([]));
        sealer.Dispose();
    }

    [Fact]
    public void A_configuration_without_the_one_cipher_is_not_sealed_to()
    {
        OhttpKeyConfig weaker = other.Config with { Algorithms = [new OhttpAlgorithm(1, 1), new OhttpAlgorithm(1, 3)] };
        Assert.False(ChunkedRequestSealer.TryCreate(weaker, out _));
    }

    [Fact]
    public void A_large_request_is_cut_into_chunks_of_the_limit()
    {
        byte[] request = new byte[40_000];
        new Random(1).NextBytes(request);
        Assert.True(ChunkedRequestSealer.TryCreate(key.Config, out ChunkedRequestSealer? sealer));
        using ChunkedRequestOpener opener = new([key], 1 << 20);
        opener.Feed(sealer.SealAll(request));
        opener.Complete();
        List<byte[]> opened = [];
        Drain(opener, opened);
        Assert.Equal([16384, 16384, 7232], opened.Select(chunk => chunk.Length));
        Assert.Equal(request, opened.SelectMany(chunk => chunk));
        sealer.Dispose();
    }

    private static (ChunkedRequestSealer Sealer, byte[] Message) Seal(OhttpPrivateKey to, byte[][] chunks, byte[] last)
    {
        Assert.True(ChunkedRequestSealer.TryCreate(to.Config, out ChunkedRequestSealer? sealer));
        byte[] start = sealer.Start();
        return (sealer, Join([start, .. chunks.Select(chunk => sealer.Seal(chunk)), sealer.SealFinal(last)]));
    }

    private static byte[][] Respond(ChunkedRequestOpener gateway, byte[][] chunks, byte[] last)
    {
        using ChunkedResponseSealer sealer = gateway.CreateResponseSealer();
        byte[] start = sealer.Start();
        return [start, .. chunks.Select(chunk => sealer.Seal(chunk)), sealer.SealFinal(last)];
    }

    private static byte[] Join(IEnumerable<byte[]> pieces) => [.. pieces.SelectMany(piece => piece)];

    private static OhttpError Receive(ChunkedRequestSealer sealer, byte[] response)
    {
        using ChunkedResponseOpener client = sealer.CreateResponseOpener();
        client.Feed(response);
        client.Complete();
        while (client.TryRead(out _))
        {
        }

        return client.Error == OhttpError.None && !client.IsFinal ? OhttpError.Truncated : client.Error;
    }

    private static void Drain(ChunkedRequestOpener opener, List<byte[]> opened)
    {
        while (opener.TryRead(out OhttpChunk chunk))
        {
            opened.Add(chunk.Plaintext.ToArray());
        }
    }

    private static void Drain(ChunkedResponseOpener opener, List<byte[]> opened)
    {
        while (opener.TryRead(out OhttpChunk chunk))
        {
            opened.Add(chunk.Plaintext.ToArray());
        }
    }

    private ChunkedRequestOpener Open(byte[] message)
    {
        ChunkedRequestOpener opener = new([key, other], 1 << 20);
        opener.Feed(message);
        opener.Complete();
        while (opener.TryRead(out _))
        {
        }

        Assert.True(opener.IsFinal);
        return opener;
    }

    private void AssertResponseRefused(Func<byte[][], byte[][]> attack, OhttpError expected)
    {
        (ChunkedRequestSealer sealer, byte[] message) = Seal(key, [], [1]);
        using ChunkedRequestOpener gateway = Open(message);
        byte[][] pieces = Respond(gateway, [[1, 1], [2, 2], [3, 3]], [4]);
        Assert.Equal(OhttpError.None, Receive(sealer, Join(pieces)));
        Assert.Equal(expected, Receive(sealer, Join(attack(pieces))));
        sealer.Dispose();
    }
}
