using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Verathos.Host.Health;
using Verathos.Host.Limits;
using Verathos.Host.Metrics;

namespace Verathos.Host.Front;

/// <summary>Liveness, readiness and metrics.</summary>
internal sealed class HealthResource(Readiness readiness, Admission admission, FrontMetrics metrics)
{
    /// <summary>200 while the process answers at all.</summary>
    public static Task LiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, new { status = "live" });

    /// <summary>200 when the enclave serves and evidence can be had, 503 with the reason otherwise.</summary>
    public async Task ReadyAsync(HttpContext context)
    {
        Readiness.State state = await readiness.CheckAsync(context.RequestAborted).ConfigureAwait(false);
        if (!state.Ready)
        {
            context.Response.Headers.RetryAfter = "1";
            await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, new { status = "not ready", reason = state.Reason }).ConfigureAwait(false);
            return;
        }

        await WriteAsync(
            context,
            StatusCodes.Status200OK,
            new
            {
                status = "ready",
                model = state.Status!.Model,
                models = state.Status.Models.Select(static model => model.Name),
                tee = state.Status.Tee,
                topology = state.Status.Topology,
                simulated = state.Status.Simulated,
            }).ConfigureAwait(false);
    }

    /// <summary>The Prometheus text.</summary>
    public async Task MetricsAsync(HttpContext context)
    {
        Readiness.State state = await readiness.CheckAsync(context.RequestAborted).ConfigureAwait(false);
        context.Response.ContentType = PrometheusWriter.ContentType;
        await context.Response.WriteAsync(metrics.Write(admission, state.Status, state.Ready), context.RequestAborted).ConfigureAwait(false);
    }

    private static Task WriteAsync(HttpContext context, int status, object value)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(JsonSerializer.Serialize(value) + "\n", context.RequestAborted);
    }
}
