using System.Diagnostics;
using System.Text.Json;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.Bench.Engine;

/// <summary>Our side of the engine's bench in a process of its own: the same requests and answers as bench/reference/llama.mjs.</summary>
public static class EngineWorker
{
    /// <summary>The most answers at once.</summary>
    internal const int Sequences = 32;

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Answers until the input ends. The first request must load a model.</summary>
    public static async Task RunAsync(TextReader input, TextWriter output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        if (await NextAsync(input, cancellationToken).ConfigureAwait(false) is not JsonElement load)
        {
            return;
        }

        if (!NumericProfile.TryParse(load.GetProperty("profile").GetString()!, out NumericProfile? profile))
        {
            await WriteAsync(output, new { error = "there is no such profile" }).ConfigureAwait(false);
            return;
        }

        LoadOptions options = new() { Profile = profile, Threads = load.GetProperty("threads").GetInt32(), MaxContext = load.GetProperty("context").GetInt32() };
        using LoadedModel model = ModelLoader.Load(load.GetProperty("path").GetString()!, options, null, cancellationToken);
        InferenceEngine engine = new(model, new EngineOptions { MaxActive = Sequences });
        await using (engine.ConfigureAwait(false))
        {
            await WriteAsync(output, new { }).ConfigureAwait(false);
            while (await NextAsync(input, cancellationToken).ConfigureAwait(false) is JsonElement request)
            {
                int[][] prompts = request.GetProperty("prompts").Deserialize<int[][]>()!;
                int tokens = request.GetProperty("tokens").GetInt32();
                long start = Stopwatch.GetTimestamp();
                (double First, double Last, int Count)[] results =
                    await Task.WhenAll(prompts.Select(prompt => GenerateAsync(engine, prompt, tokens, start, cancellationToken))).ConfigureAwait(false);
                EngineTimes times = new([.. results.Select(static r => r.First)], [.. results.Select(static r => r.Last)], [.. results.Select(static r => r.Count)]);
                await WriteAsync(output, times).ConfigureAwait(false);
            }
        }
    }

    private static async Task<(double First, double Last, int Count)> GenerateAsync(
        InferenceEngine engine, int[] prompt, int tokens, long start, CancellationToken cancellationToken)
    {
        GenerationRequest request = new() { PromptIds = prompt, Sampling = SamplingParameters.Greedy, Seed = SamplingSeed.Derive(0, []), MaxTokens = tokens };
        double first = 0;
        int count = 0;
        await foreach (GeneratedToken _ in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            first = count++ == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : first;
        }

        return (first, Stopwatch.GetElapsedTime(start).TotalMilliseconds, count);
    }

    private static async Task<JsonElement?> NextAsync(TextReader input, CancellationToken cancellationToken)
    {
        string? line = await input.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (line is null)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    private static async Task WriteAsync(TextWriter output, object answer)
    {
        await output.WriteLineAsync(JsonSerializer.Serialize(answer, Json)).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
    }
}
