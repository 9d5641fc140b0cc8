using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Tests.Nodes;

/// <summary>A test node's signed and sealed answer with openings: items of the right number, with made-up bytes.</summary>
internal static class TestOpening
{
    public static List<byte[]> Write(TestNode node, BinaryRequest inner, ChunkedRequestOpener opener)
    {
        if (!OpeningRequest.TryParse(inner.Content.Span, out OpeningRequest? request))
            throw new InvalidOperationException("the client sent no request for openings");

        node.LastOpening = request;
        List<byte[]> items = node.Tampering.OpeningItems?.Invoke(Items(request.Ask, node.Steps)) ?? Items(request.Ask, node.Steps);
        byte[] content = [.. items.SelectMany(Framed)];
        OpeningStatement statement = new()
        {
            BootId = node.Keys.BootId,
            IssuedAt = node.Clock.GetUtcNow(),
            Nonce = Convert.FromHexString(inner.SingleField(VerathosHeaders.ClientNonce)!),
            KeysetDigest = node.Keys.Keyset.Digest,
            RequestDigest = opener.RequestDigest.ToArray(),
            ReceiptDigest = request.ReceiptDigest,
            Ask = request.Ask,
            ContentDigest = SHA256.HashData(content),
            Items = (uint)items.Count,
            Simulated = true,
        };
        statement = node.Tampering.Opening?.Invoke(statement) ?? statement;
        byte[]? cose = statement.Sign(node.Keys.Signing);
        if (node.Tampering.OpeningBytes is { } replace)
            cose = replace(node.Keys, statement, cose);

        using ResponseStreamSealer sealer = new(opener.CreateResponseSealer(), null);
        content = node.Tampering.OpeningContent?.Invoke(content) ?? content;
        return
        [
            sealer.Start(200, [new BhttpField("content-type", Protocol.Openings.OpeningContent.MediaType)]),
            sealer.Write(content),
            sealer.Finish(cose is null ? [] : [new BhttpField(VerathosHeaders.Opening, Base64Url.EncodeToString(cose))]),
        ];
    }

    private static List<byte[]> Items(OpeningAsk ask, int steps) => ask.Kind switch
    {
        OpeningKind.Openings => [.. Enumerable.Range(0, 2 * ask.Count).Select(i => new[] { (byte)i, (byte)1 })],
        OpeningKind.Chosen => [[5], [6]],
        OpeningKind.StepHashes => [[.. Enumerable.Range(0, 32 * steps).Select(i => (byte)(i / 32))]],
        OpeningKind.Chunks => [[0, 0, 0, 2], [1], [2], [3, 3], [4, 4]],
        _ => [[7, 7, 7]],
    };

    private static byte[] Framed(byte[] item)
    {
        byte[] framed = new byte[4 + item.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, item.Length);
        item.CopyTo(framed, 4);
        return framed;
    }
}
