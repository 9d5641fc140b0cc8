using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.Bench.Statistics;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Enclave;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.Bench.Node;

/// <summary>
/// Measures what confidentiality costs: the same prompts on the same weights through the whole path, through the engine alone with the
/// same commitments, and through the engine alone with none, interleaved in orders that alternate.
/// </summary>
internal sealed class TaxBench(NodeBenchOptions options)
{
    // A node runs for long: what the compiler still does to a young process is not the tax.
    private const int WarmUps = 6;

    private const string Prompt = "Once upon a time there was a small fox who wanted to know";

    /// <summary>Measures one model at 1 and at 8 requests at once. The factory is called twice and must give equal models.</summary>
    public async Task<IReadOnlyList<TaxRow>> RunAsync(Func<LoadedModel> load, CancellationToken cancellationToken)
    {
        EnclaveOptions enclave = new();
        using LoadedModel bareModel = load();
        InferenceEngine engine = new(bareModel, new EngineOptions { QueueCapacity = enclave.QueueCapacity, MaxActive = enclave.MaxActive });
        await using (engine.ConfigureAwait(false))
        {
            BenchNode node = await options.StartNode(load(), cancellationToken).ConfigureAwait(false);
            await using (node.ConfigureAwait(false))
            {
                using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, options.Client, cancellationToken).ConfigureAwait(false);
                List<TaxRow> rows = [];
                foreach (int concurrent in (int[])[1, 8])
                {
                    int tokens = concurrent == 1 ? options.Tokens : Math.Max(8, options.Tokens / 2);
                    rows.Add(await MeasureAsync(bareModel, engine, client, concurrent, tokens, cancellationToken).ConfigureAwait(false));
                }

                return rows;
            }
        }
    }

    private async Task<TaxRow> MeasureAsync(
        LoadedModel model, InferenceEngine engine, VerathosClient client, int concurrent, int tokens, CancellationToken cancellationToken)
    {
        // Through the whole path; by the runtime alone, which commits to the same; and by the runtime alone, which commits to nothing.
        Func<Task<int>>[] arms =
        [
            () => AskAsync(client, tokens, cancellationToken),
            () => GenerateAsync(model, engine, tokens, commits: model.Profile == NumericProfile.Bf16Lane16, cancellationToken),
            () => GenerateAsync(model, engine, tokens, commits: false, cancellationToken),
        ];
        string name = $"{model.Manifest.Name}, {concurrent} at once";
        options.Progress?.Invoke($"{name}: warming up");
        for (int i = 0; i < WarmUps; i++)
        {
            foreach (Func<Task<int>> arm in arms)
            {
                await RateAsync(arm, concurrent).ConfigureAwait(false);
            }
        }

        List<double>[] rates = [[], [], []];
        for (int pair = 0; pair < options.Pairs; pair++)
        {
            options.Progress?.Invoke($"{name}: pair {pair + 1} of {options.Pairs}");
            for (int i = 0; i < arms.Length; i++)
            {
                // Which comes first turns, and so does which comes after which.
                int arm = pair % 2 == 0 ? (i + pair) % arms.Length : (arms.Length - 1 - i + pair) % arms.Length;
                rates[arm].Add(await RateAsync(arms[arm], concurrent).ConfigureAwait(false));
            }
        }

        return new TaxRow(
            model.Manifest.Name, model.Profile.Identifier, concurrent, tokens, Spread.Of(rates[0]), Spread.Of(rates[1]), Spread.Of(rates[2]),
            PairedRatio.Of(rates[0], rates[1]), PairedRatio.Of(rates[0], rates[2]));
    }

    private static async Task<double> RateAsync(Func<Task<int>> request, int concurrent)
    {
        long start = Stopwatch.GetTimestamp();
        int[] tokens = await Task.WhenAll(Enumerable.Range(0, concurrent).Select(_ => Task.Run(request))).ConfigureAwait(false);
        return tokens.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<int> GenerateAsync(LoadedModel model, InferenceEngine engine, int tokens, bool commits, CancellationToken cancellationToken)
    {
        GenerationRequest request = new()
        {
            PromptIds = model.Tokenizer.EncodePrompt(Prompt),
            Sampling = SamplingParameters.Greedy,
            Seed = SamplingSeed.Derive(0, []),
            MaxTokens = tokens,
            TraceSecret = commits ? RandomNumberGenerator.GetBytes(TraceSalts.SecretSize) : null,
            SketchSeed = commits ? RandomNumberGenerator.GetBytes(SketchPlan.SeedSize) : null,
        };
        int count = 0;
        await foreach (GeneratedToken _ in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            count++;
        }

        return count;
    }

    private static async Task<int> AskAsync(VerathosClient client, int tokens, CancellationToken cancellationToken)
    {
        Answer answer = await client.CompleteAsync(BenchRequest.Completion(Prompt, tokens), cancellationToken).ConfigureAwait(false);
        return answer.OutputIds.Count;
    }
}
