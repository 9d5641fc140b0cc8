using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Limits;
using Verathos.Host.Logs;
using Verathos.Host.Metrics;

namespace Verathos.Host.Front;

/// <summary>
/// The gateway resource (RFC 9458 section 5, chunked form): passes ciphertext in once it has wholly arrived, so that a slow
/// sender holds no serving place, and ciphertext out as it comes. Once an answer has begun, every failure cuts the connection, so that a client cannot take a cut answer for a whole one.
/// </summary>
internal sealed class GatewayResource(
    IEnclave enclave, NodeConfiguration configuration, Admission admission, FrontMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Media type of a sealed request.</summary>
    public const string RequestType = "message/ohttp-chunked-req";

    /// <summary>Media type of a sealed answer.</summary>
    public const string ResponseType = "message/ohttp-chunked-res";

    private readonly LimitsConfiguration _limits = configuration.Limits;
    private readonly TimeoutsConfiguration _timeouts = configuration.Timeouts;
    private readonly Arrivals _arrivals = new(configuration.Limits);

    public async Task HandleAsync(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals(RequestType, StringComparison.OrdinalIgnoreCase))
        {
            await Answers.ProblemAsync(
                context, StatusCodes.Status415UnsupportedMediaType, "this resource takes sealed requests only",
                $"Send Content-Type: {RequestType}; there is no unsealed or unchunked form.").ConfigureAwait(false);
            return;
        }

        if (context.Request.ContentLength > _limits.BodyBytes)
        {
            await TooLongAsync(context).ConfigureAwait(false);
            return;
        }

        if (await ReceiveAsync(context).ConfigureAwait(false) is not { } body)
        {
            return;
        }

        (AdmissionPlace? place, Refusal refusal) = await admission.EnterAsync(context.RequestAborted).ConfigureAwait(false);
        if (place is null)
        {
            await RefuseAsync(context, refusal).ConfigureAwait(false);
            return;
        }

        using (place)
        {
            await RelayAsync(context, body).ConfigureAwait(false);
        }
    }

    /// <summary>The whole sealed request, or null where it was answered otherwise.</summary>
    private async Task<ReadOnlyMemory<byte>?> ReceiveAsync(HttpContext context)
    {
        IPAddress? remote = context.Connection.RemoteIpAddress;
        if (admission.Draining || !_arrivals.TryEnter(remote))
        {
            await RefuseAsync(context, admission.Draining ? Refusal.Draining : Refusal.Arriving).ConfigureAwait(false);
            return null;
        }

        metrics.Arriving(1);
        long start = time.GetTimestamp();
        SealedBody body = new(context, _limits, _timeouts, time);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, admission.Deadline);
        try
        {
            return await body.ReadAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            CutReason cut = body.Failure != CutReason.None ? body.Failure
                : admission.Deadline.IsCancellationRequested ? CutReason.Draining : CutReason.ClientGone;
            Note(context, start, body.Bytes, 0, cut);
            await CutAsync(context, cut).ConfigureAwait(false);
            return null;
        }
        finally
        {
            _arrivals.Leave(remote);
            metrics.Arriving(-1);
        }
    }

    private async Task RelayAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        long start = time.GetTimestamp();
        long sent = 0;
        bool begun = false;
        CutReason cut = CutReason.None;
        using CancellationTokenSource longest = new(TimeSpan.FromSeconds(_timeouts.AnswerSeconds), time);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, longest.Token, admission.Deadline);
        using CancellationTokenSource patience = new(Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, patience.Token);
        try
        {
            // The enumerator is disposed, and with it the enclave's work ended, before this request gives its place back.
            IAsyncEnumerator<ReadOnlyMemory<byte>> answer = enclave.HandleAsync(Whole(body), stop.Token).GetAsyncEnumerator(stop.Token);
            await using (answer.ConfigureAwait(false))
            {
                while (await answer.MoveNextAsync().ConfigureAwait(false))
                {
                    if (!begun)
                    {
                        begun = true;
                        Begin(context);
                        metrics.FirstByte(time.GetElapsedTime(start));
                    }

                    sent += answer.Current.Length;
                    cut = await SendAsync(context, answer.Current, patience, either.Token).ConfigureAwait(false);
                    if (cut != CutReason.None)
                    {
                        throw new OperationCanceledException();
                    }
                }
            }

            if (!begun)
            {
                throw new EnclaveException(EnclaveFailure.Internal, "the enclave gave no answer");
            }
        }
        catch (EnclaveException failure) when (!stop.IsCancellationRequested)
        {
            cut = failure.Failure == EnclaveFailure.ConnectionLost || begun ? CutReason.EnclaveLost : CutReason.None;
            if (failure.Failure is not (EnclaveFailure.Undecryptable or EnclaveFailure.Incomplete))
            {
                FrontLog.EnclaveFailed(logger, "gateway", failure.Failure.ToString());
            }

            await Answers.EnclaveFailedAsync(context, failure.Failure).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is OperationCanceledException or EnclaveException or IOException)
        {
            cut = cut != CutReason.None ? cut
                : longest.IsCancellationRequested ? CutReason.AnswerTooLong
                : admission.Deadline.IsCancellationRequested ? CutReason.Draining
                : CutReason.ClientGone;
            await CutAsync(context, cut).ConfigureAwait(false);
        }
        finally
        {
            Note(context, start, body.Length, sent, cut);
            if (cut != CutReason.None && begun)
            {
                context.Abort();
            }
        }
    }

    private void Note(HttpContext context, long start, long received, long sent, CutReason cut)
    {
        metrics.Streamed(time.GetElapsedTime(start), received, sent);
        context.Items[typeof(GatewayResource)] = (received, sent);
        if (cut != CutReason.None)
        {
            metrics.Cut(cut);
            FrontLog.Cut(logger, "gateway", cut);
        }
    }

    private Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        metrics.Refused(refusal);
        return Answers.RefusedAsync(context, refusal, admission.RetryAfter);
    }

#pragma warning disable CS1998 // The whole request is there already.
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Whole(ReadOnlyMemory<byte> body)
#pragma warning restore CS1998
    {
        yield return body;
    }

    private static void Begin(HttpContext context)
    {
        HttpResponse response = context.Response;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = ResponseType;
        response.Headers.CacheControl = "no-store";
        response.Headers["Incremental"] = "?1";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>Sends a piece; says so where the client did not take it in time, which by itself looks like a client that left.</summary>
    private async ValueTask<CutReason> SendAsync(HttpContext context, ReadOnlyMemory<byte> piece, CancellationTokenSource patience, CancellationToken either)
    {
        try
        {
            // Most pieces are taken at once; only one that has to wait needs a timer.
            ValueTask<FlushResult> write = context.Response.BodyWriter.WriteAsync(piece, either);
            bool waits = !write.IsCompleted;
            if (waits)
            {
                patience.CancelAfter(TimeSpan.FromSeconds(_timeouts.WriteSeconds));
            }

            FlushResult flushed = await write.ConfigureAwait(false);
            if (waits)
            {
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
            }

            return !flushed.IsCompleted && !flushed.IsCanceled ? CutReason.None
                : patience.IsCancellationRequested ? CutReason.ClientTooSlow : CutReason.ClientGone;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return CutReason.ClientTooSlow;
        }
    }

    private Task CutAsync(HttpContext context, CutReason cut) => cut switch
    {
        CutReason.BodyTooLong => TooLongAsync(context),
        CutReason.BodyTooSlow => Answers.ProblemAsync(
            context, StatusCodes.Status408RequestTimeout, "the request did not arrive in time", "Send the whole sealed request without pause."),
        CutReason.BodyBroken => Answers.UndecryptableAsync(context),
        CutReason.Draining => Answers.RefusedAsync(context, Refusal.Draining, admission.RetryAfter),
        CutReason.AnswerTooLong => Answers.ProblemAsync(
            context, StatusCodes.Status503ServiceUnavailable, "no answer in time", "Try again later, or ask for fewer tokens.", TimeSpan.FromSeconds(5)),
        _ => Task.CompletedTask,
    };

    private Task TooLongAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return Answers.ProblemAsync(
            context, StatusCodes.Status413PayloadTooLarge, "the sealed request is too long", $"Send at most {_limits.BodyBytes} bytes.");
    }
}
