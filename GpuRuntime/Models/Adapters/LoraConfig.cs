using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models.Adapters;

/// <summary>What is used of adapter_config.json, as PEFT writes it. A setting that would change results and is not supported is an error.</summary>
/// <param name="Rank">r: rows of A, columns of B.</param>
/// <param name="Scale">lora_alpha / r, or lora_alpha / sqrt(r) with use_rslora.</param>
/// <param name="Targets">target_modules: the last part of the names of the modules that are changed.</param>
internal sealed record LoraConfig(int Rank, float Scale, IReadOnlyList<string> Targets)
{
    private const int MaximumRank = 4096;

    /// <summary>Members that say nothing about the result, or only about training.</summary>
    private static readonly HashSet<string> s_ignored = new(StringComparer.Ordinal)
    {
        "base_model_name_or_path", "inference_mode", "init_lora_weights", "lora_dropout", "peft_version", "revision",
    };

    /// <summary>Members that must be absent, null, false or empty.</summary>
    private static readonly string[] s_refused =
    [
        "alora_invocation_tokens", "alpha_pattern", "arrow_config", "auto_mapping", "corda_config", "ensure_weight_tying", "eva_config",
        "exclude_modules", "fan_in_fan_out", "layer_replication", "layers_pattern", "layers_to_transform", "loftq_config", "lora_bias",
        "lora_ga_config", "megatron_config", "modules_to_save", "qalora_group_size", "rank_pattern", "target_parameters",
        "trainable_token_indices", "use_bdlora", "use_dora", "use_qalora",
    ];

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="ModelFormatException">A member is missing, damaged or not supported; the message names it.</exception>
    public static LoraConfig Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            ConfigReader reader = new(document.RootElement);
            string? type = reader.Text("peft_type");
            Refuse(type != "LORA", $"the peft_type {type}; LORA is supported");
            Refuse(reader.Text("task_type") is not (null or "CAUSAL_LM"), "a task_type other than CAUSAL_LM");
            Refuse(reader.Text("bias") is not (null or "none"), "a bias other than none");
            bool quantised = reader.Flag("use_qalora") == true;
            foreach (string name in s_refused)
            {
                Refuse(reader.IsSet(name) && (name != "qalora_group_size" || quantised), name);
            }

            int rank = reader.Number("r");
            double alpha = reader.Real("lora_alpha") ?? throw new KeyNotFoundException("lora_alpha is missing");
            Refuse(rank is < 1 or > MaximumRank, $"r = {rank}");
            Refuse(!double.IsFinite(alpha), "a lora_alpha out of range");
            IReadOnlyList<string> targets = reader.List("target_modules") ?? throw new KeyNotFoundException("target_modules is missing");
            Refuse(targets.Count == 0, "no target_modules");
            bool rootScaled = reader.Flag("use_rslora") == true;
            string? unknown = reader.Unread(s_ignored);
            Refuse(unknown is not null, unknown!);
            return new LoraConfig(rank, (float)(alpha / (rootScaled ? Math.Sqrt(rank) : rank)), targets);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"adapter_config.json is damaged or incomplete: {e.Message}", e);
        }
    }

    private static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw new ModelFormatException($"adapter_config.json has {what}, which this build does not support");
        }
    }
}
