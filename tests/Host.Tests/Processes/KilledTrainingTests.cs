using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Training.Records;

namespace Verathos.Host.Tests.Processes;

/// <summary>A training run whose process is killed again and again ends with the bits of one that never was.</summary>
public sealed class KilledTrainingTests : IDisposable
{
    private const string Recipe = """
        {"name": "killed", "seed": 11, "documents": 50, "vocabulary_size": 300,
         "model": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
                   "max_position_embeddings": 128, "rope_theta": 10000, "rms_norm_eps": 1e-05},
         "optimiser": {"kind": "adamw", "precision": "f32", "steps": 120, "steps_per_round": 5, "documents_per_round": 20, "rows": 2, "length": 64, "micro_batches": 2,
                       "learning_rate": 0.003, "final_learning_rate": 0.0001, "warmup_steps": 1,
                       "weight_decay": 0.05, "beta1": 0.9, "beta2": 0.98, "clip_norm": 1},
         "corpus_sha256": null}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("vk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_that_is_killed_ends_with_the_same_bits()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "recipe.json"), Recipe, TestContext.Current.CancellationToken);
        Assert.Equal(0, (await FinishAsync("whole")).GetProperty("resumed_from").GetInt32());

        for (int kill = 0; kill < 3; kill++)
        {
            await using ChildProcess run = Start("killed");
            await Eventually.TrueAsync(() => Steps(run) >= 2 || run.HasExited);
            run.Signal(NativeSignal.Kill);
            await run.ExitAsync();
        }

        Assert.NotEqual(0, (await FinishAsync("killed")).GetProperty("resumed_from").GetInt32());
        Assert.Equal(Hash("whole"), Hash("killed"));

        // One chain over the keysets of every process that came to sign something, and of no other.
        IReadOnlyList<ChainEntry> whole = Chain("whole"), killed = Chain("killed");
        Assert.Equal(Steps(whole), Steps(killed));
        Assert.Single(whole.Select(entry => entry.Signed.Keyset).Distinct());
        Assert.InRange(killed.Select(entry => entry.Signed.Keyset).Distinct().Count(), 2, 4);
        await using ChildProcess verify = ChildProcess.Start(_folder, Programs.Verathos, "train", "verify", "killed", "--seed", "1", "--json");
        Assert.Equal(0, await verify.ExitAsync());
    }

    private ChildProcess Start(string output) =>
        ChildProcess.Start(_folder, Programs.Verathos, "train", "local", "--recipe", "recipe.json", "--output", output, "--json");

    private async Task<JsonElement> FinishAsync(string output)
    {
        await using ChildProcess run = Start(output);
        Assert.Equal(0, await run.ExitAsync());
        await Eventually.TrueAsync(() => Lines(run).LastOrDefault().ValueKind == JsonValueKind.Object && Event(Lines(run)[^1]) == "done");
        return Lines(run)[^1];
    }

    private static int Steps(ChildProcess run) => Lines(run).Count(line => Event(line) == "step");

    private IReadOnlyList<ChainEntry> Chain(string output)
    {
        Assert.True(ChainFile.TryParse(File.ReadAllBytes(Path.Combine(_folder, output, "training", "chain.cbor")), out IReadOnlyList<ChainEntry>? chain));
        Assert.Equal(24, chain.Count);
        return chain;
    }

    private static string[] Steps(IReadOnlyList<ChainEntry> chain) => [.. chain.SelectMany(entry => entry.Steps).Select(step => Convert.ToHexString(step.Encode()))];

    private static string? Event(JsonElement line) => line.GetProperty("event").GetString();

    private static JsonElement[] Lines(ChildProcess run) =>
        [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private string Hash(string output) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, output, "model.safetensors"))));
}
