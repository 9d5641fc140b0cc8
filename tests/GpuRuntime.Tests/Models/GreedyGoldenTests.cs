using System.Text.Json;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Models;

/// <summary>The greedy continuations that llama.cpp gave for stories260K in f32.</summary>
public class GreedyGoldenTests
{
    internal static IEnumerable<(string Prompt, int[] PromptIds, int[] Ids, string Text)> Cases()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Vectors.Model("stories260K.greedy.json")));
        foreach (JsonElement c in document.RootElement.EnumerateArray())
        {
            yield return (
                c.GetProperty("prompt").GetString()!,
                [.. c.GetProperty("prompt_ids").EnumerateArray().Select(e => e.GetInt32())],
                [.. c.GetProperty("greedy_ids").EnumerateArray().Select(e => e.GetInt32())],
                c.GetProperty("text").GetString()!);
        }
    }

    internal static async Task<int[]> GenerateAsync(InferenceEngine engine, int[] prompt, int count) =>
        await engine.GenerateAsync(new GenerationRequest { PromptIds = prompt, Sampling = SamplingParameters.Greedy, Seed = new byte[32], MaxTokens = count })
            .Select(t => t.Id).ToArrayAsync();

    [Fact]
    public async Task IdsAndTextEqual()
    {
        using LoadedModel model = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions { Profile = NumericProfile.F32 });
        await using InferenceEngine engine = new(model, new EngineOptions());
        foreach ((string prompt, int[] promptIds, int[] ids, string text) in Cases())
        {
            Assert.Equal(promptIds, model.Tokenizer.EncodePrompt(prompt));
            int[] generated = await GenerateAsync(engine, promptIds, ids.Length);
            Assert.Equal(ids, generated);
            Assert.Equal(text, model.Tokenizer.Decode(generated));
        }
    }
}
