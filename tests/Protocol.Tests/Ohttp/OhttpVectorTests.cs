using System.Text.Json;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Ohttp;

public class OhttpVectorTests
{
    [Fact]
    public void The_example_of_rfc_9458_is_reproduced_in_both_directions()
    {
        JsonElement vector = Standards.Read("ohttp-rfc9458.json");
        Assert.True(OhttpKeyConfig.TryParse(vector.Hex("key_config"), out OhttpKeyConfig? config));
        Assert.Equal(vector.Hex("key_config"), config.Encode());
        using OhttpPrivateKey key = new(config.KeyId, HpkePrivateKey.Import(HpkeKem.X25519, vector.Hex("skR")), [HpkeAead.Aes128Gcm, HpkeAead.ChaCha20Poly1305]);
        Assert.Equal(vector.Hex("key_config"), key.Config.Encode());

        OhttpHeader header = new(1, new HpkeSuite(HpkeKem.X25519, HpkeKdf.HkdfSha256, HpkeAead.Aes128Gcm));
        byte[] randomness = [.. new byte[32], .. vector.Hex("skE")];
        Assert.True(OhttpRequest.TrySeal(header, config.PublicKey.Span, randomness, vector.Hex("request"), out byte[] message, out OhttpRequest? client));
        Assert.Equal(vector.Hex("encapsulated_request"), message);

        Assert.Equal(OhttpError.None, OhttpRequest.TryOpen([key], message, out byte[] request, out OhttpRequest? gateway));
        Assert.Equal(vector.Hex("request"), request);
        Assert.Equal(vector.Hex("encapsulated_response"), gateway!.SealResponse(vector.Hex("response"), vector.Hex("response_nonce")));

        Assert.True(client.TryOpenResponse(vector.Hex("encapsulated_response"), out byte[] response));
        Assert.Equal(vector.Hex("response"), response);
        client.Dispose();
        gateway.Dispose();
    }

    [Fact]
    public void The_example_of_the_chunked_draft_is_reproduced_in_both_directions()
    {
        JsonElement vector = Standards.Read("ohttp-chunked-draft.json");
        using OhttpPrivateKey key = new(1, HpkePrivateKey.Import(HpkeKem.X25519, vector.Hex("skR")), [HpkeAead.Aes128Gcm, HpkeAead.ChaCha20Poly1305]);
        Assert.Equal(vector.Hex("key_config"), key.Config.Encode());
        byte[][] pieces = [.. vector.GetProperty("encapsulated_request").EnumerateArray().Select(piece => Convert.FromHexString(piece.GetString()!))];

        byte[] randomness = [.. new byte[32], .. vector.Hex("skE")];
        Assert.True(ChunkedRequestSealer.TryCreate(key.Config, HpkeAead.Aes128Gcm, randomness, out ChunkedRequestSealer? sealer));
        byte[] request = vector.Hex("request");
        Assert.Equal(pieces[0].Concat(pieces[1]), sealer.Start());
        Assert.Equal(vector.Hex("enc"), pieces[1]);
        Assert.Equal(pieces[2], sealer.Seal(request.AsSpan(0, 12)));
        Assert.Equal(pieces[3], sealer.Seal(request.AsSpan(12)));
        Assert.Equal(pieces[4], sealer.SealFinal([]));

        using ChunkedRequestOpener opener = new([key], 1024);
        foreach (byte[] piece in pieces)
        {
            Assert.Equal(OhttpError.None, opener.Feed(piece));
        }

        Assert.Equal(OhttpError.None, opener.Complete());
        List<byte> opened = [];
        while (opener.TryRead(out OhttpChunk chunk))
        {
            opened.AddRange(chunk.Plaintext.Span);
        }

        Assert.Equal(request, opened);
        Assert.True(opener.IsFinal);
        Assert.Equal(sealer.RequestDigest.ToArray(), opener.RequestDigest.ToArray());

        byte[][] answer = [.. vector.GetProperty("encapsulated_response").EnumerateArray().Select(piece => Convert.FromHexString(piece.GetString()!))];
        byte[] response = vector.Hex("response");
        using ChunkedResponseSealer responder = opener.CreateResponseSealer(answer[0]);
        Assert.Equal(answer[0], responder.Start());
        Assert.Equal(answer[1], responder.Seal(response.AsSpan(0, 1)));
        Assert.Equal(answer[2], responder.Seal(response.AsSpan(1)));
        Assert.Equal(answer[3], responder.SealFinal([]));

        using ChunkedResponseOpener client = sealer.CreateResponseOpener();
        List<byte> received = [];
        foreach (byte[] piece in answer)
        {
            Assert.Equal(OhttpError.None, client.Feed(piece));
        }

        Assert.Equal(OhttpError.None, client.Complete());
        while (client.TryRead(out OhttpChunk chunk))
        {
            received.AddRange(chunk.Plaintext.Span);
        }

        Assert.True(client.IsFinal);
        Assert.Equal(response, received);
        sealer.Dispose();
    }
}
