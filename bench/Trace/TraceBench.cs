using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Verathos.Bench.Node;
using Verathos.Bench.Statistics;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Requests;

namespace Verathos.Bench.Trace;

/// <summary>
/// Sends a random trace of requests through a node over loopback HTTP with the real client, and compares every answer's ids with
/// those that the engine gives for the request alone.
/// </summary>
public static class TraceBench
{
    /// <summary>Sends, then compares.</summary>
    public static async Task<TraceReport> RunAsync(TraceOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using LoadedModel first = options.Open();
        using LoadedModel? second = options.OpenSecond?.Invoke();
        LoadedModel[] alone = second is null ? [first] : [first, second];
        TraceRequest[] requests = Generate(options, alone);
        long start = Stopwatch.GetTimestamp();
        TraceOutcome[] outcomes;
        double seconds;
        BenchNode node = await options.StartNode(options.OpenSecond is { } open ? [options.Open(), open()] : [options.Open()], cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, options.Client, cancellationToken).ConfigureAwait(false);
            start = Stopwatch.GetTimestamp();
            outcomes = await SendAllAsync(options, node.Address, client, requests, cancellationToken).ConfigureAwait(false);
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        List<string> undeserved = [.. requests.Select((request, i) => Judge(request, outcomes[i]) is { } wrong ? $"request {i}: {wrong}" : null).OfType<string>()];
        (int compared, int tokens, List<int> different) = await TraceReplay.CompareAsync(alone, requests, outcomes, options, cancellationToken).ConfigureAwait(false);
        Answer[] answers = [.. outcomes.Select(outcome => outcome.Answer).OfType<Answer>()];
        double[] none = [0];
        return new TraceReport(
            string.Join(" and ", alone.Select(static model => model.Manifest.Name)),
            string.Join(" and ", alone.Select(static model => model.Profile.Identifier).Distinct()),
            options.Seed,
            Enum.GetValues<TraceKind>().ToDictionary(kind => kind, kind => requests.Count(request => request.Kind == kind)),
            undeserved,
            compared,
            tokens,
            different,
            Spread.Of(answers.Length == 0 ? none : answers.Select(answer => answer.TimeToFirstToken.TotalMilliseconds)),
            Spread.Of(answers.Length == 0 ? none : answers.Select(answer => answer.Elapsed.TotalMilliseconds)),
            seconds,
            outcomes.Sum(outcome => outcome.Ids.Length) / seconds);
    }

    private static TraceRequest[] Generate(TraceOptions options, LoadedModel[] models)
    {
        TraceGenerator[] generators = [.. models.Select((model, i) => new TraceGenerator(options.Seed + i, model, models.Length > 1))];
        Random choice = new(options.Seed);
        return [.. Enumerable.Range(0, options.Count).Select(_ => choice.Next(models.Length)).Select(model => generators[model].Next() with { Model = model })];
    }

    private static async Task<TraceOutcome[]> SendAllAsync(TraceOptions options, Uri address, VerathosClient client, TraceRequest[] requests, CancellationToken cancellationToken)
    {
        using HttpClient plain = new() { BaseAddress = address };
        using SemaphoreSlim places = new(options.Concurrent);
        Task<TraceOutcome>[] running = new Task<TraceOutcome>[requests.Length];
        int done = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            TraceRequest request = requests[i];
            await Task.Delay(request.Pause, cancellationToken).ConfigureAwait(false);
            await places.WaitAsync(cancellationToken).ConfigureAwait(false);
            running[i] = Task.Run(
                async () =>
                {
                    try
                    {
                        return await (request.Kind == TraceKind.Garbage
                            ? SendGarbageAsync(plain, options.Client.GatewayPath, request, cancellationToken)
                            : SendAsync(client, request, cancellationToken)).ConfigureAwait(false);
                    }
                    finally
                    {
                        places.Release();
                        options.Progress?.Invoke("requests", Interlocked.Increment(ref done), requests.Length);
                    }
                },
                cancellationToken);
        }

        return await Task.WhenAll(running).ConfigureAwait(false);
    }

    private static async Task<TraceOutcome> SendAsync(VerathosClient client, TraceRequest request, CancellationToken cancellationToken)
    {
        if (!InferenceRequest.TryParse(InferenceKind.Completion, request.Body, out InferenceRequest? parsed, out string? error))
        {
            return new TraceOutcome(null, [], Error: $"the client refused it: {error}");
        }

        List<int> ids = [];
        try
        {
            await foreach (AnswerUpdate update in client.StreamAsync(parsed!, cancellationToken).ConfigureAwait(false))
            {
                ids.AddRange(update.Ids);
                if (update.Completed is { } answer)
                {
                    return new TraceOutcome(answer, [.. ids]);
                }

                if (request.Kind == TraceKind.Cancelled && ids.Count >= request.CancelAfter)
                {
                    break;
                }
            }

            return new TraceOutcome(null, [.. ids]);
        }
        catch (VerathosException failure)
        {
            return new TraceOutcome(null, [.. ids], failure.StatusCode ?? 0, Code(failure.ErrorBody), failure.Message);
        }
    }

    private static async Task<TraceOutcome> SendGarbageAsync(HttpClient client, string path, TraceRequest request, CancellationToken cancellationToken)
    {
        using ByteArrayContent content = new(request.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.ChunkedRequest);
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken).ConfigureAwait(false);
        return new TraceOutcome(null, [], (int)response.StatusCode);
    }

    private static string? Code(string? body)
    {
        if (body is null)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("error").GetProperty("code").GetString();
    }

    private static string? Judge(TraceRequest request, TraceOutcome outcome) => request.Kind switch
    {
        TraceKind.Garbage => outcome.Status == 400 ? null : $"bytes that are no request were answered {outcome.Status}",
        TraceKind.Bad => (outcome.Status, outcome.Code) == (request.Expected!.Value.Status, request.Expected.Value.Code)
            ? null
            : $"deserved {request.Expected.Value.Status} {request.Expected.Value.Code} and got {outcome.Status} {outcome.Code}",
        TraceKind.Cancelled => outcome.Error,
        _ => outcome.Error ?? (outcome.Answer is null ? "the answer has no receipt" : null),
    };
}
