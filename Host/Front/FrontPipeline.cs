using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Verathos.Host.Configuration;
using Verathos.Host.Health;
using Verathos.Host.Limits;
using Verathos.Host.Logs;
using Verathos.Host.Metrics;

namespace Verathos.Host.Front;

/// <summary>What surrounds every resource: the client's rate, the simulated mark, the log line, the count, and the last resort.</summary>
internal sealed class FrontPipeline(
    NodeConfiguration configuration, Readiness readiness, Admission admission, FrontMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly ClientRateLimiter _rate = new(configuration.Limits, time);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        long start = time.GetTimestamp();
        context.Response.OnStarting(() =>
        {
            if (readiness.Simulated is true)
            {
                context.Response.Headers[SimulatedMark.Name] = "true";
            }

            if (admission.Draining && HttpProtocol.IsHttp11(context.Request.Protocol))
            {
                context.Response.Headers.Connection = "close";
            }

            return Task.CompletedTask;
        });
        try
        {
            if (!IsHealth(context.Request.Path) && !_rate.TryTake(context.Connection.RemoteIpAddress, out TimeSpan retryAfter))
            {
                metrics.Refused(Refusal.ClientRate);
                await Answers.RefusedAsync(context, Refusal.ClientRate, retryAfter).ConfigureAwait(false);
            }
            else
            {
                if (readiness.Simulated is null)
                {
                    await readiness.CheckAsync(context.RequestAborted).ConfigureAwait(false);
                }

                await next(context).ConfigureAwait(false);
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (BadHttpRequestException problem)
        {
            await Answers.ProblemAsync(context, problem.StatusCode, "not a request that this node takes", "See docs/protocol.md.").ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The outermost frame of a request: one failed request must not end the node.
        catch (Exception problem)
#pragma warning restore CA1031
        {
            FrontLog.Failed(logger, Endpoint(context).ToString(), problem);
            if (context.Response.HasStarted)
            {
                context.Abort();
            }

            await Answers.ProblemAsync(
                context, StatusCodes.Status500InternalServerError, "the node failed", "Try again; if it happens again, tell the node's operator.")
                .ConfigureAwait(false);
        }
        finally
        {
            FrontEndpoint endpoint = Endpoint(context);
            metrics.Answered(endpoint, context.Response.StatusCode);
            (long received, long sent) = context.Items.TryGetValue(typeof(GatewayResource), out object? item) && item is ValueTuple<long, long> bytes
                ? bytes
                : (0, 0);
            if (endpoint is not (FrontEndpoint.Live or FrontEndpoint.Ready or FrontEndpoint.Metrics))
            {
                FrontLog.Answered(
                    logger, endpoint.ToString(), context.Response.StatusCode, (long)time.GetElapsedTime(start).TotalMilliseconds, received, sent);
            }
        }
    }

    private static bool IsHealth(PathString path) => path.StartsWithSegments("/health", StringComparison.Ordinal);

    private static FrontEndpoint Endpoint(HttpContext context) =>
        context.GetEndpoint()?.Metadata.OfType<FrontEndpoint>().FirstOrDefault() ?? FrontEndpoint.Other;
}
