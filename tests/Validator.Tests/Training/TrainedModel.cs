using Verathos.Host.Cli;
using Verathos.Testing;

namespace Verathos.Validator.Tests.Training;

/// <summary>A small model that the verb trained, once for all tests.</summary>
public sealed class TrainedModel : IAsyncLifetime
{
    /// <summary>Eight steps in four rounds, so that the middle state lies after the second.</summary>
    public const string Recipe = """
        {"name": "small", "seed": 5, "documents": 50, "vocabulary_size": 300,
         "model": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
                   "max_position_embeddings": 64, "rope_theta": 10000, "rms_norm_eps": 1e-05},
         "optimiser": {"kind": "adamw", "precision": "f32", "steps": 8, "steps_per_round": 2, "documents_per_round": 10, "rows": 2, "length": 32, "micro_batches": 2,
                       "learning_rate": 0.003, "final_learning_rate": 0.0001, "warmup_steps": 1, "weight_decay": 0.05, "beta1": 0.9, "beta2": 0.98, "clip_norm": 1},
         "corpus_sha256": null}
        """;

    public string Folder { get; } = Directory.CreateTempSubdirectory("verathos-trained").FullName;

    public static string Installation { get; } = RunFolder.Path("training-authorities");

    public async ValueTask InitializeAsync()
    {
        string recipe = Path.Combine(Folder, "given.json");
        await File.WriteAllTextAsync(recipe, Recipe);
        using StringWriter output = new(), error = new();
        int code = await Application.RunAsync(
            ["train", "local", "--recipe", recipe, "--output", Folder, "--installation", Installation, "--threads", "1", "--json"], output, error, CancellationToken.None);
        Assert.True(code == 0, error.ToString());
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>A copy to change.</summary>
    public string Copy()
    {
        string copy = Directory.CreateTempSubdirectory("verathos-changed").FullName;
        foreach (string file in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return copy;
    }
}
