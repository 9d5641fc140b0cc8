using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Openings;
using Verathos.Enclave.Serving;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using IdCommitment = Verathos.Protocol.Receipts.TokenCommitment;
using TokenCommitment = Verathos.GpuRuntime.Serving.TokenCommitment;

namespace Verathos.Enclave.Sessions;

/// <summary>What is signed and sealed about one answer: acceptance, chunks in their chain, checkpoints and the receipt.</summary>
internal sealed class Answer : IDisposable
{
    private readonly LiveKeyset _keyset;
    private readonly ServedModel _model;
    private readonly InnerHeaders _headers;
    private readonly SecretIds _prompt;
    private readonly SecretIds _output;
    private readonly SecretBuffer _secret;
    private readonly byte[] _id;
    private readonly byte[] _requestDigest;
    private readonly byte[] _promptCommitment;
    private readonly SamplingClaims _sampling;
    private readonly ChunkChain _chain;
    private readonly ResponseStreamSealer _sealer;
    private readonly SecretBuffer _traceSecret;
    private readonly SessionContext _context;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _acceptedAt;
    private int _tokensAtCheckpoint;
    private long _checkpointAt;
    private uint _sentTokens;
    private TokenCommitment? _commitment;
    private AnswerRecord? _record;

    /// <summary>Begins an answer.</summary>
    public Answer(
        LiveKeyset keyset,
        ServedModel model,
        InnerHeaders headers,
        ReadOnlyMemory<byte> requestDigest,
        byte[] id,
        SecretIds prompt,
        SecretBuffer secret,
        SecretBuffer traceSecret,
        SamplingClaims sampling,
        ChunkedResponseSealer sealer,
        SecretScope scope,
        SessionContext context)
    {
        _keyset = keyset;
        _model = model;
        _headers = headers;
        _requestDigest = requestDigest.ToArray();
        _id = id;
        _prompt = prompt;
        _output = scope.Own(new SecretIds(256));
        (_secret, _traceSecret) = (secret, traceSecret);
        _sampling = sampling;
        _context = context;
        _time = context.Time;
        _acceptedAt = _time.GetUtcNow();
        _promptCommitment = IdCommitment.Compute(_secret.Span, IdCommitment.Prompt, prompt.Span);
        _chain = new ChunkChain(_secret.Span, _requestDigest);
        _sealer = new ResponseStreamSealer(sealer, _chain);
    }

    /// <summary>Tokens generated so far.</summary>
    public int OutputTokens => _output.Count;

    /// <summary>The sealed stream.</summary>
    public ResponseStreamSealer Sealer => _sealer;

    /// <summary>The signed acceptance.</summary>
    public byte[] SignAcceptance()
    {
        _checkpointAt = _time.GetTimestamp();
        return _keyset.Sign(new Acceptance
        {
            BootId = _keyset.Keyset.BootId,
            IssuedAt = _acceptedAt,
            Id = _id,
            ClientNonce = _headers.ClientNonce,
            KeysetDigest = _keyset.Keyset.Digest,
            Binding = _headers.Binding,
            ManifestRoot = _keyset.Models.ManifestRoot,
            NumericProfile = _model.Profile,
            Model = _keyset.Models.StatedName(_model),
            RequestDigest = _requestDigest,
            PromptCommitment = _promptCommitment,
            PromptTokens = (uint)_prompt.Count,
            Sampling = _sampling,
            AuditCommitment = _headers.AuditCommitment,
            Simulated = _context.Simulated,
        });
    }

    /// <summary>Counts a token into the answer.</summary>
    public void Add(GeneratedToken token)
    {
        _output.Append(token.Id);
        _commitment = token.Commitment;
        _record = token.Commitment?.Record;
    }

    /// <summary>
    /// A signed checkpoint over the chunks so far, where one is due: after <see cref="EnclaveOptions.CheckpointTokens"/> or
    /// <see cref="EnclaveOptions.CheckpointInterval"/>. It travels in the next chunk.
    /// </summary>
    public byte[]? SignCheckpointIfDue()
    {
        if (_sentTokens == 0 ||
            (_sentTokens - _tokensAtCheckpoint < _context.Options.CheckpointTokens && _time.GetElapsedTime(_checkpointAt) < _context.Options.CheckpointInterval))
        {
            return null;
        }

        _tokensAtCheckpoint = (int)_sentTokens;
        _checkpointAt = _time.GetTimestamp();
        return _keyset.Sign(new Checkpoint
        {
            IssuedAt = _time.GetUtcNow(),
            Id = _id,
            KeysetDigest = _keyset.Keyset.Digest,
            RequestDigest = _requestDigest,
            ChunkCount = _chain.Count,
            ChainHead = _chain.Head.ToArray(),
            OutputTokens = _sentTokens,
        });
    }

    /// <summary>Seals a step as the next chunk of the chain.</summary>
    public byte[] Seal(ReadOnlySpan<byte> step)
    {
        byte[] chunk = _sealer.Write(step);
        _sentTokens = (uint)_output.Count;
        return chunk;
    }

    /// <summary>The signed receipt. Where the answer was committed it is kept from here on, so that it can be opened.</summary>
    public byte[] SignReceipt(string finishReason)
    {
        byte[] receipt = _keyset.Sign(Receipt(finishReason), out byte[] digest);
        if (_context.Kept is { } kept && _record is { } record)
        {
            _record = null;
            kept.Add(digest, new KeptAnswer(_model, _headers.AuditCommitment, _prompt.Span, _output.Span, _traceSecret.Span, record), _keyset.Ended);
        }

        return receipt;
    }

    /// <summary>Zeroes what lies outside the scope.</summary>
    public void Wipe() => KeptAnswer.Wipe(_record);

    /// <inheritdoc/>
    public void Dispose()
    {
        Wipe();
        _sealer.Dispose();
    }

    private Receipt Receipt(string finishReason) => new()
    {
        BootId = _keyset.Keyset.BootId,
        IssuedAt = _time.GetUtcNow(),
        AcceptedAt = _acceptedAt,
        Id = _id,
        ClientNonce = _headers.ClientNonce,
        KeysetDigest = _keyset.Keyset.Digest,
        Binding = _headers.Binding,
        ManifestRoot = _keyset.Models.ManifestRoot,
        NumericProfile = _model.Profile,
        Model = _keyset.Models.StatedName(_model),
        RequestDigest = _requestDigest,
        PromptCommitment = _promptCommitment,
        OutputCommitment = IdCommitment.Compute(_secret.Span, IdCommitment.Output, _output.Span),
        PromptTokens = (uint)_prompt.Count,
        OutputTokens = (uint)_output.Count,
        Sampling = _sampling,
        ChainHead = _chain.Head.ToArray(),
        ChunkCount = _chain.Count,
        Counter = 0,
        FinishReason = finishReason,
        AuditCommitment = _headers.AuditCommitment,
        Simulated = _context.Simulated,
        TraceRoot = Root(_commitment?.TraceRoot),
        SketchRoot = Root(_commitment?.SketchRoot),
        ToplocRoot = Root(_commitment?.ToplocRoot),
    };

    // A null array would become an empty memory that is there.
    private static ReadOnlyMemory<byte>? Root(byte[]? root) => root is null ? null : (ReadOnlyMemory<byte>?)root;
}
