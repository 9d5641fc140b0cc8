using System.Buffers;
using Verathos.Client.Requests;
using Verathos.Client.Trust;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Streams;

/// <summary>One answer as it arrives: the outer connection joined with the reader of its bytes.</summary>
internal sealed class AnswerStream : IAsyncDisposable
{
    private const int BufferSize = 16 * 1024;

    private readonly NodeHttp _http;
    private readonly AttestedNode _node;
    private readonly ClientOptions _options;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _idle;
    private readonly CancellationTokenSource _linked;
    private readonly SealedExchange _exchange;
    private readonly ulong? _floor;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private AnswerReader? _reader;
    private byte[]? _buffer;
    private TimeSpan _silence;
    private bool _ended;

    public AnswerStream(NodeHttp http, AttestedNode node, InferenceRequest request, ClientOptions options, CancellationToken cancellationToken)
    {
        _http = http;
        _node = node;
        _options = options;
        _caller = cancellationToken;
        _idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, options.TimeProvider);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_idle.Token, cancellationToken);
        string path = request.Kind == InferenceKind.Chat ? VerathosPaths.ChatCompletions : VerathosPaths.Completions;
        _exchange = new SealedExchange(node, request, "POST", path, options.TimeProvider);
        _floor = options.Ledger.Highest(node.Statement.KeysetDigest);
    }

    /// <summary>The next authenticated update; null after the last.</summary>
    /// <exception cref="VerathosException">There is no verified answer, or not all of it.</exception>
    public async ValueTask<AnswerUpdate?> NextAsync()
    {
        if (_reader is not null && _reader.TryRead(out AnswerUpdate? ready))
            return ready;

        try
        {
            if (_reader is null)
            {
                _idle.CancelAfter(_options.IdleTimeout);
                _response = await _http.PostAsync(_exchange, _linked.Token).ConfigureAwait(false);
                _reader = new AnswerReader(_exchange, _options, _floor);
                _body = await _response.Content.ReadAsStreamAsync(_linked.Token).ConfigureAwait(false);
                _idle.CancelAfter(Timeout.InfiniteTimeSpan);
                _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            }

            AnswerUpdate? update;
            while (!_reader.TryRead(out update) && !_ended)
            {
                int read = await ReadAsync().ConfigureAwait(false);
                if (read > 0)
                {
                    int opened = _reader.Opened;
                    _reader.Feed(_buffer.AsSpan(0, read));
                    if (_reader.Opened > opened)
                        _silence = TimeSpan.Zero;
                }
                else
                {
                    _ended = true;
                    _reader.Complete();
                }
            }

            return update;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw _reader?.Broken("the connection broke before the answer's end", null)
                ?? new VerathosException(ClientFailure.Unreachable, $"the connection to {_node.Node} broke before an answer began: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (_idle.IsCancellationRequested && !_caller.IsCancellationRequested)
        {
            throw _reader?.Broken($"the node stayed silent for {_options.IdleTimeout.TotalSeconds:0} s", null)
                ?? new VerathosException(ClientFailure.Unreachable, $"{_node.Node} did not answer within {_options.IdleTimeout.TotalSeconds:0} s", e);
        }
    }

    /// <summary>
    /// Reads once. Only the time spent waiting here counts, not the consumer's, and only an opened chunk sets it back: bytes that
    /// open nothing are no sign of life.
    /// </summary>
    private async ValueTask<int> ReadAsync()
    {
        TimeSpan left = _options.IdleTimeout - _silence;
        if (left <= TimeSpan.Zero)
            await _idle.CancelAsync().ConfigureAwait(false);
        else
            _idle.CancelAfter(left);

        long start = _options.TimeProvider.GetTimestamp();
        int read = await _body!.ReadAsync(_buffer, _linked.Token).ConfigureAwait(false);
        _idle.CancelAfter(Timeout.InfiniteTimeSpan);
        _silence += _options.TimeProvider.GetElapsedTime(start);
        return read;
    }

    public async ValueTask DisposeAsync()
    {
        if (_body is not null)
            await _body.DisposeAsync().ConfigureAwait(false);

        _response?.Dispose();
        _reader?.Dispose();
        _exchange.Dispose();
        _linked.Dispose();
        _idle.Dispose();
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
    }
}
