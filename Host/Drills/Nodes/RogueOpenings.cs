using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Nodes;

/// <summary>The openings of an attacker's node: of what it computed, as the plan changes them, under a statement of its own.</summary>
internal sealed class RogueOpenings(DrillGround ground, RogueKeys keys, RogueWork work, RogueEngine engine, Computation computation, int toldPrompt, int toldIds)
{
    private const int PieceBytes = 16 * 1024;

    /// <summary>The sealed pieces of an answer to a request for openings.</summary>
    public async Task<IReadOnlyList<byte[]>> AnswerAsync(BinaryRequest request, ChunkedRequestOpener opener, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using ResponseStreamSealer sealer = new(opener.CreateResponseSealer(), null);
        if (work.Refuses || !OpeningRequest.TryParse(request.Content.Span, out OpeningRequest? asked))
        {
            byte[] error = Encoding.UTF8.GetBytes("""{"error":{"message":"There is no such answer.","type":"invalid_request_error","param":null,"code":"opening_not_found"}}""");
            return [sealer.Start(404, [new BhttpField("content-type", MediaTypes.Json)]), sealer.Write(error), sealer.Finish([])];
        }

        IReadOnlyList<byte[]> items = work.Items(ground, await OpenAsync(asked, cancellationToken).ConfigureAwait(false));
        byte[] content = [.. items.SelectMany(item => (byte[])[.. Length(item.Length), .. item])];
        OpeningStatement statement = work.Statement(new OpeningStatement
        {
            BootId = keys.Keyset.BootId,
            IssuedAt = now,
            Nonce = Convert.FromHexString(request.SingleField(VerathosHeaders.ClientNonce)!),
            KeysetDigest = keys.Keyset.Digest,
            RequestDigest = opener.RequestDigest,
            ReceiptDigest = asked.ReceiptDigest,
            Ask = asked.Ask,
            ContentDigest = SHA256.HashData(content),
            Items = (uint)items.Count,
            Simulated = true,
        });
        return
        [
            sealer.Start(200, [new BhttpField("content-type", OpeningContent.MediaType)]),
            .. content.Chunk(PieceBytes).Select(piece => sealer.Write(piece)),
            sealer.Finish([new BhttpField(VerathosHeaders.Opening, Base64Url.EncodeToString(statement.Sign(keys.Signing)))]),
        ];
    }

    private async Task<IReadOnlyList<byte[]>> OpenAsync(OpeningRequest asked, CancellationToken cancellationToken)
    {
        OpeningAsk ask = asked.Ask;
        if (ask.Kind == OpeningKind.Chunks)
        {
            return [Length(computation.Record.Toploc.Count), .. computation.Record.Toploc, .. computation.Record.Sketches];
        }

        List<byte[]> items = [];
        foreach (OpeningPlan plan in ask.Kind == OpeningKind.Chosen
            ? [new OpeningPlan(ask.StepNumber, ask.Layer, ask.Head, ask.LinkStep, ask.LogitsStep)]
            : Enumerable.Range(ask.First, ask.Count).Select(number => Plan(asked, number)))
        {
            IReadOnlyList<byte[]> opened = await engine.OpenAsync(computation, plan, cancellationToken).ConfigureAwait(false);
            items.AddRange([Claim(opened[0], plan.Step), .. opened.Skip(1)]);
        }

        return items;
    }

    /// <summary>An opened step as that of another position, in the form that it would have there.</summary>
    private byte[] Claim(byte[] layer, long position)
    {
        ModelConstants model = ground.Audit.Constants;
        if (!OpeningEncoding.TryDecode(layer, model, out LayerEvidence? shown) || shown.Step.Position == position)
        {
            return layer;
        }

        int length = checked((int)((position + 1) * model.Shape.HeadSize));
        (ushort[] keys, ushort[] values) = (shown.Layer.HeadKeys, shown.Layer.HeadValues);
        Array.Resize(ref keys, length);
        Array.Resize(ref values, length);
        return OpeningEncoding.Encode(shown with { Step = shown.Step with { Position = position }, Layer = shown.Layer with { HeadKeys = keys, HeadValues = values } });
    }

    private OpeningPlan Plan(OpeningRequest asked, int number)
    {
        ModelConstants model = ground.Audit.Constants;
        return OpeningPlan.Derive(asked.AuditSecret, asked.ReceiptDigest, number, model.Shape, model.Heads, toldPrompt, toldIds - 1);
    }

    private static byte[] Length(int length)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)length);
        return bytes;
    }
}
