namespace Verathos.GpuRuntime.Models;

/// <summary>Translates the names of Mixtral's files to those of <see cref="ModelTensors"/>, and back.</summary>
internal static class HuggingFaceNames
{
    private static readonly (string Stored, string Used)[] s_mixtral =
    [
        (".block_sparse_moe.", ".mlp."),
        (".w1.weight", ".gate_proj.weight"),
        (".w2.weight", ".down_proj.weight"),
        (".w3.weight", ".up_proj.weight"),
    ];

    /// <summary>The name under which a stored tensor is used.</summary>
    public static string Translate(ModelConfig config, string stored) => config.Family == ModelFamily.Mixtral && stored.Contains(s_mixtral[0].Stored, StringComparison.Ordinal)
        ? s_mixtral.Aggregate(stored, static (name, pair) => name.Replace(pair.Stored, pair.Used, StringComparison.Ordinal))
        : stored;

    /// <summary>The name under which a tensor is stored.</summary>
    public static string Stored(ModelConfig config, string used) => config.Family == ModelFamily.Mixtral && used.Contains(s_mixtral[0].Used, StringComparison.Ordinal)
        ? s_mixtral.Aggregate(used, static (name, pair) => name.Replace(pair.Used, pair.Stored, StringComparison.Ordinal))
        : used;
}
