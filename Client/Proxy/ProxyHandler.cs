using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Client.Proxy;

/// <summary>Answers one request of an OpenAI client.</summary>
internal sealed class ProxyHandler(VerathosClient client, ProxyOptions options)
{
    /// <summary>The response header that is <c>true</c> when the hardware is simulated.</summary>
    public const string SimulatedHeader = "X-Verathos-Simulated";

    private const string ModelsPath = "/v1/models";

    /// <summary>The response header by which OpenAI's clients name a request to their users; it says nothing of the request.</summary>
    private const string RequestIdHeader = "X-Request-Id";

    private readonly CallerCheck _callers = new(options.Listen.Address, options.ApiKey);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers[RequestIdHeader] = "req_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            if (client.Session.Simulated)
                context.Response.Headers[SimulatedHeader] = "true";

            if (_callers.Refusal(context.Request) is var (status, code, message))
            {
                await WriteErrorAsync(context, status, message, "invalid_request_error", code).ConfigureAwait(false);
                return;
            }

            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller went away; the node was told by the closed connection.
        }
        catch (BadHttpRequestException e)
        {
            await WriteErrorAsync(context, e.StatusCode, "the request could not be read: " + e.Message, "invalid_request_error", null).ConfigureAwait(false);
        }
        catch (VerathosException e)
        {
            await WriteFailureAsync(context, e).ConfigureAwait(false);
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        (string method, string path) = (context.Request.Method, context.Request.Path.Value ?? "");
        return path switch
        {
            ModelsPath when method == HttpMethods.Get => ModelsAsync(context),
            _ when path.StartsWith(ModelsPath + "/", StringComparison.Ordinal) && method == HttpMethods.Get => ModelAsync(context, path[(ModelsPath.Length + 1)..]),
            "/v1/chat/completions" when method == HttpMethods.Post => InferAsync(context, InferenceKind.Chat),
            "/v1/completions" when method == HttpMethods.Post => InferAsync(context, InferenceKind.Completion),
            ModelsPath or "/v1/chat/completions" or "/v1/completions" =>
                WriteErrorAsync(context, 405, $"{method} is not allowed here", "invalid_request_error", "method_not_allowed"),
            _ => WriteErrorAsync(context, 404, "this server has /v1/models, /v1/chat/completions and /v1/completions", "invalid_request_error", "unknown_url"),
        };
    }

    private async Task ModelsAsync(HttpContext context)
    {
        byte[] models = await client.GetModelsAsync(context.RequestAborted).ConfigureAwait(false);
        await WriteAsync(context, 200, models).ConfigureAwait(false);
    }

    private async Task ModelAsync(HttpContext context, string id)
    {
        byte[] models = await client.GetModelsAsync(context.RequestAborted).ConfigureAwait(false);
        if (OpenAiJson.Model(models, id) is { } model)
            await WriteAsync(context, 200, model).ConfigureAwait(false);
        else
            await WriteErrorAsync(context, 404, $"the model '{id}' does not exist", "invalid_request_error", "model_not_found", "model").ConfigureAwait(false);
    }

    private async Task InferAsync(HttpContext context, InferenceKind kind)
    {
        // A page of another origin can post text/plain without asking first, JSON it cannot.
        if (!context.Request.HasJsonContentType())
        {
            await WriteErrorAsync(context, 415, "send Content-Type: application/json", "invalid_request_error", "unsupported_media_type").ConfigureAwait(false);
            return;
        }

        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        if (!InferenceRequest.TryParse(kind, body.GetBuffer().AsMemory(0, (int)body.Length), out InferenceRequest? request, out string? error))
        {
            (string? code, string? parameter) = OpenAiJson.Mistake(error!);
            await WriteErrorAsync(context, 400, error!, "invalid_request_error", code, parameter).ConfigureAwait(false);
            return;
        }

        if (request!.Stream)
        {
            await StreamAsync(context, request).ConfigureAwait(false);
            return;
        }

        Answer answer = await client.CompleteAsync(request, context.RequestAborted).ConfigureAwait(false);
        await WriteAsync(context, 200, OpenAiJson.Completion(answer)).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpContext context, InferenceRequest request)
    {
        CancellationToken aborted = context.RequestAborted;
        IAsyncEnumerator<AnswerUpdate> updates = client.StreamAsync(request, aborted).GetAsyncEnumerator(aborted);
        await using (updates.ConfigureAwait(false))
        {
            // Nothing is sent before the first authenticated piece, so that an early failure still has its own status.
            if (!await updates.MoveNextAsync().ConfigureAwait(false))
                return;

            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            try
            {
                do
                {
                    AnswerUpdate update = updates.Current;
                    if (update.Completed is not { } answer)
                    {
                        if (!update.UsageOnly)
                            await WriteEventAsync(context, update.Json).ConfigureAwait(false);
                        continue;
                    }

                    if (request.IncludeUsage)
                        await WriteEventAsync(context, OpenAiJson.UsageChunk(answer)).ConfigureAwait(false);

                    await WriteEventAsync(context, "[DONE]"u8.ToArray()).ConfigureAwait(false);
                }
                while (await updates.MoveNextAsync().ConfigureAwait(false));
            }
            catch (VerathosException e)
            {
                // The status has gone out: the error is an event, and no [DONE] follows it.
                await WriteEventAsync(context, Describe(e).Body).ConfigureAwait(false);
            }
        }
    }

    private static async Task WriteEventAsync(HttpContext context, ReadOnlyMemory<byte> data)
    {
        Stream body = context.Response.Body;
        byte[] line = new byte[data.Length + 8];
        "data: "u8.CopyTo(line);
        data.Span.CopyTo(line.AsSpan(6));
        "\n\n"u8.CopyTo(line.AsSpan(6 + data.Length));
        await body.WriteAsync(line, context.RequestAborted).ConfigureAwait(false);
        await body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task WriteFailureAsync(HttpContext context, VerathosException failure)
    {
        (int status, byte[] body) = Describe(failure);
        if (failure.RetryAfter is { } wait && !context.Response.HasStarted)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

        await WriteAsync(context, status, body).ConfigureAwait(false);
    }

    private static (int Status, byte[] Body) Describe(VerathosException failure)
    {
        string code = failure.Failure switch
        {
            ClientFailure.Unreachable => "node_unreachable",
            ClientFailure.EvidenceMalformed or ClientFailure.EvidenceUnsupported or ClientFailure.EvidenceRejected => "evidence_rejected",
            ClientFailure.SimulatedNotAllowed => "simulated_not_allowed",
            ClientFailure.TrustExpired => "trust_expired",
            ClientFailure.StreamBroken => "stream_broken",
            ClientFailure.ReceiptInvalid or ClientFailure.Equivocation => "receipt_invalid",
            ClientFailure.InvalidRequest => "invalid_request",
            ClientFailure.Refused => "refused",
            _ => "protocol_error",
        };
        if (failure is { Failure: ClientFailure.Refused, StatusCode: { } status })
        {
            // What a node calls unprocessable, such as a prompt that is too long, OpenAI's clients know as a bad request.
            return (status == 422 ? 400 : status, failure.ErrorBody is { Length: > 0 } body
                ? System.Text.Encoding.UTF8.GetBytes(body)
                : OpenAiJson.Error(failure.Message, "api_error", code));
        }

        int own = failure.Failure switch
        {
            ClientFailure.InvalidRequest => 400,
            ClientFailure.TrustExpired => 503,
            ClientFailure.Unreachable when failure.StatusCode is 429 or 503 => failure.StatusCode.Value,
            _ => 502,
        };
        return (own, OpenAiJson.Error(failure.Message, own == 400 ? "invalid_request_error" : "api_error", code, failure.Check, failure.Delivered?.ToString()));
    }

    private static Task WriteErrorAsync(HttpContext context, int status, string message, string type, string? code, string? parameter = null) =>
        WriteAsync(context, status, OpenAiJson.Error(message, type, code, parameter: parameter));

    private static async Task WriteAsync(HttpContext context, int status, byte[] json)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
    }
}
