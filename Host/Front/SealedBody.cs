using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Verathos.Host.Configuration;
using Verathos.Host.Logs;

namespace Verathos.Host.Front;

/// <summary>
/// Reads a sealed request's body whole, within its bounds. When a bound is passed or the client leaves, the reading
/// stops with an <see cref="OperationCanceledException"/> and <see cref="Failure"/> says why.
/// </summary>
internal sealed class SealedBody(HttpContext context, LimitsConfiguration limits, TimeoutsConfiguration timeouts, TimeProvider time)
{
    /// <summary>Bytes read.</summary>
    public long Bytes { get; private set; }

    /// <summary>Why reading stopped before the body's end.</summary>
    public CutReason Failure { get; private set; }

    /// <summary>The whole body.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        PipeReader reader = context.Request.BodyReader;
        ArrayBufferWriter<byte> body = new();
        using CancellationTokenSource whole = new(TimeSpan.FromSeconds(timeouts.BodySeconds), time);
        while (true)
        {
            ReadResult read = await NextAsync(reader, whole.Token, cancellationToken).ConfigureAwait(false);
            Bytes += read.Buffer.Length;
            if (Bytes > limits.BodyBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw Fail(CutReason.BodyTooLong);
            }

            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                body.Write(piece.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return body.WrittenMemory;
            }
        }
    }

    private async ValueTask<ReadResult> NextAsync(PipeReader reader, CancellationToken whole, CancellationToken cancellationToken)
    {
        using CancellationTokenSource idle = new(TimeSpan.FromSeconds(timeouts.IdleSeconds), time);
        using CancellationTokenSource any = CancellationTokenSource.CreateLinkedTokenSource(whole, idle.Token, cancellationToken);
        try
        {
            return await reader.ReadAsync(any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Fail(CutReason.BodyTooSlow);
        }
        catch (BadHttpRequestException problem)
        {
            throw Fail(problem.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => CutReason.BodyTooLong,
                StatusCodes.Status408RequestTimeout => CutReason.BodyTooSlow,
                _ => context.RequestAborted.IsCancellationRequested ? CutReason.ClientGone : CutReason.BodyBroken,
            });
        }
        catch (Exception problem) when (problem is IOException or ConnectionAbortedException or ConnectionResetException)
        {
            throw Fail(CutReason.ClientGone);
        }
    }

    private OperationCanceledException Fail(CutReason reason)
    {
        Failure = reason;
        return new OperationCanceledException();
    }
}
