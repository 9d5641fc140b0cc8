using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Trace;

/// <summary>Generates every request of a trace alone, on an engine that has nothing else to do, and compares.</summary>
internal static class TraceReplay
{
    public static async Task<(int Compared, int Tokens, List<int> Different)> CompareAsync(
        IReadOnlyList<LoadedModel> models, TraceRequest[] requests, TraceOutcome[] outcomes, TraceOptions options, CancellationToken cancellationToken)
    {
        int compared = 0;
        int tokens = 0;
        List<int> different = [];
        for (int m = 0; m < models.Count; m++)
        {
            LoadedModel model = models[m];
            TokenIndex vocabulary = new(model.Config.VocabularySize, id => model.Tokenizer.TokenBytes(id).ToArray());
            InferenceEngine engine = new(model, new EngineOptions { MaxActive = 1 });
            await using (engine.ConfigureAwait(false))
            {
                for (int i = 0; i < requests.Length; i++)
                {
                    options.Progress?.Invoke("comparisons", (m * requests.Length) + i + 1, models.Count * requests.Length);
                    if (requests[i].Model != m || outcomes[i].Error is not null || requests[i].Kind is TraceKind.Bad or TraceKind.Garbage || (requests[i].Kind == TraceKind.Cancelled && outcomes[i].Ids.Length == 0))
                    {
                        continue;
                    }

                    compared++;
                    tokens += outcomes[i].Ids.Length;
                    int[] expected = await AloneAsync(engine, model, requests[i], outcomes[i], vocabulary, cancellationToken).ConfigureAwait(false);
                    if (!expected.AsSpan().SequenceEqual(outcomes[i].Ids))
                    {
                        different.Add(i);
                    }
                }
            }
        }

        return (compared, tokens, different);
    }

    private static async Task<int[]> AloneAsync(InferenceEngine engine, LoadedModel model, TraceRequest request, TraceOutcome outcome, TokenIndex vocabulary, CancellationToken cancellationToken)
    {
        // Who left has no transcript; its parameters leave nothing to the seed.
        RequestedParameters sent = outcome.Answer?.Transcript.Parameters ?? Parse(request);
        byte[] nonce = outcome.Answer?.Transcript.ClientNonce ?? [];
        GenerationRequest alone = new()
        {
            PromptIds = request.PromptIds,
            Sampling = new SamplingParameters(sent.TemperatureMicro, sent.TopPMicro, sent.TopK)
            {
                FrequencyPenaltyMicro = sent.FrequencyPenaltyMicro,
                PresencePenaltyMicro = sent.PresencePenaltyMicro,
                RepetitionPenaltyMicro = sent.RepetitionPenaltyMicro,
            },
            Seed = SamplingSeed.Derive(sent.Seed, nonce),
            MaxTokens = request.MaxTokens,
            Constraint = Constrain(request, model, vocabulary),
        };
        TokenDecoder decoder = model.Tokenizer.CreateContinuationDecoder();
        StringBuilder text = new();
        List<int> ids = [];
        await foreach (GeneratedToken token in engine.GenerateAsync(alone, cancellationToken).ConfigureAwait(false))
        {
            ids.Add(token.Id);
            text.Append(decoder.Append(token.Id));
            bool left = outcome.Answer is null && ids.Count == outcome.Ids.Length;
            if (left || (request.Stop is { } stop && text.ToString().Contains(stop, StringComparison.Ordinal)))
            {
                break;
            }
        }

        return [.. ids];
    }

    private static TokenConstraint? Constrain(TraceRequest request, LoadedModel model, TokenIndex vocabulary)
    {
        using JsonDocument body = JsonDocument.Parse(request.Body);
        if (!body.RootElement.TryGetProperty("response_format", out JsonElement format))
        {
            return null;
        }

        if (!format.TryGetProperty("json_schema", out JsonElement schema))
        {
            return new TokenConstraint(JsonGrammar.AnyObject(), vocabulary, model.StopIds);
        }

        return JsonGrammar.TryCompile(JsonMarshal.GetRawUtf8Value(schema.GetProperty("schema")).ToArray(), out JsonGrammar? grammar, out GrammarError? error)
            ? new TokenConstraint(grammar, vocabulary, model.StopIds)
            : throw new InvalidOperationException(error.ToString());
    }

    private static RequestedParameters Parse(TraceRequest request) =>
        InferenceRequest.TryParse(InferenceKind.Completion, request.Body, out InferenceRequest? parsed, out string? error)
            ? parsed!.Parameters
            : throw new InvalidOperationException(error);
}
