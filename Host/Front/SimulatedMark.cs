using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Verathos.Host.Health;

namespace Verathos.Host.Front;

/// <summary>
/// Marks the answers that the server gives by itself, before any resource is asked: to a malformed request line, to headers that are
/// too long or late. They are HTTP/1.1 without a body, and the last on their connection. HTTP/2 has no such answers: it ends the
/// stream or the connection.
/// </summary>
internal sealed class SimulatedMark(Func<Readiness> node)
{
    /// <summary>The header line of every response of a node whose evidence is simulated.</summary>
    public const string Name = "verathos-simulated";

    private static ReadOnlySpan<byte> Line => "verathos-simulated: true\r\n"u8;

    /// <summary>Marks the endpoint's own answers; after TLS.</summary>
    public void Use(ListenOptions options) => options.Use(next => async connection =>
    {
        Readiness readiness = node();
        try
        {
            if (readiness.Simulated is null)
            {
                await readiness.CheckAsync(connection.ConnectionClosed).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (connection.ConnectionClosed.IsCancellationRequested)
        {
            return;
        }

        if (readiness.Simulated is not false)
        {
            connection.Transport = new Pipes(connection.Transport.Input, new Writer(connection.Transport.Output, readiness));
        }

        await next(connection).ConfigureAwait(false);
    });

    /// <summary>Where the mark belongs in a block of headers that is such an answer; 0 where it is none.</summary>
    private static int Place(ReadOnlySpan<byte> block)
    {
        bool own = (block.StartsWith("HTTP/1.1 4"u8) || block.StartsWith("HTTP/1.1 5"u8))
            && block.EndsWith("\r\n\r\n"u8)
            && block.IndexOf("\r\nContent-Length: 0\r\n"u8) > 0 && block.IndexOf("\r\nConnection: close\r\n"u8) > 0
            && block.IndexOf(Line) < 0;
        return own ? block.IndexOf("\r\n"u8) + 2 : 0;
    }

    private sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }

    private sealed class Writer(PipeWriter inner, Readiness readiness) : PipeWriter
    {
        private Memory<byte> _memory;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            Span<byte> span = _memory.Span;
            if (readiness.Simulated is true && bytes <= span.Length && Place(span[..bytes]) is > 0 and int at)
            {
                span[at..bytes].CopyTo(span[(at + Line.Length)..]);
                Line.CopyTo(span[at..]);
                bytes += Line.Length;
            }

            _memory = default;
            inner.Advance(bytes);
        }

        // Every piece has room for the mark.
        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            _memory = inner.GetMemory(Math.Max(sizeHint, 1) + Line.Length);
            return _memory[..^Line.Length];
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
