using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Serving;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;

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
    private readonly TimeProvider _time;
    private readonly EnclaveOptions _options;
    private readonly bool _simulated;
    private readonly DateTimeOffset _acceptedAt;
    private int _tokensAtCheckpoint;
    private long _checkpointAt;
    private uint _sentTokens;

    /// <summary>Begins an answer.</summary>
    public Answer(
        LiveKeyset keyset,
        ServedModel model,
        InnerHeaders headers,
        ReadOnlyMemory<byte> requestDigest,
        byte[] id,
        SecretIds prompt,
        SamplingClaims sampling,
        ChunkedResponseSealer sealer,
        SecretScope scope,
        EnclaveOptions options,
        bool simulated,
        TimeProvider time)
    {
        _keyset = keyset;
        _model = model;
        _headers = headers;
        _requestDigest = requestDigest.ToArray();
        _id = id;
        _prompt = prompt;
        _output = scope.Own(new SecretIds(256));
        _secret = scope.Own(SecretBuffer.Random(32));
        _sampling = sampling;
        _time = time;
        _options = options;
        _simulated = simulated;
        _acceptedAt = time.GetUtcNow();
        _promptCommitment = TokenCommitment.Compute(_secret.Span, TokenCommitment.Prompt, prompt.Span);
        _chain = new ChunkChain(_secret.Span, _requestDigest);
        _sealer = new ResponseStreamSealer(sealer, _chain);
    }

    /// <summary>Tokens generated so far.</summary>
    public int OutputTokens => _output.Count;

    /// <summary>The receipt's secret, which the first event delivers sealed.</summary>
    public ReadOnlySpan<byte> Secret => _secret.Span;

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
            Simulated = _simulated,
        });
    }

    /// <summary>Counts a token into the answer.</summary>
    public void Add(int id) => _output.Append(id);

    /// <summary>
    /// A signed checkpoint over the chunks so far, where one is due: after <see cref="EnclaveOptions.CheckpointTokens"/> or
    /// <see cref="EnclaveOptions.CheckpointInterval"/>. It travels in the next chunk.
    /// </summary>
    public byte[]? SignCheckpointIfDue()
    {
        if (_sentTokens == 0 ||
            (_sentTokens - _tokensAtCheckpoint < _options.CheckpointTokens && _time.GetElapsedTime(_checkpointAt) < _options.CheckpointInterval))
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

    /// <summary>The signed receipt.</summary>
    public byte[] SignReceipt(string finishReason) => _keyset.Sign(new Receipt
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
        OutputCommitment = TokenCommitment.Compute(_secret.Span, TokenCommitment.Output, _output.Span),
        PromptTokens = (uint)_prompt.Count,
        OutputTokens = (uint)_output.Count,
        Sampling = _sampling,
        ChainHead = _chain.Head.ToArray(),
        ChunkCount = _chain.Count,
        Counter = 0,
        FinishReason = finishReason,
        AuditCommitment = _headers.AuditCommitment,
        Simulated = _simulated,
    });

    /// <inheritdoc/>
    public void Dispose() => _sealer.Dispose();
}
