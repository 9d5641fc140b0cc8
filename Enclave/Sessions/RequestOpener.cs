using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// Takes an encapsulated request in: decapsulates it, records its header before anything else is done with it, and hands
/// out the inner request only after the final chunk has opened.
/// </summary>
internal sealed class RequestOpener : IDisposable
{
    private readonly KeyRing _ring;
    private readonly EnclaveOptions _options;
    private readonly ChunkedRequestOpener _opener;
    private readonly SecretScope _scope;
    private readonly SecretBuffer _message;

    /// <summary>An opener for one request.</summary>
    public RequestOpener(KeyRing ring, EnclaveOptions options, SecretScope scope)
    {
        _ring = ring;
        _options = options;
        _scope = scope;
        _message = scope.Own(new SecretBuffer(4096));
        _opener = new ChunkedRequestOpener(ring.PrivateKeys, options.MaxRequestBytes);
    }

    /// <summary>The keyset that the request was sealed to, once <see cref="ReadAsync"/> has returned.</summary>
    public LiveKeyset Keyset { get; private set; } = null!;

    /// <summary>What the replay record said.</summary>
    public ReplayOutcome Replay { get; private set; }

    /// <summary>SHA-256 over the encapsulated request; only after success.</summary>
    public ReadOnlyMemory<byte> RequestDigest => _opener.RequestDigest;

    /// <summary>The sealer for the answer.</summary>
    public ChunkedResponseSealer CreateResponseSealer() => _opener.CreateResponseSealer();

    /// <summary>Reads the request to its end.</summary>
    /// <returns>Null where the request opened; else the error to seal.</returns>
    /// <exception cref="EnclaveException">It does not decapsulate, or a chunk does not open; the caller gives its uniform answer.</exception>
    public async ValueTask<ApiError?> ReadAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> request, CancellationToken cancellationToken)
    {
        using CancellationTokenSource reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationTokenRegistration ended = default;
        try
        {
            await foreach (ReadOnlyMemory<byte> piece in request.WithCancellation(reading.Token).ConfigureAwait(false))
            {
                bool known = Keyset is not null;
                if (Take(() => _opener.Feed(piece.Span)) is { } error)
                {
                    return error;
                }

                if (!known && Keyset is not null)
                {
                    // What opened must not wait, readable, for a rest that nobody can open any more.
                    ended = Keyset.Ended.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), reading);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && reading.IsCancellationRequested)
        {
            throw Undecryptable();
        }
        finally
        {
            await ended.DisposeAsync().ConfigureAwait(false);
        }

        // Without an error this is the final chunk: nothing of a cut request gets past here.
        return Take(_opener.Complete);
    }

    /// <summary>The inner request, whose content moves into a secret buffer.</summary>
    public bool TryParse(out BinaryRequest? request, out SecretBuffer? content)
    {
        content = null;
        if (!BinaryRequest.TryParse(_message.Memory, out request, out _))
        {
            return false;
        }

        content = _scope.Own(SecretBuffer.CopyOf(request!.Content.Span));
        _scope.Wipe(request.Content);
        request = request with { Content = default };
        _message.Clear();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _opener.Dispose();

    private static EnclaveException Undecryptable() => new(EnclaveFailure.Undecryptable, "The request does not decapsulate.");

    private ApiError? RefusalOf(LiveKeyset keyset) => Replay switch
    {
        ReplayOutcome.Seen => ApiError.Replayed(),
        ReplayOutcome.Full when _ring.HasSuccessor(keyset) => ApiError.KeysetRetiring(),
        ReplayOutcome.Full => ApiError.ReplayRecordFull(Math.Max(1, (int)Math.Ceiling(_ring.NextWait?.TotalSeconds ?? 0))),
        _ => _ring.TakesRequests(keyset) ? null : ApiError.KeysetRetiring(),
    };

    private ApiError? Take(Func<OhttpError> feed)
    {
        try
        {
            return Take(feed());
        }
        catch (Exception exception) when (exception is not EnclaveException)
        {
            // Such as keys destroyed while they were used. Every such request looks the same from outside.
            throw Undecryptable();
        }
    }

    private ApiError? Take(OhttpError state)
    {
        if (Keyset is null && _opener.HeaderComplete)
        {
            // The keyset may have ended since the opener took its keys.
            Keyset = _ring.TryFind(_opener.KeyId, out LiveKeyset? keyset) ? keyset : throw Undecryptable();
            Replay = _ring.Record(Keyset, _opener.HeaderDigest.Span);
        }

        // Nothing more is opened for a request that is refused anyway.
        if (Keyset is not null && RefusalOf(Keyset) is { } refusal)
        {
            return refusal;
        }

        if (state == OhttpError.MessageTooLarge && Keyset is not null)
        {
            return ApiError.TooLarge(_options.MaxRequestBytes);
        }

        while (_opener.TryRead(out OhttpChunk chunk))
        {
            _message.Append(chunk.Plaintext.Span);
            _scope.Wipe(chunk.Plaintext);
        }

        return _opener.Error == OhttpError.None ? null : throw Undecryptable();
    }
}
