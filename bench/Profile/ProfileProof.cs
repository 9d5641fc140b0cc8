using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.Bench.Profile;

/// <summary>
/// Serves the same prompts in batches of several sizes, in random orders of arrival, with prompts cut at random and on several
/// numbers of threads, and compares every logit vector bit for bit with the prompt alone, fed one token at a time on one thread.
/// </summary>
public static class ProfileProof
{
    /// <summary>Runs every way of serving.</summary>
    public static async Task<ProfileReport> RunAsync(ProfileOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Random random = new(options.Seed);
        List<ProfileRun> runs = [];
        int ways = (options.Threads.Count * options.Batches.Count) + 1;
        GenerationRequest[]? requests = null;
        ConcurrentDictionary<(int Prompt, int Index), byte[]> alone = new();
        string name = "", profile = "";
        foreach (int threads in options.Threads)
        {
            using LoadedModel model = options.Open(new LoadOptions { Threads = threads, ExactThreads = true, Profile = options.Profile });
            (name, profile) = (model.Manifest.Name, model.Profile.Identifier);
            if (requests is null)
            {
                requests = [.. Enumerable.Range(0, options.Prompts).Select(i => Request(options, random, i, model.Config.VocabularySize))];
                for (int prompt = 0; prompt < requests.Length; prompt++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    FeedOneByOne(model, requests[prompt], prompt, alone);
                }

                options.Progress?.Invoke(1, ways);
            }

            foreach (int batch in options.Batches)
            {
                runs.Add(await ServeAsync(model, requests, alone, threads, batch, random, cancellationToken).ConfigureAwait(false));
                options.Progress?.Invoke(runs.Count + 1, ways);
            }
        }

        return new ProfileReport(name, profile, options.Seed, options.Prompts, options.PromptTokens, options.AnswerTokens, runs);
    }

    // Ids that end an answer would end some of them early; a temperature draws them rarely and the comparison counts what came.
    private static GenerationRequest Request(ProfileOptions options, Random random, int index, int vocabulary)
    {
        byte[] seed = new byte[SamplingSeed.Size];
        random.NextBytes(seed);
        return new GenerationRequest
        {
            PromptIds = [.. Enumerable.Range(0, options.PromptTokens).Select(_ => random.Next(vocabulary))],
            Sampling = new SamplingParameters(index % 2 == 0 ? 0 : SamplingParameters.One, SamplingParameters.One, 0),
            Seed = seed,
            MaxTokens = options.AnswerTokens,
        };
    }

    // Every token, the prompt's too, as a step of decoding.
    private static void FeedOneByOne(LoadedModel model, GenerationRequest request, int prompt, ConcurrentDictionary<(int Prompt, int Index), byte[]> seen)
    {
        using SequenceState state = model.Backend.CreateSequence(request.PromptIds.Length + request.MaxTokens - 1);
        float[] logits = new float[model.Config.VocabularySize];
        foreach (int id in request.PromptIds)
        {
            model.Backend.Decode([state], [id], logits);
        }

        for (int index = 0; index < request.MaxTokens; index++)
        {
            seen[(prompt, index)] = Digest(logits);
            int id = Sampler.Sample(logits, request.Sampling, request.Seed, index);
            if (model.StopIds.Contains(id))
            {
                break;
            }

            if (index + 1 < request.MaxTokens)
            {
                model.Backend.Decode([state], [id], logits);
            }
        }
    }

    private static async Task<ProfileRun> ServeAsync(
        LoadedModel model,
        GenerationRequest[] requests,
        ConcurrentDictionary<(int Prompt, int Index), byte[]> alone,
        int threads,
        int batch,
        Random random,
        CancellationToken cancellationToken)
    {
        int chunk = random.Next(1, 200);
        int[] order = [.. Enumerable.Range(0, requests.Length)];
        random.Shuffle(order);
        ConcurrentDictionary<(int Prompt, int Index), byte[]> seen = new();
        Dictionary<GenerationRequest, int> numbers = requests.Select((request, i) => (request, i)).ToDictionary(x => x.request, x => x.i);
        int largest = 0;
        InferenceEngine engine = new(model, new EngineOptions { MaxActive = batch, QueueCapacity = requests.Length, PrefillChunk = chunk });
        await using (engine.ConfigureAwait(false))
        {
            engine.Drawing = (request, index, logits) => seen[(numbers[request], index)] = Digest(logits);
            engine.TurnBegins = () => largest = Math.Max(largest, engine.ActiveSequences);
            await Task.WhenAll(order.Select(i => DrainAsync(engine, requests[i], cancellationToken))).ConfigureAwait(false);
        }

        int different = alone.Count(pair => !seen.TryGetValue(pair.Key, out byte[]? digest) || !digest.AsSpan().SequenceEqual(pair.Value));
        return new ProfileRun(threads, batch, chunk, alone.Count, different + seen.Keys.Count(key => !alone.ContainsKey(key)), largest);
    }

    private static async Task DrainAsync(InferenceEngine engine, GenerationRequest request, CancellationToken cancellationToken)
    {
        await foreach (GeneratedToken _ in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
        }
    }

    private static byte[] Digest(ReadOnlySpan<float> logits) => SHA256.HashData(MemoryMarshal.AsBytes(logits));
}
