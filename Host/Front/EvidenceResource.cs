using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Limits;
using Verathos.Host.Logs;
using Verathos.Host.Metrics;

namespace Verathos.Host.Front;

/// <summary>Evidence for a verifier's nonce, and the keys that the evidence vouches for.</summary>
internal sealed class EvidenceResource(
    IEnclave enclave, NodeConfiguration configuration, FrontMetrics metrics, TimeProvider time, ILogger logger)
{
    private int _running;

    /// <summary>GET with exactly one query member, <c>nonce</c>, of 64 hex digits.</summary>
    public Task EvidenceAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        if (query.Count != 1 || !query.TryGetValue("nonce", out StringValues values) || values is not [{ Length: 64 } text]
            || !text.All(char.IsAsciiHexDigit))
        {
            return Answers.ProblemAsync(
                context, StatusCodes.Status400BadRequest, "evidence needs a nonce",
                "Ask with ?nonce= and 32 random bytes in 64 hex digits, and with nothing else.");
        }

        byte[] nonce = Convert.FromHexString(text);
        return AnswerAsync(context, "evidence", "application/cmw+cbor", token => enclave.GetEvidenceAsync(nonce, token));
    }

    /// <summary>The current <c>application/ohttp-keys</c> (RFC 9540); a hint for relays, clients take keys from evidence.</summary>
    public Task KeysAsync(HttpContext context) => AnswerAsync(context, "keys", "application/ohttp-keys", enclave.GetOhttpKeysAsync);

    private async Task AnswerAsync(HttpContext context, string resource, string type, Func<CancellationToken, Task<byte[]>> ask)
    {
        try
        {
            if (Interlocked.Increment(ref _running) > configuration.Limits.Evidence)
            {
                metrics.Refused(Refusal.QueueFull);
                await Answers.RefusedAsync(context, Refusal.QueueFull, TimeSpan.FromSeconds(1)).ConfigureAwait(false);
                return;
            }

            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(configuration.Timeouts.EvidenceSeconds), time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, patience.Token);
            byte[] answer = await ask(either.Token).ConfigureAwait(false);
            context.Response.ContentType = type;
            context.Response.Headers.CacheControl = "no-store";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer, context.RequestAborted).ConfigureAwait(false);
        }
        catch (EnclaveException failure)
        {
            FrontLog.EnclaveFailed(logger, resource, failure.Failure.ToString());
            await Answers.EnclaveFailedAsync(context, failure.Failure).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await Answers.ProblemAsync(
                context, StatusCodes.Status503ServiceUnavailable, "no evidence in time", "Try again later.", TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
