using System.Buffers.Text;
using System.Security.Cryptography;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Serving;
using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>A model's answer, from its admission to its receipt.</summary>
/// <param name="context">What all sessions share.</param>
/// <param name="opener">The request.</param>
/// <param name="request">What is asked; belongs to the session.</param>
/// <param name="headers">The request's own fields.</param>
/// <param name="scope">Owns what is secret.</param>
internal sealed class AnswerReply(SessionContext context, RequestOpener opener, ApiRequest request, InnerHeaders headers, SecretScope scope) : Reply
{
    private static readonly BhttpField EventStream = new("content-type", MediaTypes.EventStream);
    private static readonly BhttpField NoStore = new("cache-control", "no-store");
    private readonly SecretBuffer _secret = scope.Own(SecretBuffer.Random(TraceSecret.Size));
    private readonly SecretBuffer _traceSecret = scope.Own(new SecretBuffer(TraceSecret.Size));
    private AnswerState _state;
    private ServedModel? _model;
    private Answer? _answer;
    private StepWriter? _steps;
    private SecretIds? _prompt;
    private IAsyncEnumerator<GeneratedToken>? _tokens;
    private CancellationTokenSource? _cancellation;
    private string _finishReason = "stop";

    /// <summary>Takes the request, or says why not; only then are there pieces.</summary>
    public ApiError? Admit(CancellationToken cancellationToken)
    {
        LiveKeyset keyset = opener.Keyset;
        if (!keyset.Models.TryFind(request.Model, out _model))
        {
            return ApiError.ModelNotFound([.. keyset.Models.All.Select(static model => model.Name)]);
        }

        if (PromptReader.TryRead(request, _model, out int[]? ids) is { } error)
        {
            return error;
        }

        _prompt = scope.Own(SecretIds.TakeFrom(ids!));
        return Admit(keyset, _model, cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> NextAsync()
    {
        switch (_state)
        {
            case AnswerState.Accepted:
                return Open();
            case AnswerState.Generating:
                return await StepAsync().ConfigureAwait(false);
            case AnswerState.Closing:
                _state = AnswerState.Done;
                return Close();
            default:
                return null;
        }
    }

    /// <inheritdoc/>
    public override byte[]? EndEarly()
    {
        switch (_state)
        {
            case AnswerState.Accepted:
                _state = AnswerState.Done;
                ApiError error = ApiError.KeysetRetiring();
                return WholeAnswer.Seal(opener.CreateResponseSealer(), error.Status, error.ToJson(), error.RetryAfterSeconds, context.Options.PaddingBucket);
            case AnswerState.Generating or AnswerState.Closing:
                return Fail(ApiError.KeysetEnded());
            default:
                return null;
        }
    }

    /// <inheritdoc/>
    public override void Wipe() => _answer?.Wipe();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_tokens is not null)
        {
            if (_state is AnswerState.Accepted or AnswerState.Generating)
            {
                Interlocked.Increment(ref context.Metrics.Abandoned);
            }

            // Leaving an enumeration that never began would not tell the engine.
            await _cancellation!.CancelAsync().ConfigureAwait(false);
            await StopGeneratingAsync().ConfigureAwait(false);
        }

        _cancellation?.Dispose();
        _steps?.Dispose();
        _answer?.Dispose();
    }

    private ApiError? Admit(LiveKeyset keyset, ServedModel model, CancellationToken cancellationToken)
    {
        if (_prompt!.Count > model.MaxPromptTokens)
        {
            return ApiError.PromptTooLong(_prompt.Count, model.MaxPromptTokens);
        }

        int fits = Math.Min(context.Options.MaxOutputTokens, model.ContextLength - _prompt.Count);
        int room = model.Engine.RoomFor(_prompt.Count);
        int asked = request.MaxTokens ?? Math.Min(fits, room);
        if (Math.Min(asked, fits) > room || room < 1)
        {
            return ApiError.TooMuchMemory(_prompt.Count, asked, room);
        }

        if (ConstraintReader.TryRead(request, model, out TokenConstraint? constraint) is { } unsupported)
        {
            return unsupported;
        }

        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, keyset.Ended);
        GenerationRequest generation = Generation(model, Math.Min(asked, fits), constraint);
        try
        {
            _tokens = model.Engine.GenerateAsync(generation, _cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
        }
        catch (GenerationException exception)
        {
            generation.Constraint?.Dispose();
            generation.StopCondition?.Dispose();

            // Everything else that an engine refuses was refused above, by the parser or by the limits.
            return exception.Error == GenerationError.QueueFull ? ApiError.Busy(1) : ApiError.Internal();
        }

        byte[] id = RandomNumberGenerator.GetBytes(16);
        SamplingClaims claims = StatedSampling.Of(request, asked);
        _answer = new Answer(keyset, model, headers, opener.RequestDigest, id, _prompt, _secret, _traceSecret, claims, opener.CreateResponseSealer(), scope, context);
        _steps = new StepWriter(request, id, context.Time.GetUtcNow(), context.Options.PaddingBucket, Decoder(model), scope, request.LogProbabilities is null ? null : model.Loaded.Tokenizer);
        Interlocked.Add(ref context.Metrics.PromptTokens, _prompt.Count);
        Interlocked.Increment(ref model.Counters.Accepted);
        Interlocked.Add(ref model.Counters.PromptTokens, _prompt.Count);
        _state = AnswerState.Accepted;
        return null;
    }

    private GenerationRequest Generation(ServedModel model, int maxTokens, TokenConstraint? constraint)
    {
        bool commits = model.Engine.Commits;
        if (commits)
        {
            TraceSecret.Derive(_secret.Span, _traceSecret.GetSpan(TraceSecret.Size)[..TraceSecret.Size]);
            _traceSecret.Advance(TraceSecret.Size);
        }

        return new GenerationRequest
        {
            PromptIds = _prompt!.Backing,
            Sampling = request.Sampling,
            Seed = SamplingSeed.Derive(request.Seed, headers.ClientNonce),
            MaxTokens = maxTokens,
            LogProbabilities = request.LogProbabilities,
            Constraint = constraint,
            StopCondition = request.Stop.Count == 0 ? null : new StopTexts(request.Stop, Decoder(model)),
            TraceSecret = commits ? _traceSecret.Backing : null,
            SketchSeed = commits ? SketchPlan.DeriveSeed(headers.ClientNonce) : null,
        };
    }

    // A completion goes on where its prompt ends, so the space that its first token may begin with is part of the text.
    private TokenDecoder Decoder(ServedModel model) => request.Endpoint == ApiEndpoint.Completions
        ? model.Loaded.Tokenizer.CreateContinuationDecoder()
        : model.Loaded.Tokenizer.CreateDecoder();

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

        _state = AnswerState.Generating;
        _steps!.Accept(acceptance, _secret.Span, _prompt!.Span);
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
        catch (Exception) when (opener.Keyset.Ended.IsCancellationRequested)
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
        _answer.Add(token);
        Interlocked.Increment(ref context.Metrics.OutputTokens);
        Interlocked.Increment(ref _model!.Counters.OutputTokens);
        if (_steps!.Write(token, checkpoint) is not { } reason)
        {
            return _answer.Seal(_steps.Step);
        }

        if (token.Finish is null)
        {
            // The engine ends where the text does; an answer whose commitments go further is not signed.
            return Fail(ApiError.Internal());
        }

        await StopGeneratingAsync().ConfigureAwait(false);
        _finishReason = reason;
        _steps.End(reason, request.IncludeUsage, _prompt!.Count, _answer.OutputTokens);
        _state = AnswerState.Closing;
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
            Interlocked.Increment(ref context.Metrics.Abandoned);
            return _answer!.Sealer.Finish([]);
        }

        Interlocked.Increment(ref context.Metrics.Receipts);
        Interlocked.Increment(ref _model!.Counters.Receipts);
        return _answer.Sealer.Finish([new BhttpField(VerathosHeaders.Receipt, Base64Url.EncodeToString(receipt))]);
    }

    // The stream has begun, so the error travels in it; it ends properly and without a receipt.
    private byte[] Fail(ApiError error)
    {
        Interlocked.Increment(ref context.Metrics.Abandoned);
        _state = AnswerState.Done;
        byte[] chunk = _answer!.Seal(AnswerWriter.ErrorStep(error, context.Options.PaddingBucket));
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
}
