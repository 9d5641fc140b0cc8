using System.Globalization;
using Microsoft.AspNetCore.Http;
using Verathos.Enclave;
using Verathos.Host.Limits;

namespace Verathos.Host.Front;

/// <summary>The front's own answers: problem documents (RFC 9457) that say what to do and repeat nothing of the request.</summary>
internal static class Answers
{
    /// <summary>The one answer to every request that does not open, whatever the reason.</summary>
    public static Task UndecryptableAsync(HttpContext context) => ProblemAsync(
        context, StatusCodes.Status400BadRequest, "the request could not be opened",
        "Fetch evidence again, verify it, and seal a new request to the keys in it.");

    /// <summary>An answer with a problem document, unless an answer has begun.</summary>
    public static async Task ProblemAsync(HttpContext context, int status, string title, string detail, TimeSpan? retryAfter = null)
    {
        if (context.Response.HasStarted)
        {
            return;
        }

        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        string body = $$"""{"type":"about:blank","status":{{status}},"title":"{{title}}","detail":"{{detail}}"}""";
        await response.WriteAsync(body + "\n", context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The answer to a request that a limit refused.</summary>
    public static Task RefusedAsync(HttpContext context, Refusal refusal, TimeSpan retryAfter) => refusal switch
    {
        Refusal.ClientRate => ProblemAsync(
            context, StatusCodes.Status429TooManyRequests, "too many requests from this address", "Wait as long as Retry-After says.", retryAfter),
        Refusal.Arriving => ProblemAsync(
            context, StatusCodes.Status429TooManyRequests, "too many requests are still arriving", "Send each sealed request without pause.", retryAfter),
        Refusal.QueueFull => ProblemAsync(
            context, StatusCodes.Status429TooManyRequests, "the queue is full", "Wait as long as Retry-After says, or use another node.", retryAfter),
        Refusal.WaitedTooLong => ProblemAsync(
            context, StatusCodes.Status503ServiceUnavailable, "no place became free in time", "Try again later, or use another node.", retryAfter),
        _ => ProblemAsync(
            context, StatusCodes.Status503ServiceUnavailable, "the node is stopping", "Use another node, or try again later.", retryAfter),
    };

    /// <summary>The answer to a request that the enclave did not take.</summary>
    public static Task EnclaveFailedAsync(HttpContext context, EnclaveFailure failure) => failure switch
    {
        EnclaveFailure.Undecryptable or EnclaveFailure.Incomplete => UndecryptableAsync(context),
        EnclaveFailure.InvalidArgument => ProblemAsync(
            context, StatusCodes.Status400BadRequest, "the enclave did not take the request", "Check the request against docs/protocol.md."),
        EnclaveFailure.Overloaded => ProblemAsync(
            context, StatusCodes.Status429TooManyRequests, "the enclave has too much to do", "Wait as long as Retry-After says.", TimeSpan.FromSeconds(1)),
        EnclaveFailure.Unavailable => ProblemAsync(
            context, StatusCodes.Status503ServiceUnavailable, "the enclave is not ready", "Try again when /health/ready says so.", TimeSpan.FromSeconds(5)),
        EnclaveFailure.ConnectionLost => ProblemAsync(
            context, StatusCodes.Status502BadGateway, "the enclave process does not answer", "Try again when /health/ready says so.", TimeSpan.FromSeconds(5)),
        EnclaveFailure.KeysetExpired => ProblemAsync(
            context, StatusCodes.Status503ServiceUnavailable, "the keys have changed", "Fetch evidence again and seal a new request.", TimeSpan.FromSeconds(1)),
        _ => ProblemAsync(
            context, StatusCodes.Status500InternalServerError, "the enclave failed", "Try again; if it happens again, tell the node's operator."),
    };
}
