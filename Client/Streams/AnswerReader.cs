using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Trust;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Streams;

/// <summary>
/// Turns the bytes of one encapsulated response into authenticated updates and, at its end, the verified answer. Nothing leaves
/// it that was not opened under the response's keys and preceded by a signed acceptance of exactly this request.
/// </summary>
internal sealed class AnswerReader : IDisposable
{
    private const int MaximumErrorBody = 64 * 1024;

    private readonly SealedExchange _exchange;
    private readonly ResponseStreamOpener _opener;
    private readonly ReceiptChecker _checker;
    private readonly SseParser _events = new();
    private readonly Queue<AnswerUpdate> _updates = new();
    private readonly List<int> _outputIds = [];
    private readonly StringBuilder _text = new();
    private readonly LogProbabilityFold _logProbabilities = new();
    private readonly MemoryStream _errorBody = new();
    private readonly StreamTrace _trace;
    private readonly bool _keepsTicket;
    private int[] _promptIds = [];
    private byte[]? _secret;
    private byte[]? _acceptance;
    private byte[]? _checkpoint;
    private byte[]? _checkpointHead;
    private long _checkpointIndex;
    private int _checkpointTokens;
    private byte[] _streamId = [];
    private int _tokensBeforeChunk;
    private long _chunks;
    private int _status;
    private IReadOnlyList<BhttpField> _fields = [];
    private IReadOnlyList<BhttpField>? _trailers;
    private bool _done;
    private string? _finish;
    private string? _id;
    private string? _model;
    private TimeSpan? _firstToken;

    public AnswerReader(SealedExchange exchange, ClientOptions options, ulong? floor)
    {
        _exchange = exchange;
        _keepsTicket = options.KeepTickets;
        _opener = new ResponseStreamOpener(exchange.CreateResponseOpener());
        _checker = new ReceiptChecker(exchange.Node.Statement, options.Ledger, floor, options.Trace);
        _trace = new StreamTrace(_checker.RequiresTrace(exchange.Model));
    }

    /// <summary>Whether any text of the answer has been given out.</summary>
    public bool Emitted { get; private set; }

    /// <summary>How many chunks were opened so far: what counts as a sign of life.</summary>
    public int Opened => _opener.ChunkCount;

    /// <summary>Takes the next bytes of the outer body.</summary>
    /// <exception cref="VerathosException">They are not the next bytes of this exchange's answer.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (_opener.Feed(bytes) is var error and not ExchangeError.None)
            throw Broken("the answer does not open under this request's keys: it was changed, reordered or belongs elsewhere", error);

        Drain();
    }

    /// <summary>The outer body has ended: the answer must be whole and its receipt must hold.</summary>
    /// <exception cref="VerathosException">The answer is cut, the enclave refused the request, or a check failed.</exception>
    public void Complete()
    {
        if (_opener.Complete() is var error and not ExchangeError.None)
            throw Broken("the answer ends before its final chunk: it was cut", error);

        Drain();
        if (_trailers is null)
            throw Broken("the answer ends before its trailer: it was cut", null);

        if (_status != 200)
            throw Refused();

        if (_acceptance is null || !_done || _events.HasPartialEvent)
            throw Broken("the answer is authentic but incomplete: the node ended it without its last event", null);

        Answer answer = Verify();
        _updates.Enqueue(new AnswerUpdate { Id = _id, Completed = answer });
    }

    /// <summary>The next authenticated update.</summary>
    public bool TryRead(out AnswerUpdate? update) => _updates.TryDequeue(out update);

    /// <summary>What is proved so far.</summary>
    public DeliveryProof Proof() => new(
        _exchange.RequestDigest,
        _acceptance is not null,
        _checkpointIndex,
        _checkpointTokens,
        _checkpointHead,
        _acceptance,
        _checkpoint,
        _chunks,
        _outputIds.Count);

    /// <summary>A failure of the stream, with what is proved.</summary>
    public VerathosException Broken(string message, ExchangeError? error) => new(
        ClientFailure.StreamBroken,
        $"{message}; {Proof()}; ask again to get the whole answer")
    {
        Check = error is null or ExchangeError.Truncated ? "stream.complete" : "stream.authentic",
        Delivered = Proof(),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _opener.Dispose();
        if (_secret is not null)
            CryptographicOperations.ZeroMemory(_secret);
    }

    private void Drain()
    {
        while (_opener.TryRead(out ResponsePart part))
        {
            switch (part.Kind)
            {
                case BhttpPartKind.Head:
                    (_status, _fields) = (part.Status, part.Fields);
                    break;
                case BhttpPartKind.Content when _status == 200:
                    if (_chunks != part.ChunkIndex)
                        (_chunks, _tokensBeforeChunk) = (part.ChunkIndex, _outputIds.Count);

                    if (!_events.TryFeed(part.Content.Span))
                        throw Broken("the node sent an event that is too long", null);
                    DrainEvents(part.ChunkIndex);
                    break;
                case BhttpPartKind.Content:
                    if (_errorBody.Length + part.Content.Length <= MaximumErrorBody)
                        _errorBody.Write(part.Content.Span);
                    break;
                case BhttpPartKind.End:
                    _trailers = part.Fields;
                    break;
            }
        }
    }

    private void DrainEvents(long chunk)
    {
        while (_events.TryRead(out SseEvent value))
        {
            if (_acceptance is null)
            {
                if (value.Name != SseEvents.Acceptance)
                    throw Broken("the node answered without a signed acceptance", null);

                Accept(value.Data);
            }
            else if (_done)
            {
                throw Broken("the node sent more after the answer's end", null);
            }
            else if (value.Name == SseEvents.Checkpoint)
            {
                Checkpoint(value.Data, chunk);
            }
            else if (value.Name is not null)
            {
                throw Broken("the node sent an event of an unknown kind", null);
            }
            else if (value.Data.Span.SequenceEqual("[DONE]"u8))
            {
                _done = true;
            }
            else
            {
                Add(value.Data);
            }
        }
    }

    private void Add(ReadOnlyMemory<byte> json)
    {
        if (!CompletionChunk.TryParse(json, out CompletionChunk chunk))
            throw Broken("the node sent a chunk that is not one of the OpenAI interface", null);

        if (chunk.IsError)
            throw Abandoned(Encoding.UTF8.GetString(json.Span));

        if (_trace.Add(chunk.Ids.Count, chunk.Trace) is { } problem)
            throw Uncommitted(problem);

        _outputIds.AddRange(chunk.Ids);
        if (_outputIds.Count - _checkpointTokens > SseEvents.CheckpointTokens)
            throw Broken($"the node sent more than {SseEvents.CheckpointTokens} tokens without a signed checkpoint", null);

        (_id, _model, _finish) = (chunk.Id ?? _id, chunk.Model ?? _model, chunk.FinishReason ?? _finish);
        if (chunk.LogProbabilities is { } logProbabilities)
            _logProbabilities.Add(logProbabilities);

        if (chunk.Text is { Length: > 0 })
        {
            _text.Append(chunk.Text);
            Emitted = true;
        }

        if (chunk.Text is { Length: > 0 } || chunk.Ids.Count > 0)
            _firstToken ??= _exchange.Elapsed;

        _updates.Enqueue(new AnswerUpdate
        {
            Text = chunk.Text ?? "",
            Id = _id,
            Ids = chunk.Ids,
            FinishReason = chunk.FinishReason,
            UsageOnly = chunk.UsageOnly,
            Json = json,
        });
    }

    private void Accept(ReadOnlyMemory<byte> json)
    {
        byte[]? cose = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            JsonElement root = document.RootElement;
            cose = Base64Url.DecodeFromChars(root.GetProperty("cose").GetString());
            _secret = Base64Url.DecodeFromChars(root.GetProperty("receipt_secret").GetString());
            if (_secret.Length != 32 || !CompletionChunk.TryReadIds(root.GetProperty("prompt_ids"), out _promptIds))
                cose = null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            cose = null;
        }

        if (cose is null)
            throw Broken("the node's acceptance does not parse", null);

        Require(_checker.CheckAcceptance(cose, Seen(), out _streamId));
        _acceptance = cose;
        _opener.StartChain(_secret!, _exchange.RequestDigest);
    }

    private void Checkpoint(ReadOnlyMemory<byte> json, long chunk)
    {
        byte[]? cose = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            cose = Base64Url.DecodeFromChars(document.RootElement.GetProperty("cose").GetString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Broken("the node's checkpoint does not parse", null);
        }

        if (!_opener.TryGetChainHead((ulong)(chunk - 1), out ReadOnlyMemory<byte> head))
            throw Broken("the node sent a checkpoint before the chain began", null);

        Require(_checker.CheckCheckpoint(cose, Seen(), _streamId, chunk - 1, head.Span, _tokensBeforeChunk));
        (_checkpoint, _checkpointHead, _checkpointIndex, _checkpointTokens) = (cose, head.ToArray(), chunk - 1, _tokensBeforeChunk);
    }

    private Answer Verify()
    {
        List<string> found = [.. _trailers!.Where(field => field.Name == VerathosHeaders.Receipt).Select(field => field.Value)];
        byte[] cose = [];
        if (found.Count == 1)
        {
            try
            {
                cose = Base64Url.DecodeFromChars(found[0]);
            }
            catch (FormatException)
            {
                // Stays empty: receipt.format fails below.
            }
        }

        Transcript transcript = Seen() with { ReceiptSecret = [.. _secret!], OutputIds = [.. _outputIds], ChunkHashes = _opener.ChunkHashes, TraceRoot = _trace.Last };
        ReceiptVerdict verdict = _checker.CheckReceipt(found.Count == 1 ? cose : null, transcript, out Receipt? receipt, out Equivocation? equivocation);
        if (!verdict.Valid || receipt is null)
        {
            throw new VerathosException(
                equivocation is null ? ClientFailure.ReceiptInvalid : ClientFailure.Equivocation,
                $"the receipt does not hold: {verdict.Reason}: {verdict.FirstFailure?.Detail}; do not rely on this answer")
            {
                Check = verdict.Reason,
                Receipt = verdict,
                Delivered = Proof(),
                Equivocation = equivocation,
            };
        }

        return new Answer
        {
            Text = _text.ToString(),
            FinishReason = _finish,
            LogProbabilities = _logProbabilities.ToJson(),
            Id = _id,
            Model = receipt.Model ?? _model,
            PromptIds = _promptIds,
            OutputIds = transcript.OutputIds,
            Receipt = receipt,
            ReceiptBytes = cose,
            ReceiptVerdict = verdict,
            Transcript = transcript,
            Ticket = _keepsTicket ? _exchange.Ticket(cose, transcript) : null,
            Request = _exchange.Request,
            Node = _exchange.Node,
            TimeToFirstToken = _firstToken ?? _exchange.Elapsed,
            Elapsed = _exchange.Elapsed,
        };
    }

    /// <summary>The answer's computation is not committed to as it goes on, so that nothing could be audited.</summary>
    private VerathosException Uncommitted(string problem) => new(ClientFailure.StreamBroken, $"{problem}; {Proof()}; do not rely on this answer")
    {
        Check = StreamTrace.Check,
        Delivered = Proof(),
    };

    /// <summary>What was seen so far, without the answer.</summary>
    private Transcript Seen() => new()
    {
        RequestDigest = _exchange.RequestDigest,
        ClientNonce = _exchange.ClientNonce,
        AuditCommitment = _exchange.AuditCommitment,
        Model = _exchange.Model,
        Parameters = _exchange.Request.Parameters,
        ReceiptSecret = _secret ?? [],
        PromptIds = _promptIds,
        OutputIds = [],
        ChunkHashes = [],
        StreamId = _streamId,
        FinishReason = _finish ?? "",
        SentAt = _exchange.SentAt,
        ReceivedAt = _exchange.Now,
    };

    private void Require(ReceiptVerdict verdict)
    {
        if (verdict.Valid)
            return;

        throw new VerathosException(
            ClientFailure.ReceiptInvalid,
            $"a signed statement of the node does not hold: {verdict.Reason}: {verdict.FirstFailure?.Detail}; {Proof()}")
        {
            Check = verdict.Reason,
            Receipt = verdict,
            Delivered = Proof(),
        };
    }

    /// <summary>The enclave itself gave up in the middle and said so, sealed.</summary>
    private VerathosException Abandoned(string body) =>
        new(ClientFailure.Refused, $"the enclave ended the answer early: {ErrorText.Of(body)} What is proved: {Proof()}")
        {
            StatusCode = 503,
            ErrorBody = body,
            Code = ErrorText.CodeOf(body),
            Delivered = Proof(),
        };

    private VerathosException Refused()
    {
        string body = Encoding.UTF8.GetString(_errorBody.GetBuffer().AsSpan(0, (int)_errorBody.Length));
        return new VerathosException(ClientFailure.Refused, $"the enclave refused the request ({_status}): {ErrorText.Of(body)}")
        {
            StatusCode = _status,
            ErrorBody = body,
            Code = ErrorText.CodeOf(body),
            RetryAfter = ErrorText.RetryAfter(_fields.FirstOrDefault(field => field.Name == "retry-after").Value),
        };
    }
}
