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

namespace Verathos.Client.Tests.Nodes;

/// <summary>One signed and sealed answer of a <see cref="TestNode"/>.</summary>
internal sealed class TestAnswer : IDisposable
{
    private const int DefaultMaximum = 1024;

    private readonly TestNode _node;
    private readonly BinaryRequest _request;
    private readonly JsonElement _body;
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _id = RandomNumberGenerator.GetBytes(16);
    private readonly byte[] _digest;
    private readonly ChunkChain _chain;
    private readonly ResponseStreamSealer _sealer;
    private readonly List<byte[]> _pieces = [];

    public TestAnswer(TestNode node, BinaryRequest request, ChunkedRequestOpener opener)
    {
        _node = node;
        _request = request;
        _body = JsonElement.Parse(request.Content.Span);
        _digest = opener.RequestDigest.ToArray();
        _chain = new ChunkChain(_secret, _digest);
        _sealer = new ResponseStreamSealer(opener.CreateResponseSealer(), _chain);
    }

    public List<byte[]> Write()
    {
        _pieces.Add(_sealer.Start(200, [new BhttpField("content-type", MediaTypes.EventStream)]));
        WriteAcceptance();
        int sinceCheckpoint = 0;
        int sent = 0;
        foreach ((int id, string text) in _node.Script)
        {
            string checkpoint = sinceCheckpoint == 4 && !_node.Tampering.NoCheckpoints ? Checkpoint(sent) : "";
            sinceCheckpoint = checkpoint.Length > 0 ? 1 : sinceCheckpoint + 1;
            Send(checkpoint + Chunk(text, id, null, TraceRoot(sent)));
            sent++;
        }

        Send(Chunk("", null, "stop") + (_node.Tampering.Event ?? "") + "data: [DONE]\n\n");
        WriteReceipt();
        return _pieces;
    }

    public void Dispose() => _sealer.Dispose();

    private SamplingClaims Sampling() => new(
        (uint)(_body.GetProperty("temperature").GetDecimal() * 1_000_000),
        (uint)(_body.GetProperty("top_p").GetDecimal() * 1_000_000),
        _body.GetProperty("top_k").GetUInt32(),
        unchecked((ulong)_body.GetProperty("seed").GetInt64()),
        _body.TryGetProperty("max_tokens", out JsonElement maximum) ? maximum.GetUInt32() : DefaultMaximum)
    {
        FrequencyPenaltyMicro = Penalty("frequency_penalty"),
        PresencePenaltyMicro = Penalty("presence_penalty"),
        RepetitionPenaltyMicro = (uint)Penalty("repetition_penalty"),
        ResponseFormat = _body.TryGetProperty("response_format", out JsonElement format) && format.GetProperty("type").GetString() != "text"
            ? SHA256.HashData(JsonMarshal.GetRawUtf8Value(format))
            : (ReadOnlyMemory<byte>?)null,
    };

    private ModelEntry? Asked => _node.Several?.Models.Single(model => model.Name == _body.GetProperty("model").GetString());

    private int Penalty(string name) => _body.TryGetProperty(name, out JsonElement value) ? (int)(value.GetDecimal() * 1_000_000) : 0;

    private byte[] Field(string name) => Convert.FromHexString(_request.SingleField(name)!);

    private void WriteAcceptance()
    {
        Acceptance acceptance = new()
        {
            BootId = _node.Keys.BootId,
            IssuedAt = _node.Clock.GetUtcNow(),
            Id = _id,
            ClientNonce = Field(VerathosHeaders.ClientNonce),
            KeysetDigest = _node.Keys.Keyset.Digest,
            Binding = Field(VerathosHeaders.Binding),
            ManifestRoot = _node.ManifestRoot,
            NumericProfile = Asked?.NumericProfile ?? _node.Configuration.NumericProfile,
            Model = Asked?.Name,
            RequestDigest = _digest,
            PromptCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Prompt, TestNode.PromptIds),
            PromptTokens = (uint)TestNode.PromptIds.Length,
            Sampling = Sampling(),
            AuditCommitment = Field(VerathosHeaders.AuditCommitment),
            Simulated = _node.Configuration.Simulated,
        };
        byte[] cose = (_node.Tampering.Acceptance?.Invoke(acceptance) ?? acceptance).Sign(_node.Keys.Signing);
        string json = JsonSerializer.Serialize(new { cose = Base64Url.EncodeToString(cose), receipt_secret = Base64Url.EncodeToString(_secret), prompt_ids = TestNode.PromptIds });
        Send($"event: {SseEvents.Acceptance}\ndata: {json}\n\n");
    }

    private string Checkpoint(int sent)
    {
        Checkpoint checkpoint = new()
        {
            IssuedAt = _node.Clock.GetUtcNow(),
            Id = _id,
            KeysetDigest = _node.Keys.Keyset.Digest,
            RequestDigest = _digest,
            ChunkCount = _chain.Count,
            ChainHead = _chain.Head.ToArray(),
            OutputTokens = (uint)sent,
        };
        byte[] cose = (_node.Tampering.Checkpoint?.Invoke(checkpoint) ?? checkpoint).Sign(_node.Keys.Signing);
        return $"event: {SseEvents.Checkpoint}\ndata: {JsonSerializer.Serialize(new { cose = Base64Url.EncodeToString(cose) })}\n\n";
    }

    /// <summary>What the computation is committed to with a token, where the profile commits.</summary>
    private byte[]? TraceRoot(int index)
    {
        byte[]? honest = CommittedProfiles.Contains(Profile) ? SHA256.HashData([(byte)index]) : null;
        return _node.Tampering.Trace is { } tamper ? tamper(index, honest) : honest;
    }

    private string Profile => Asked?.NumericProfile ?? _node.Configuration.NumericProfile;

    private string Chunk(string text, int? id, string? finish, byte[]? trace = null)
    {
        bool chat = _request.Path == VerathosPaths.ChatCompletions;
        object? logprobs = id is null || !_body.TryGetProperty("logprobs", out _) ? null
            : chat ? new { content = new[] { new { token = text, logprob = -0.5, bytes = new[] { 1 } } }, refusal = (string?)null }
            : new { tokens = new[] { text }, token_logprobs = new[] { -0.5 } };
        object choice = chat
            ? new { index = 0, delta = new { content = text }, logprobs, finish_reason = finish }
            : new { index = 0, text, logprobs, finish_reason = finish };
        return "data: " + JsonSerializer.Serialize(new
        {
            id = "answer-1",
            @object = chat ? "chat.completion.chunk" : "text_completion",
            created = _node.Clock.GetUtcNow().ToUnixTimeSeconds(),
            model = TestNode.ModelName,
            choices = new[] { choice },
            verathos = trace is null
                ? (object)new { ids = id is { } token ? new[] { token } : [] }
                : new { ids = id is { } traced ? new[] { traced } : [], trace = Base64Url.EncodeToString(trace) },
        }) + "\n\n";
    }

    private void Send(string events)
    {
        int padding = SseEvents.PaddingBucket - (Encoding.UTF8.GetByteCount(events) % SseEvents.PaddingBucket);
        string padded = events + ":" + new string('.', Math.Max(0, padding - 2)) + "\n";
        _pieces.Add(_sealer.Write(Encoding.UTF8.GetBytes(padded)));
    }

    private ReadOnlyMemory<byte>? Root(byte[] root) => CommittedProfiles.Contains(Profile) ? root : (ReadOnlyMemory<byte>?)null;

    private void WriteReceipt()
    {
        TestKeys keys = _node.Keys;
        Receipt receipt = new()
        {
            BootId = keys.BootId,
            IssuedAt = _node.Clock.GetUtcNow(),
            AcceptedAt = _node.Clock.GetUtcNow(),
            Id = _id,
            ClientNonce = Field(VerathosHeaders.ClientNonce),
            KeysetDigest = keys.Keyset.Digest,
            Binding = Field(VerathosHeaders.Binding),
            ManifestRoot = _node.ManifestRoot,
            NumericProfile = Asked?.NumericProfile ?? _node.Configuration.NumericProfile,
            Model = Asked?.Name,
            RequestDigest = _digest,
            PromptCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Prompt, TestNode.PromptIds),
            OutputCommitment = TokenCommitment.Compute(_secret, TokenCommitment.Output, [.. _node.Script.Select(token => token.Id)]),
            PromptTokens = (uint)TestNode.PromptIds.Length,
            OutputTokens = (uint)_node.Script.Count,
            Sampling = Sampling(),
            ChainHead = _chain.Head.ToArray(),
            ChunkCount = _chain.Count,
            Counter = ++keys.Counter,
            Previous = keys.Previous is { } previous ? previous : (ReadOnlyMemory<byte>?)null,
            FinishReason = "stop",
            AuditCommitment = Field(VerathosHeaders.AuditCommitment),
            Simulated = _node.Configuration.Simulated,
            TraceRoot = Root(SHA256.HashData([(byte)(_node.Script.Count - 1)])),
            SketchRoot = Root(SHA256.HashData("sketches"u8)),
            ToplocRoot = Root(SHA256.HashData("toploc"u8)),
        };
        receipt = _node.Tampering.Receipt?.Invoke(receipt) ?? receipt;
        byte[]? cose = receipt.Sign(keys.Signing, out byte[] digest);
        keys.Previous = digest;
        if (_node.Tampering.ReceiptBytes is { } replace)
            cose = replace(keys, receipt, cose);

        _pieces.Add(_sealer.Finish(cose is null ? [] : [new BhttpField(VerathosHeaders.Receipt, Base64Url.EncodeToString(cose))]));
    }
}
