using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>An answer opened step by step, as a client does it.</summary>
internal sealed class TestAnswer : IDisposable
{
    private readonly TestRequest _request;
    private readonly ResponseStreamOpener _opener;
    private readonly StringBuilder _content = new();
    private readonly MemoryStream _bytes = new();

    public TestAnswer(TestRequest request)
    {
        _request = request;
        _opener = new ResponseStreamOpener(request.Sealer.CreateResponseOpener());
    }

    public int Status { get; private set; }

    public IReadOnlyList<BhttpField> Fields { get; private set; } = [];

    public IReadOnlyList<BhttpField> Trailers { get; private set; } = [];

    /// <summary>Length of each sealed piece's content.</summary>
    public List<int> Steps { get; } = [];

    public ExchangeError Error => _opener.Error;

    public string Content => _content.ToString();

    /// <summary>The content's bytes.</summary>
    public byte[] Bytes => _bytes.ToArray();

    /// <summary>What each token's chunk commits to.</summary>
    public IReadOnlyList<byte[]> Traces => [.. Chunks.Where(chunk => chunk.TryGetProperty("verathos", out JsonElement own) && own.TryGetProperty("trace", out _))
        .Select(chunk => Base64Url.DecodeFromChars(chunk.GetProperty("verathos").GetProperty("trace").GetString()))];

    /// <summary>The statement of an answer with openings; null where the trailer has none.</summary>
    public OpeningStatement? Statement
    {
        get
        {
            if (BhttpFields.Single(Trailers, VerathosHeaders.Opening) is not { } text)
            {
                return null;
            }

            using ECDsa key = _request.Evidence.Keyset.SigningKey.ToECDsa();
            Assert.True(OpeningStatement.TryParse(Base64Url.DecodeFromChars(text), key, out OpeningStatement? statement, out ReceiptError error), error.ToString());
            return statement;
        }
    }

    /// <summary>The events as (name, data); OpenAI's have no name.</summary>
    public IReadOnlyList<(string Name, string Data)> Events
    {
        get
        {
            List<(string, string)> events = [];
            string name = "";
            foreach (string line in Content.Split('\n'))
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    name = line["event: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    events.Add((name, line["data: ".Length..]));
                    name = "";
                }
            }

            return events;
        }
    }

    public IReadOnlyList<JsonElement> Chunks => [.. Events.Where(e => e.Name.Length == 0 && e.Data != "[DONE]").Select(e => Json(e.Data))];

    public JsonElement AcceptanceEvent => Json(Events.Single(e => e.Name == SseEvents.Acceptance).Data);

    public byte[] Secret => Base64Url.DecodeFromChars(AcceptanceEvent.GetProperty("receipt_secret").GetString());

    public int[] PromptIds => [.. AcceptanceEvent.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];

    public int[] OutputIds => [.. Chunks.Where(chunk => chunk.TryGetProperty("verathos", out _))
        .SelectMany(chunk => chunk.GetProperty("verathos").GetProperty("ids").EnumerateArray()).Select(id => id.GetInt32())];

    public string Text => string.Concat(Chunks.Where(chunk => chunk.GetProperty("choices").GetArrayLength() > 0)
        .Select(chunk => chunk.GetProperty("choices")[0])
        .Select(choice => choice.TryGetProperty("text", out JsonElement text)
            ? text.GetString()
            : choice.GetProperty("delta").TryGetProperty("content", out JsonElement content) ? content.GetString() : ""));

    public string? FinishReason => Chunks.Where(chunk => chunk.GetProperty("choices").GetArrayLength() > 0)
        .Select(chunk => chunk.GetProperty("choices")[0].GetProperty("finish_reason").GetString()).LastOrDefault(reason => reason is not null);

    public string? ErrorCode => Content.Contains("\"error\"", StringComparison.Ordinal)
        ? Json(Events.Count > 0 ? Events[^1].Data : Content).GetProperty("error").GetProperty("code").GetString()
        : null;

    public Acceptance Acceptance
    {
        get
        {
            using ECDsa key = _request.Evidence.Keyset.SigningKey.ToECDsa();
            Assert.True(Acceptance.TryParse(Base64Url.DecodeFromChars(AcceptanceEvent.GetProperty("cose").GetString()), key, out Acceptance? acceptance, out ReceiptError error), error.ToString());
            return acceptance;
        }
    }

    public IReadOnlyList<Checkpoint> Checkpoints
    {
        get
        {
            using ECDsa key = _request.Evidence.Keyset.SigningKey.ToECDsa();
            List<Checkpoint> checkpoints = [];
            foreach ((string name, string data) in Events)
            {
                if (name == SseEvents.Checkpoint)
                {
                    Assert.True(Checkpoint.TryParse(Base64Url.DecodeFromChars(Json(data).GetProperty("cose").GetString()), key, out Checkpoint? checkpoint, out ReceiptError error), error.ToString());
                    checkpoints.Add(checkpoint);
                }
            }

            return checkpoints;
        }
    }

    public bool HasReceipt => BhttpFields.Single(Trailers, VerathosHeaders.Receipt) is not null;

    public byte[] ReceiptBytes => Base64Url.DecodeFromChars(BhttpFields.Single(Trailers, VerathosHeaders.Receipt));

    public Receipt Receipt
    {
        get
        {
            using ECDsa key = _request.Evidence.Keyset.SigningKey.ToECDsa();
            Assert.True(Receipt.TryParse(ReceiptBytes, key, out Receipt? receipt, out ReceiptError error), error.ToString());
            return receipt;
        }
    }

    public void Feed(ReadOnlySpan<byte> piece)
    {
        Assert.Equal(ExchangeError.None, _opener.Feed(piece));
        Drain();
    }

    public void Complete()
    {
        Assert.Equal(ExchangeError.None, _opener.Complete());
        Drain();
        Assert.True(_opener.IsComplete);
    }

    public ExchangeError TryComplete() => _opener.Complete();

    /// <summary>h_i of the chain that this client computes itself.</summary>
    public byte[] ChainHead(ulong index)
    {
        if (!_opener.TryGetChainHead(0, out _))
        {
            _opener.StartChain(Secret, _request.Sealer.RequestDigest.Span);
        }

        Assert.True(_opener.TryGetChainHead(index, out ReadOnlyMemory<byte> head));
        return head.ToArray();
    }

    /// <summary>Every check that ties the receipt to what this client sent and saw.</summary>
    public void AssertProved()
    {
        Assert.Equal(200, Status);
        Receipt receipt = Receipt;
        TestEvidence evidence = _request.Evidence;
        Assert.Equal(evidence.Keyset.Digest.ToArray(), receipt.KeysetDigest.ToArray());
        Assert.Equal(evidence.Keyset.BootId.ToArray(), receipt.BootId.ToArray());
        Assert.Equal(evidence.Binding, receipt.Binding.ToArray());
        Assert.Equal(_request.Sealer.RequestDigest.ToArray(), receipt.RequestDigest.ToArray());
        Assert.Equal(_request.ClientNonce, receipt.ClientNonce.ToArray());
        Assert.Equal(_request.AuditCommitment, receipt.AuditCommitment.ToArray());
        Assert.Equal(TokenCommitment.Compute(Secret, TokenCommitment.Prompt, PromptIds), receipt.PromptCommitment.ToArray());
        Assert.Equal(TokenCommitment.Compute(Secret, TokenCommitment.Output, OutputIds), receipt.OutputCommitment.ToArray());
        Assert.Equal((uint)PromptIds.Length, receipt.PromptTokens);
        Assert.Equal((uint)OutputIds.Length, receipt.OutputTokens);
        Assert.Equal((ulong)_opener.ChunkCount, receipt.ChunkCount);
        Assert.Equal(ChainHead(receipt.ChunkCount), receipt.ChainHead.ToArray());
        Assert.Equal(FinishReason, receipt.FinishReason);
        Assert.True(receipt.Simulated);
        Assert.Equal(receipt.Id.ToArray(), Acceptance.Id.ToArray());
        Assert.Equal(receipt.PromptCommitment.ToArray(), Acceptance.PromptCommitment.ToArray());
        foreach (Checkpoint checkpoint in Checkpoints)
        {
            Assert.Equal(ChainHead(checkpoint.ChunkCount), checkpoint.ChainHead.ToArray());
            Assert.Equal(receipt.Id.ToArray(), checkpoint.Id.ToArray());
        }
    }

    public void Dispose()
    {
        _opener.Dispose();
        _bytes.Dispose();
    }

    private static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private void Drain()
    {
        while (_opener.TryRead(out ResponsePart part))
        {
            switch (part.Kind)
            {
                case BhttpPartKind.Head:
                    Status = part.Status;
                    Fields = part.Fields;
                    break;
                case BhttpPartKind.Content:
                    Steps.Add(part.Content.Length);
                    _bytes.Write(part.Content.Span);
                    _content.Append(Encoding.UTF8.GetString(part.Content.Span));
                    break;
                default:
                    Trailers = part.Fields;
                    break;
            }
        }
    }
}
