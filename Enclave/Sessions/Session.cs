using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Bhttp;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// One request from its first byte to the end of its answer. <see cref="NextAsync"/> gives the next piece of the sealed answer; where
/// it fails, nothing of the request survives <see cref="DisposeAsync"/>.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly SessionContext _context;
    private readonly SecretScope _scope;
    private readonly RequestOpener _opener;
    private readonly KeysetEnd _keysetEnd;
    private ApiRequest? _request;
    private Reply? _reply;
    private AnswerReply? _begun;

    /// <summary>A session for one request.</summary>
    /// <param name="ring">The keys.</param>
    /// <param name="context">What all sessions share.</param>
    /// <param name="scope">Owns what is secret; ends with the session.</param>
    public Session(KeyRing ring, SessionContext context, SecretScope scope)
    {
        _context = context;
        _scope = scope;
        _keysetEnd = new KeysetEnd(ring);
        _opener = new RequestOpener(ring, context.Options, scope);
    }

    /// <summary>Reads the request and decides; afterwards <see cref="NextAsync"/> gives the answer.</summary>
    /// <exception cref="EnclaveException">The request does not decapsulate.</exception>
    public async ValueTask OpenAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> request, CancellationToken cancellationToken)
    {
        ApiError? error = await _opener.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _context.Metrics.Requests);
        if (_opener.Replay == ReplayOutcome.Seen)
        {
            Interlocked.Increment(ref _context.Metrics.Replays);
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
            Interlocked.Increment(ref _context.Metrics.SealedErrors);
            _reply = Whole(error.Status, error.ToJson(), error.RetryAfterSeconds);
        }

        _keysetEnd.Rest();
    }

    /// <summary>The next piece of the sealed answer, or null at its end.</summary>
    public async ValueTask<byte[]?> NextAsync()
    {
        if (!_keysetEnd.TryWork())
        {
            return _reply?.EndEarly();
        }

        try
        {
            return _reply is { } reply ? await reply.NextAsync().ConfigureAwait(false) : null;
        }
        finally
        {
            _keysetEnd.Rest();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _keysetEnd.DisposeAsync().ConfigureAwait(false);
        foreach (Reply? reply in (Reply?[])[_reply, _begun == _reply ? null : _begun])
        {
            if (reply is not null)
            {
                await reply.DisposeAsync().ConfigureAwait(false);
            }
        }

        _opener.Dispose();
        Wipe();
    }

    private void Wipe()
    {
        _reply?.Wipe();
        _request?.Dispose();
        _scope.Dispose();
    }

    private ApiError? Accept(CancellationToken cancellationToken)
    {
        if (!_opener.TryParse(out BinaryRequest? inner, out SecretBuffer? body))
        {
            return ApiError.Invalid("invalid_message", null, "The sealed message is not a binary HTTP request.");
        }

        if (Route.Find(inner!, out Operation operation) is { } lost)
        {
            return lost;
        }

        if (operation == Operation.Models)
        {
            _reply = Whole(200, ModelList.ToJson(_opener.Keyset.Models.All.Select(static model => (model.Name, model.ContextLength))), null);
            return null;
        }

        // In this order: nothing of the body is looked at for a client that verified other evidence.
        if (!InnerHeaders.TryRead(inner!, out InnerHeaders? headers, out ApiError? error))
        {
            return error;
        }

        if (!_opener.Keyset.Bindings.Contains(headers!.Binding))
        {
            return ApiError.BindingMismatch();
        }

        return operation == Operation.Openings
            ? Open(headers, body!, cancellationToken)
            : Answer(operation == Operation.ChatCompletions ? ApiEndpoint.ChatCompletions : ApiEndpoint.Completions, headers, body!, cancellationToken);
    }

    private ApiError? Answer(ApiEndpoint endpoint, InnerHeaders headers, SecretBuffer body, CancellationToken cancellationToken)
    {
        if (!ApiRequestParser.TryParse(endpoint, body.Memory, out _request, out ApiError? error))
        {
            return error;
        }

        body.Clear();
        // Kept apart, so that it ends with the session also where it is refused or admitting it fails.
        _begun = new AnswerReply(_context, _opener, _request!, headers, _scope);
        return _begun.Admit(cancellationToken) ?? Take(_begun);
    }

    private ApiError? Open(InnerHeaders headers, SecretBuffer body, CancellationToken cancellationToken)
    {
        ApiError? refused = OpeningReply.TryBegin(_context, _opener, headers, body, cancellationToken, out OpeningReply? reply);
        return refused ?? Take(reply!);
    }

    private ApiError? Take(Reply reply)
    {
        _reply = reply;
        _keysetEnd.Watch(_opener.Keyset, Wipe);
        return null;
    }

    private WholeReply Whole(int status, byte[] json, int? retryAfter) =>
        new(WholeAnswer.Seal(_opener.CreateResponseSealer(), status, json, retryAfter, _context.Options.PaddingBucket));
}
