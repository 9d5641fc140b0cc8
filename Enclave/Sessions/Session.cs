using System.Buffers.Text;
using System.Security.Cryptography;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Serving;
using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// One request from its first byte to its receipt. <see cref="NextAsync"/> gives the next piece of the sealed answer; where
/// it fails, nothing of the request survives <see cref="DisposeAsync"/>.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    private static readonly BhttpField EventStream = new("content-type", MediaTypes.EventStream);
    private static readonly BhttpField NoStore = new("cache-control", "no-store");
    private readonly EnclaveOptions _options;
    private readonly EnclaveMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly bool _simulated;
    private readonly SecretScope _scope;
    private readonly RequestOpener _opener;
    private readonly KeysetEnd _keysetEnd;
    private SessionState _state = SessionState.Opening;
    private byte[] _whole = [];
    private ApiRequest? _request;
    private ServedModel? _model;
    private Answer? _answer;
    private StepWriter? _steps;
    private SecretIds? _prompt;
    private IAsyncEnumerator<GeneratedToken>? _tokens;
    private CancellationTokenSource? _cancellation;
    private string _finishReason = "stop";

    /// <summary>A session for one request.</summary>
    public Session(KeyRing ring, EnclaveOptions options, EnclaveMetrics metrics, bool simulated, SecretScope scope, TimeProvider time)
    {
        _options = options;
        _metrics = metrics;
        _simulated = simulated;
        _scope = scope;
        _time = time;
        _keysetEnd = new KeysetEnd(ring);
        _opener = new RequestOpener(ring, options, scope);
    }

    /// <summary>Reads the request and decides; afterwards <see cref="NextAsync"/> gives the answer.</summary>
    /// <exception cref="EnclaveException">The request does not decapsulate.</exception>
    public async ValueTask OpenAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> request, CancellationToken cancellationToken)
    {
        ApiError? error = await _opener.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _metrics.Requests);
        if (_opener.Replay == ReplayOutcome.Seen)
        {
            Interlocked.Increment(ref _metrics.Replays);
        }

        if (error is null)
        {
            try
            {
                error = Accept(cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // Whatever failed, its text may hold the prompt: it goes no further.
                error = ApiError.Internal();
            }
        }

        if (error is not null)
        {
            Interlocked.Increment(ref _metrics.SealedErrors);
            SealWhole(error);
        }

        _keysetEnd.Rest();
    }

    /// <summary>The next piece of the sealed answer, or null at its end.</summary>
    public async ValueTask<byte[]?> NextAsync()
    {
        if (!_keysetEnd.TryWork())
        {
            return EndEarly();
        }

        try
        {
            return await AdvanceAsync().ConfigureAwait(false);
        }
        finally
        {
            _keysetEnd.Rest();
        }
    }

    private async ValueTask<byte[]?> AdvanceAsync()
    {
        switch (_state)
        {
            case SessionState.Whole:
                _state = SessionState.Done;
                return _whole;
            case SessionState.Accepted:
                return Open();
            case SessionState.Generating:
                return await StepAsync().ConfigureAwait(false);
            case SessionState.Closing:
                _state = SessionState.Done;
                return Close();
            default:
                return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _keysetEnd.DisposeAsync().ConfigureAwait(false);
        if (_tokens is not null)
        {
            if (_state is SessionState.Accepted or SessionState.Generating)
            {
                Interlocked.Increment(ref _metrics.Abandoned);
            }

            // Leaving an enumeration that never began would not tell the engine.
            await _cancellation!.CancelAsync().ConfigureAwait(false);
            await StopGeneratingAsync().ConfigureAwait(false);
        }

        _cancellation?.Dispose();
        _steps?.Dispose();
        _answer?.Dispose();
        _opener.Dispose();
        Wipe();
    }

    private void Wipe()
    {
        _request?.Dispose();
        _scope.Dispose();
    }

    private byte[]? EndEarly()
    {
        switch (_state)
        {
            case SessionState.Accepted:
                SealWhole(ApiError.KeysetRetiring());
                _state = SessionState.Done;
                return _whole;
            case SessionState.Generating or SessionState.Closing:
                return Fail(ApiError.KeysetEnded());
            default:
                return null;
        }
    }

    private ApiError? Accept(CancellationToken cancellationToken)
    {
        if (!_opener.TryParse(out BinaryRequest? inner, out SecretBuffer? body))
        {
            return ApiError.Invalid("invalid_message", null, "The sealed message is not a binary HTTP request.");
        }

        return Route.Find(inner!, out ApiEndpoint? endpoint) ?? (endpoint is { } generating
            ? Begin(generating, inner!, body!, cancellationToken)
            : ListModels());
    }

    private ApiError? ListModels()
    {
        SealWhole(200, ModelList.ToJson(_opener.Keyset.Models.All.Select(static model => (model.Name, model.ContextLength))), null);
        return null;
    }

    private ApiError? Begin(ApiEndpoint endpoint, BinaryRequest inner, SecretBuffer body, CancellationToken cancellationToken)
    {
        // In this order: nothing of the body is looked at for a client that verified other evidence.
        if (!InnerHeaders.TryRead(inner, out InnerHeaders? headers, out ApiError? error))
        {
            return error;
        }

        LiveKeyset keyset = _opener.Keyset;
        if (!keyset.Bindings.Contains(headers!.Binding))
        {
            return ApiError.BindingMismatch();
        }

        if (!ApiRequestParser.TryParse(endpoint, body.Memory, out _request, out error))
        {
            return error;
        }

        body.Clear();
        if (!keyset.Models.TryFind(_request!.Model, out _model))
        {
            return ApiError.ModelNotFound([.. keyset.Models.All.Select(static model => model.Name)]);
        }

        error = PromptReader.TryRead(_request, _model, out int[]? ids);
        if (error is not null)
        {
            return error;
        }

        _prompt = _scope.Own(SecretIds.TakeFrom(ids!));
        return Admit(headers, keyset, _model, cancellationToken);
    }

    private ApiError? Admit(InnerHeaders headers, LiveKeyset keyset, ServedModel model, CancellationToken cancellationToken)
    {
        if (_prompt!.Count > model.MaxPromptTokens)
        {
            return ApiError.PromptTooLong(_prompt.Count, model.MaxPromptTokens);
        }

        int fits = Math.Min(_options.MaxOutputTokens, model.ContextLength - _prompt.Count);
        int room = model.Engine.RoomFor(_prompt.Count);
        int asked = _request!.MaxTokens ?? Math.Min(fits, room);
        if (Math.Min(asked, fits) > room || room < 1)
        {
            return ApiError.TooMuchMemory(_prompt.Count, asked, room);
        }

        if (ConstraintReader.TryRead(_request, model, out TokenConstraint? constraint) is { } unsupported)
        {
            return unsupported;
        }

        SamplingParameters sampling = _request.Sampling;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, keyset.Ended);
        try
        {
            _tokens = model.Engine.GenerateAsync(
                new GenerationRequest
                {
                    PromptIds = _prompt.Backing,
                    Sampling = sampling,
                    Seed = SamplingSeed.Derive(_request.Seed, headers.ClientNonce),
                    MaxTokens = Math.Min(asked, fits),
                    LogProbabilities = _request.LogProbabilities,
                    Constraint = constraint,
                },
                _cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
        }
        catch (GenerationException exception)
        {
            constraint?.Dispose();
            // Everything else that an engine refuses was refused above, by the parser or by the limits.
            return exception.Error == GenerationError.QueueFull ? ApiError.Busy(1) : ApiError.Internal();
        }

        byte[] id = RandomNumberGenerator.GetBytes(16);
        SamplingClaims claims = StatedSampling.Of(_request, asked);
        _answer = new Answer(
            keyset, model, headers, _opener.RequestDigest, id, _prompt, claims, _opener.CreateResponseSealer(), _scope, _options, _simulated, _time);
        // A completion goes on where its prompt ends, so the space that its first token may begin with is part of the text.
        TokenDecoder decoder = _request.Endpoint == ApiEndpoint.Completions
            ? model.Loaded.Tokenizer.CreateContinuationDecoder()
            : model.Loaded.Tokenizer.CreateDecoder();
        _steps = new StepWriter(_request, id, _time.GetUtcNow(), _options.PaddingBucket, decoder, _scope, _request.LogProbabilities is null ? null : model.Loaded.Tokenizer);
        Interlocked.Add(ref _metrics.PromptTokens, _prompt.Count);
        Interlocked.Increment(ref model.Counters.Accepted);
        Interlocked.Add(ref model.Counters.PromptTokens, _prompt.Count);
        _state = SessionState.Accepted;
        _keysetEnd.Watch(keyset, Wipe);
        return null;
    }

    private byte[]? Open()
    {
        byte[] acceptance;
        try
        {
            acceptance = _answer!.SignAcceptance();
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.KeysetExpired)
        {
            return EndEarly();
        }

        _state = SessionState.Generating;
        _steps!.Accept(acceptance, _answer.Secret, _prompt!.Span);
        byte[] head = _answer.Sealer.Start(200, [EventStream, NoStore]);
        return [.. head, .. _answer.Seal(_steps.Step)];
    }

    private async ValueTask<byte[]?> StepAsync()
    {
        bool more;
        try
        {
            // Tokens that are drawn already must not go to a client that has left.
            _cancellation!.Token.ThrowIfCancellationRequested();
            more = await _tokens!.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception) when (_keysetEnd.HasCome)
        {
            return Fail(ApiError.KeysetEnded());
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Fail(ApiError.Internal());
        }

        if (!more)
        {
            return Fail(ApiError.Internal());
        }

        try
        {
            return await WriteAsync(_tokens.Current).ConfigureAwait(false);
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.KeysetExpired)
        {
            return Fail(ApiError.KeysetEnded());
        }
    }

    private async ValueTask<byte[]> WriteAsync(GeneratedToken token)
    {
        byte[]? checkpoint = _answer!.SignCheckpointIfDue();
        _answer.Add(token.Id);
        Interlocked.Increment(ref _metrics.OutputTokens);
        Interlocked.Increment(ref _model!.Counters.OutputTokens);
        if (_steps!.Write(token, checkpoint) is not { } reason)
        {
            return _answer.Seal(_steps.Step);
        }

        await StopGeneratingAsync().ConfigureAwait(false);
        _finishReason = reason;
        _steps.End(reason, _request!.IncludeUsage, _prompt!.Count, _answer.OutputTokens);
        _state = SessionState.Closing;
        return _answer.Seal(_steps.Step);
    }

    private byte[] Close()
    {
        byte[] receipt;
        try
        {
            receipt = _answer!.SignReceipt(_finishReason);
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.KeysetExpired)
        {
            Interlocked.Increment(ref _metrics.Abandoned);
            return _answer!.Sealer.Finish([]);
        }

        Interlocked.Increment(ref _metrics.Receipts);
        Interlocked.Increment(ref _model!.Counters.Receipts);
        return _answer.Sealer.Finish([new BhttpField(VerathosHeaders.Receipt, Base64Url.EncodeToString(receipt))]);
    }

    // The stream has begun, so the error travels in it; it ends properly and without a receipt.
    private byte[] Fail(ApiError error)
    {
        Interlocked.Increment(ref _metrics.Abandoned);
        _state = SessionState.Done;
        byte[] chunk = _answer!.Seal(AnswerWriter.ErrorStep(error, _options.PaddingBucket));
        return [.. chunk, .. _answer.Sealer.Finish([])];
    }

    private async ValueTask StopGeneratingAsync()
    {
        if (_tokens is not { } tokens)
        {
            return;
        }

        _tokens = null;
        try
        {
            await tokens.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or GenerationException)
        {
            // It was told to stop.
        }
    }

    private void SealWhole(ApiError error) => SealWhole(error.Status, error.ToJson(), error.RetryAfterSeconds);

    private void SealWhole(int status, byte[] json, int? retryAfter)
    {
        _whole = WholeAnswer.Seal(_opener.CreateResponseSealer(), status, json, retryAfter, _options.PaddingBucket);
        _state = SessionState.Whole;
    }
}
