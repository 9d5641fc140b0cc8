using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Verathos.Host.Front;

/// <summary>
/// HTTP/1.1 and HTTP/2 on one cleartext port. The server picks one protocol for a cleartext endpoint, so connections to the
/// HTTP/1.1 endpoint that open with HTTP/2's preface (RFC 9113 section 3.4) are handed to a second endpoint, without a
/// socket of its own, that speaks HTTP/2 only.
/// </summary>
internal sealed class PriorKnowledge : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();

    /// <summary>The first bytes of an HTTP/2 connection, as far as they differ from any HTTP/1.1 request.</summary>
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n"u8;

    /// <summary>The endpoint that takes handed-over connections.</summary>
    public static EndPoint EndPoint { get; } = new InnerEndPoint();

    public bool CanBind(EndPoint endpoint) => endpoint is InnerEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, _accepted));

    /// <summary>Hands HTTP/2 connections of an endpoint over; cuts those that send nothing for <paramref name="patience"/>.</summary>
    public void Use(ListenOptions options, TimeSpan patience, TimeProvider time) => options.Use(next => async connection =>
    {
        bool? http2 = await IsHttp2Async(connection.Transport.Input, patience, time, connection.ConnectionClosed).ConfigureAwait(false);
        if (http2 is false)
        {
            await next(connection).ConfigureAwait(false);
        }
        else if (http2 is true)
        {
            HandedConnection handed = new(connection);
            if (_accepted.Writer.TryWrite(handed))
            {
                await handed.Completion.ConfigureAwait(false);
            }
        }
    });

    private static async Task<bool?> IsHttp2Async(PipeReader input, TimeSpan patience, TimeProvider time, CancellationToken closed)
    {
        using CancellationTokenSource timeout = new(patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, closed);
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync(either.Token).ConfigureAwait(false);
                (bool decided, bool http2) = Decide(read.Buffer);
                input.AdvanceTo(read.Buffer.Start, decided ? read.Buffer.Start : read.Buffer.End);
                if (decided)
                {
                    return http2;
                }

                if (read.IsCompleted)
                {
                    return null;
                }
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException)
        {
            return null;
        }
    }

    private static (bool Decided, bool Http2) Decide(ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[Preface.Length];
        int length = (int)Math.Min(buffer.Length, start.Length);
        buffer.Slice(0, length).CopyTo(start);
        bool same = start[..length].SequenceEqual(Preface[..length]);
        return (!same || length == Preface.Length, same);
    }

    private sealed class InnerEndPoint : EndPoint
    {
        public override string ToString() => "http2";
    }

    private sealed class Listener(EndPoint endPoint, Channel<ConnectionContext> accepted) : IConnectionListener
    {
        public EndPoint EndPoint { get; } = endPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                if (accepted.Reader.TryRead(out ConnectionContext? connection))
                {
                    return connection;
                }
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            accepted.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
