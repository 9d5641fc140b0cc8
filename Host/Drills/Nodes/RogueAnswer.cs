using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Nodes;

/// <summary>One answer of an attacker's node: the honest node's tokens, signed and sealed with the attacker's keys as the plan says.</summary>
internal sealed class RogueAnswer : IDisposable
{
    private const int CheckpointEvery = 8;

    private readonly RoguePlan _plan;
    private readonly RogueKeys _keys;
    private readonly Material _material;
    private readonly BinaryRequest _request;
    private readonly JsonElement _body;
    private readonly DateTimeOffset _now;
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _id = RandomNumberGenerator.GetBytes(16);
    private readonly byte[] _digest;
    private readonly ChunkChain _chain;
    private readonly ResponseStreamSealer _sealer;
    private readonly List<byte[]> _pieces = [];
    private RogueTold _told;
    private byte[]? _trace;

    public RogueAnswer(RoguePlan plan, RogueKeys keys, Material material, BinaryRequest request, ChunkedRequestOpener opener, TimeProvider time)
    {
        (_plan, _keys, _material, _request) = (plan, keys, material, request);
        _body = JsonElement.Parse(request.Content.Span);
        _now = time.GetUtcNow() - plan.Behind;
        _digest = opener.RequestDigest.ToArray();
        _chain = new ChunkChain(_secret, _digest);
        _sealer = new ResponseStreamSealer(opener.CreateResponseSealer(), _chain);
        _told = new RogueTold([.. material.Answer.PromptIds], material.Steps);
    }

    /// <summary>The receipt's secret, 32 bytes.</summary>
    public byte[] Secret => _secret;

    /// <summary>The digest of the signed receipt; empty before.</summary>
    public byte[] ReceiptDigest { get; private set; } = [];

    /// <summary>The client's nonce, 32 bytes.</summary>
    public byte[] ClientNonce => Field(VerathosHeaders.ClientNonce);

    private int[] Prompt => _told.Prompt;

    private NodeConfiguration Configuration => _plan.Evidence.Configuration;

    /// <summary>The sealed pieces.</summary>
    /// <param name="told">What is told; the honest node's answer where null.</param>
    public IReadOnlyList<byte[]> Write(RogueTold? told = null)
    {
        _told = told ?? _told;
        IReadOnlyList<(int Id, string Text)> script = _plan.Script(_told.Steps);
        _pieces.Add(_sealer.Start(200, [new BhttpField("content-type", MediaTypes.EventStream)]));
        if (_plan.TextBeforeAcceptance)
        {
            Send(Chunk("before any signature", null, null));
        }

        SendAcceptance();
        for (int sent = 0; sent < script.Count; sent++)
        {
            bool due = sent > 0 && sent % CheckpointEvery == 0 && !_plan.NoCheckpoints;
            Send((due ? Checkpoint(sent) : "") + Chunk(script[sent].Text, script[sent].Id, null, sent == script.Count - 1));
        }

        Send(Chunk("", null, "stop") + (_plan.NoEnd ? "" : $"data: {SseEvents.Done}\n\n"));
        SendReceipt([.. script.Select(step => step.Id)]);
        return _pieces;
    }

    public void Dispose()
    {
        _sealer.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }

    private void SendAcceptance()
    {
        Acceptance acceptance = _plan.Acceptance(new Acceptance
        {
            BootId = _keys.Keyset.BootId,
            IssuedAt = _now,
            Id = _id,
            ClientNonce = Field(VerathosHeaders.ClientNonce),
            KeysetDigest = _keys.Keyset.Digest,
            Binding = Field(VerathosHeaders.Binding),
            ManifestRoot = _material.Answer.Receipt.ManifestRoot,
            NumericProfile = Configuration.NumericProfile,
            RequestDigest = _digest,
            PromptCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Prompt, Prompt),
            PromptTokens = (uint)Prompt.Length,
            Sampling = Sampling(),
            AuditCommitment = Field(VerathosHeaders.AuditCommitment),
            Simulated = Configuration.Simulated,
        });
        Event(SseEvents.Acceptance, new { cose = Base64Url.EncodeToString(acceptance.Sign(_keys.Signing)), receipt_secret = Base64Url.EncodeToString(_secret), prompt_ids = Prompt });
    }

    private string Checkpoint(int sent)
    {
        Checkpoint checkpoint = _plan.Checkpoint(new Checkpoint
        {
            IssuedAt = _now,
            Id = _id,
            KeysetDigest = _keys.Keyset.Digest,
            RequestDigest = _digest,
            ChunkCount = _chain.Count,
            ChainHead = _chain.Head.ToArray(),
            OutputTokens = (uint)sent,
        });
        return Named(SseEvents.Checkpoint, new { cose = Base64Url.EncodeToString(checkpoint.Sign(_keys.Signing)) });
    }

    private void SendReceipt(int[] output)
    {
        Receipt receipt = _plan.Receipt(
            new Receipt
            {
                BootId = _keys.Keyset.BootId,
                IssuedAt = _now,
                AcceptedAt = _now,
                Id = _id,
                ClientNonce = Field(VerathosHeaders.ClientNonce),
                KeysetDigest = _keys.Keyset.Digest,
                Binding = Field(VerathosHeaders.Binding),
                ManifestRoot = _material.Answer.Receipt.ManifestRoot,
                NumericProfile = Configuration.NumericProfile,
                RequestDigest = _digest,
                PromptCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Prompt, Prompt),
                OutputCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Output, output),
                PromptTokens = (uint)Prompt.Length,
                OutputTokens = (uint)output.Length,
                Sampling = Sampling(),
                ChainHead = _chain.Head.ToArray(),
                ChunkCount = _chain.Count,
                Counter = _keys.Counter + 1,
                Previous = _keys.Previous is { } previous ? previous : (ReadOnlyMemory<byte>?)null,
                FinishReason = "stop",
                AuditCommitment = Field(VerathosHeaders.AuditCommitment),
                Simulated = Configuration.Simulated,
                TraceRoot = Root(_trace),
                SketchRoot = Root(_told.Computed?.SketchRoot ?? _trace),
                ToplocRoot = Root(_told.Computed?.ToplocRoot ?? _trace),
            },
            _secret);
        byte[] signed = receipt.Sign(_keys.Signing, out byte[] digest);
        (_keys.Counter, _keys.Previous, ReceiptDigest) = (receipt.Counter, digest, digest);
        byte[]? shown = _plan.Signed(_keys, receipt, signed);
        _pieces.Add(_sealer.Finish([.. _plan.Trailer(_keys), .. shown is null ? (BhttpField[])[] : [new BhttpField(VerathosHeaders.Receipt, Base64Url.EncodeToString(shown))]]));
    }

    /// <summary>How tokens were asked to be drawn.</summary>
    public SamplingClaims Sampling() => new(
        (uint)(_body.GetProperty("temperature").GetDecimal() * 1_000_000),
        (uint)(_body.GetProperty("top_p").GetDecimal() * 1_000_000),
        _body.GetProperty("top_k").GetUInt32(),
        unchecked((ulong)_body.GetProperty("seed").GetInt64()),
        _body.GetProperty("max_tokens").GetUInt32())
    {
        ResponseFormat = _body.TryGetProperty("response_format", out JsonElement format) ? SHA256.HashData(JsonMarshal.GetRawUtf8Value(format)) : (ReadOnlyMemory<byte>?)null,
    };

    private static ReadOnlyMemory<byte>? Root(byte[]? root) => root is null ? (ReadOnlyMemory<byte>?)null : root;

    private byte[] Field(string name) => Convert.FromHexString(_request.SingleField(name)!);

    // The commitment is to nothing: whoever computes nothing can commit to noise, and only openings tell.
    private string Chunk(string text, int? id, string? finish, bool last = false)
    {
        _trace = id is null || _plan.NoTrace ? _trace : last && _told.Computed is { } computed ? computed.TraceRoot : RandomNumberGenerator.GetBytes(32);
        Dictionary<string, object> extension = new() { ["ids"] = id is { } token ? new[] { token } : [] };
        if (id is not null && _trace is not null)
        {
            extension["trace"] = Base64Url.EncodeToString(_trace);
        }

        return "data: " + JsonSerializer.Serialize(new
        {
            id = "cmpl-" + Convert.ToHexStringLower(_id),
            @object = "text_completion",
            created = _now.ToUnixTimeSeconds(),
            model = _material.Answer.Node.ModelName,
            choices = new[] { new { index = 0, text, finish_reason = finish } },
            verathos = extension,
        }) + "\n\n";
    }

    private void Event(string name, object data) => Send(Named(name, data));

    private static string Named(string name, object data) => $"event: {name}\ndata: {JsonSerializer.Serialize(data)}\n\n";

    private void Send(string events)
    {
        int padding = SseEvents.PaddingBucket - (Encoding.UTF8.GetByteCount(events) % SseEvents.PaddingBucket);
        string padded = events + ":" + new string('.', Math.Max(0, padding - 2)) + "\n";
        _pieces.Add(_sealer.Write(Encoding.UTF8.GetBytes(padded)));
    }
}
