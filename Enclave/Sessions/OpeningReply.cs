using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Openings;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// Openings of an answer's computation: items that go out as they are computed, and in the trailer a signed statement of what was asked
/// and shown. Where computing fails before anything went out the answer is an error; later it ends without a statement.
/// </summary>
internal sealed class OpeningReply : Reply
{
    /// <summary>The most content of one piece.</summary>
    private const int PieceBytes = 64 * 1024;

    private static readonly BhttpField ContentType = new("content-type", OpeningContent.MediaType);
    private static readonly BhttpField NoStore = new("cache-control", "no-store");
    private readonly SessionContext _context;
    private readonly RequestOpener _opener;
    private readonly InnerHeaders _headers;
    private readonly OpeningRequest _request;
    private readonly KeptAnswer _answer;
    private readonly CancellationTokenSource _cancellation;
    private readonly ResponseStreamSealer _sealer;
    private readonly IncrementalHash _content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Queue<byte[]> _ready = new();
    private int _sent;
    private int _step;
    private uint _items;
    private bool _begun;
    private bool _ended;
    private int _released;

    private OpeningReply(SessionContext context, RequestOpener opener, InnerHeaders headers, OpeningRequest request, KeptAnswer answer, CancellationToken cancellationToken)
    {
        (_context, _opener, _headers, _request, _answer) = (context, opener, headers, request, answer);
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, opener.Keyset.Ended);
        _sealer = new ResponseStreamSealer(opener.CreateResponseSealer(), null);
    }

    /// <summary>Takes a request, or says why not.</summary>
    /// <param name="context">What all sessions share.</param>
    /// <param name="opener">The request.</param>
    /// <param name="headers">Its own fields.</param>
    /// <param name="body">Its content, which is cleared.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    /// <param name="reply">The openings.</param>
    /// <returns>Null, or the error.</returns>
    public static ApiError? TryBegin(SessionContext context, RequestOpener opener, InnerHeaders headers, SecretBuffer body, CancellationToken cancellationToken, out OpeningReply? reply)
    {
        reply = null;
        bool parsed = OpeningRequest.TryParse(body.Span, out OpeningRequest? request);
        body.Clear();
        if (!parsed)
        {
            return ApiError.Invalid("invalid_opening", null, "The content is not a request for openings in deterministic CBOR.");
        }

        if (context.Kept is not { } kept)
        {
            CryptographicOperations.ZeroMemory(request!.AuditSecret);
            return ApiError.OpeningNotFound();
        }

        if (kept.TryTake(request!, out KeptAnswer? answer) is { } refused)
        {
            CryptographicOperations.ZeroMemory(request!.AuditSecret);
            Interlocked.Increment(ref context.Metrics.OpeningsRefused);
            return refused;
        }

        reply = new OpeningReply(context, opener, headers, request!, answer!, cancellationToken);
        return null;
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> NextAsync()
    {
        if (_ended)
        {
            return null;
        }

        try
        {
            if (_ready.Count == 0 && !await ComputeAsync().ConfigureAwait(false))
            {
                return Finish();
            }
        }
        catch (Exception) when (_opener.Keyset.Ended.IsCancellationRequested)
        {
            return Fail(ApiError.KeysetRetiring());
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Fail(ApiError.Internal());
        }

        return Send();
    }

    /// <inheritdoc/>
    public override byte[]? EndEarly() => _ended ? null : Fail(ApiError.KeysetRetiring());

    /// <inheritdoc/>
    public override void Wipe()
    {
        CryptographicOperations.ZeroMemory(_request.AuditSecret);
        foreach (byte[] item in _ready)
        {
            CryptographicOperations.ZeroMemory(item);
        }

        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            _context.Kept!.Return(_answer);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync().ConfigureAwait(false);
        Wipe();
        _cancellation.Dispose();
        _sealer.Dispose();
        _content.Dispose();
    }

    /// <summary>Computes the next items; false where all were.</summary>
    private async ValueTask<bool> ComputeAsync()
    {
        OpeningAsk ask = _request.Ask;
        if (_step == (ask.Kind == OpeningKind.Openings ? ask.Count : 1))
        {
            return false;
        }

        InferenceEngine engine = _answer.Model.Engine;
        int number = _step++;
        switch (ask.Kind)
        {
            case OpeningKind.Openings:
                Ready(await engine.OpenAsync(_answer.Committed, Plan(ask.First + number), _cancellation.Token).ConfigureAwait(false));
                break;
            case OpeningKind.Chosen:
                OpeningPlan chosen = new(ask.StepNumber, ask.Layer, ask.Head, ask.LinkStep, ask.LogitsStep);
                Ready(await engine.OpenAsync(_answer.Committed, chosen, _cancellation.Token).ConfigureAwait(false));
                break;
            case OpeningKind.Step:
                Ready(await engine.OpenStepAsync(_answer.Committed, ask.StepNumber, _cancellation.Token).ConfigureAwait(false));
                break;
            case OpeningKind.StepHashes:
                Ready([[.. _answer.Committed.StepHashes.SelectMany(static hash => hash)]]);
                break;
            default:
                byte[] chunks = new byte[sizeof(uint)];
                BinaryPrimitives.WriteUInt32BigEndian(chunks, (uint)_answer.Record.Toploc.Count);
                Ready([chunks, .. _answer.Record.Toploc.Concat(_answer.Record.Sketches).Select(static proof => (byte[])[.. proof])]);
                break;
        }

        return true;
    }

    private OpeningPlan Plan(int number) => OpeningPlan.Derive(
        _request.AuditSecret, _request.ReceiptDigest, number, _answer.Model.Engine.TraceShape, _answer.Model.Loaded.Config.Heads,
        _answer.Committed.PromptTokens, _answer.Committed.StepHashes.Count);

    private void Ready(IReadOnlyList<byte[]> items)
    {
        foreach (byte[] item in items)
        {
            byte[] framed = new byte[OpeningContent.HeaderSize + item.Length];
            OpeningContent.WriteHeader(item.Length, framed);
            item.CopyTo(framed, OpeningContent.HeaderSize);
            CryptographicOperations.ZeroMemory(item);
            _content.AppendData(framed);
            _ready.Enqueue(framed);
            _items++;
        }
    }

    private byte[] Send()
    {
        byte[] head = _begun ? [] : _sealer.Start(200, [ContentType, NoStore]);
        _begun = true;
        byte[] item = _ready.Peek();
        ReadOnlySpan<byte> piece = item.AsSpan(_sent, Math.Min(PieceBytes, item.Length - _sent));
        byte[] sealedPiece = _sealer.Write(piece);
        _sent += piece.Length;
        if (_sent == item.Length)
        {
            CryptographicOperations.ZeroMemory(_ready.Dequeue());
            _sent = 0;
        }

        return [.. head, .. sealedPiece];
    }

    private byte[] Finish()
    {
        byte[] statement;
        try
        {
            statement = _opener.Keyset.Sign(new OpeningStatement
            {
                BootId = _opener.Keyset.Keyset.BootId,
                IssuedAt = _context.Time.GetUtcNow(),
                Nonce = _headers.ClientNonce,
                KeysetDigest = _opener.Keyset.Keyset.Digest,
                RequestDigest = _opener.RequestDigest,
                ReceiptDigest = _request.ReceiptDigest,
                Ask = _request.Ask,
                ContentDigest = _content.GetCurrentHash(),
                Items = _items,
                Simulated = _context.Simulated,
            });
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.KeysetExpired)
        {
            return Fail(ApiError.KeysetRetiring());
        }

        _ended = true;
        Interlocked.Add(ref _context.Metrics.Openings, _request.Ask.Weight);
        return _sealer.Finish([new BhttpField(VerathosHeaders.Opening, Base64Url.EncodeToString(statement))]);
    }

    private byte[] Fail(ApiError error)
    {
        _ended = true;
        Interlocked.Increment(ref _context.Metrics.OpeningsFailed);
        return _begun
            ? _sealer.Finish([])
            : WholeAnswer.Seal(_opener.CreateResponseSealer(), error.Status, error.ToJson(), error.RetryAfterSeconds, _context.Options.PaddingBucket);
    }
}
