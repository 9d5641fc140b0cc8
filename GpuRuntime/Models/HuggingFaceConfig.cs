using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>Reads config.json and generation_config.json. A setting that would change results and is not supported is an error.</summary>
internal static class HuggingFaceConfig
{
    public static ModelConfig Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string? type = root.GetProperty("model_type").GetString();
            Refuse(type != "llama", $"the model_type {type}; llama is supported");
            Refuse(Present(root, "hidden_act") && root.GetProperty("hidden_act").GetString() != "silu", "a hidden_act other than silu");
            Refuse(IsTrue(root, "attention_bias") || IsTrue(root, "mlp_bias"), "attention_bias or mlp_bias");
            Refuse(IsTrue(root, "rope_interleaved"), "rope_interleaved");
            Refuse(Present(root, "rope_scaling"), "rope_scaling");
            Refuse(Present(root, "quantization_config"), "quantization_config");
            int heads = root.GetProperty("num_attention_heads").GetInt32();
            int hidden = root.GetProperty("hidden_size").GetInt32();
            Refuse(heads < 1 || (!Present(root, "head_dim") && hidden % heads != 0), "num_attention_heads that do not divide hidden_size");
            ModelConfig config = new()
            {
                VocabularySize = root.GetProperty("vocab_size").GetInt32(),
                HiddenSize = hidden,
                IntermediateSize = root.GetProperty("intermediate_size").GetInt32(),
                Layers = root.GetProperty("num_hidden_layers").GetInt32(),
                Heads = heads,
                KvHeads = Present(root, "num_key_value_heads") ? root.GetProperty("num_key_value_heads").GetInt32() : heads,
                HeadSize = Present(root, "head_dim") ? root.GetProperty("head_dim").GetInt32() : hidden / heads,
                MaxPositions = Present(root, "max_position_embeddings") ? root.GetProperty("max_position_embeddings").GetInt32() : 2048,
                RopeTheta = RopeTheta(root),
                RmsNormEpsilon = Present(root, "rms_norm_eps") ? root.GetProperty("rms_norm_eps").GetDouble() : 1e-6,
                TiedEmbeddings = IsTrue(root, "tie_word_embeddings"),
            };
            config.Validate();
            return config;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"config.json is damaged or incomplete: {e.Message}", e);
        }
    }

    /// <summary>The ids of eos_token_id: a number, a list or nothing.</summary>
    public static IEnumerable<int> EosIds(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return !Present(document.RootElement, "eos_token_id") ? []
                : document.RootElement.GetProperty("eos_token_id") is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(static e => e.GetInt32())]
                : [document.RootElement.GetProperty("eos_token_id").GetInt32()];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"{file} is damaged: {e.Message}", e);
        }
    }

    /// <summary>The base of the rotary angles: a member of its own, or within rope_parameters as transformers 5 writes it.</summary>
    private static double RopeTheta(JsonElement root)
    {
        double? alone = Present(root, "rope_theta") ? root.GetProperty("rope_theta").GetDouble() : null;
        double? within = null;
        if (Present(root, "rope_parameters"))
        {
            foreach (JsonProperty member in root.GetProperty("rope_parameters").EnumerateObject())
            {
                switch (member.Name)
                {
                    case "rope_theta":
                        within = member.Value.GetDouble();
                        break;
                    case "rope_type" or "type":
                        Refuse(member.Value.GetString() != "default", $"rope_parameters of the {member.Name} {member.Value.GetString()}; default is supported");
                        break;
                    default:
                        Refuse(member.Name != "partial_rotary_factor" || member.Value.GetDouble() != 1, $"rope_parameters with {member.Name}");
                        break;
                }
            }
        }

        Refuse(alone is not null && within is not null && alone != within, $"a rope_theta that rope_parameters gives differently");
        return within ?? alone ?? 10000;
    }

    private static bool Present(JsonElement root, string member) => root.TryGetProperty(member, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    private static bool IsTrue(JsonElement root, string member) => root.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw new ModelFormatException($"config.json has {what}, which this build does not support");
        }
    }
}
