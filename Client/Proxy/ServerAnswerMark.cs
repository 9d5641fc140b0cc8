using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Verathos.Client.Proxy;

/// <summary>
/// Puts a header on the answers that the web server gives by itself, before the program sees a request: to a malformed request line,
/// to headers that are too long or late. They are HTTP/1.1 without a body, and the last on their connection. HTTP/2 has no such
/// answers: it ends the stream or the connection.
/// </summary>
public sealed class ServerAnswerMark
{
    private readonly byte[] _line;
    private readonly Func<CancellationToken, ValueTask<bool>> _applies;

    /// <summary>A mark.</summary>
    /// <param name="name">The header's name, ASCII.</param>
    /// <param name="value">Its value, ASCII.</param>
    /// <param name="applies">Whether it applies to a connection; asked when the connection begins.</param>
    public ServerAnswerMark(string name, string value, Func<CancellationToken, ValueTask<bool>> applies)
    {
        _line = System.Text.Encoding.ASCII.GetBytes($"{name}: {value}\r\n");
        _applies = applies;
    }

    /// <summary>Marks the answers of an endpoint; after its TLS.</summary>
    public void Use(ListenOptions options) => options.Use(next => async connection =>
    {
        try
        {
            if (await _applies(connection.ConnectionClosed).ConfigureAwait(false))
                connection.Transport = new Pipes(connection.Transport.Input, new Writer(connection.Transport.Output, _line));
        }
        catch (OperationCanceledException) when (connection.ConnectionClosed.IsCancellationRequested)
        {
            return;
        }

        await next(connection).ConfigureAwait(false);
    });

    /// <summary>Where the mark belongs in a block of headers that is such an answer; 0 where it is none.</summary>
    private static int Place(ReadOnlySpan<byte> block, ReadOnlySpan<byte> line)
    {
        bool own = (block.StartsWith("HTTP/1.1 4"u8) || block.StartsWith("HTTP/1.1 5"u8))
            && block.EndsWith("\r\n\r\n"u8)
            && block.IndexOf("\r\nContent-Length: 0\r\n"u8) > 0 && block.IndexOf("\r\nConnection: close\r\n"u8) > 0
            && block.IndexOf(line) < 0;
        return own ? block.IndexOf("\r\n"u8) + 2 : 0;
    }

    private sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }

    private sealed class Writer(PipeWriter inner, byte[] line) : PipeWriter
    {
        private Memory<byte> _memory;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            Span<byte> span = _memory.Span;
            if (bytes <= span.Length && Place(span[..bytes], line) is > 0 and int at)
            {
                span[at..bytes].CopyTo(span[(at + line.Length)..]);
                line.CopyTo(span[at..]);
                bytes += line.Length;
            }

            _memory = default;
            inner.Advance(bytes);
        }

        // Every piece has room for the mark.
        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            _memory = inner.GetMemory(Math.Max(sizeHint, 1) + line.Length);
            return _memory[..^line.Length];
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
