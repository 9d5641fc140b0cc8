using System.Text;
using System.Text.Json;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Tests.Support;
using Verathos.Testing;

namespace Verathos.Protocol.Tests.Ohttp;

public class ChunkedPeerTests
{
    [Fact]
    public void Requests_and_answers_of_an_independent_client_are_opened_and_made()
    {
        string path = Path.Combine(Vectors.RepositoryRoot, "tests", "Protocol.Tests", "Ohttp", "chunked-peer.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement vectors = document.RootElement.GetProperty("vectors");
        Assert.Equal(2, vectors.GetArrayLength());
        foreach (JsonElement vector in vectors.EnumerateArray())
        {
            HpkePrivateKey imported = HpkePrivateKey.Import((HpkeKem)vector.Int("kem_id"), vector.Hex("skR"));
            Assert.Equal(vector.Hex("pkR"), imported.PublicKey.ToArray());
            using OhttpPrivateKey key = new((byte)vector.Int("key_id"), imported);
            using ChunkedRequestOpener opener = new([key], 1 << 20);
            opener.Feed(vector.Hex("request"));
            opener.Complete();
            List<string> opened = [];
            while (opener.TryRead(out OhttpChunk chunk))
            {
                opened.Add(Encoding.ASCII.GetString(chunk.Plaintext.Span));
            }

            Assert.True(opener.IsFinal);
            Assert.Equal(Texts(vector, "request_chunks"), opened);

            string[] answer = Texts(vector, "response_chunks");
            using ChunkedResponseSealer sealer = opener.CreateResponseSealer(vector.Hex("response_nonce"));
            byte[] start = sealer.Start();
            byte[] first = sealer.Seal(Encoding.ASCII.GetBytes(answer[0]));
            byte[] last = sealer.SealFinal(Encoding.ASCII.GetBytes(answer[1]));
            Assert.Equal(vector.Hex("response"), (byte[])[.. start, .. first, .. last]);
        }
    }

    private static string[] Texts(JsonElement vector, string name) =>
        [.. vector.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];
}
