using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.Host.Tests.Processes;

/// <summary>
/// A model folder with random weights and the demonstration model's tokenizer: by default big enough that a long answer takes
/// seconds, and without an end token, so that an answer is as long as was asked for.
/// </summary>
internal static class RandomModelFolder
{
    /// <summary>Where the tokenizer comes from: the demonstration model, or the models that tests read.</summary>
    public static string TokenizerFolder { get; } = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny") is var shipped && Directory.Exists(shipped)
        ? shipped
        : Vectors.Model("smollm2-tokenizer");

    /// <summary>Writes a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="hidden">Hidden size, in multiples of 64.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="vocabulary">Another vocabulary than the demonstration model's: its tokenizer.json and its size.</param>
    public static void Write(string folder, int hidden = 384, int layers = 10, (string Json, int Size)? vocabulary = null)
    {
        string source = TokenizerFolder;
        JsonObject given = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        ModelConfig config = new()
        {
            VocabularySize = vocabulary?.Size ?? given["vocab_size"]!.GetValue<int>(),
            HiddenSize = hidden,
            IntermediateSize = 4 * hidden,
            Layers = layers,
            Heads = hidden / 64,
            KvHeads = 1,
            HeadSize = 64,
            MaxPositions = 4096,
            RopeTheta = 10000,
            RmsNormEpsilon = 1e-5,
            TiedEmbeddings = true,
        };
        Directory.CreateDirectory(folder);
        JsonObject file = new()
        {
            ["model_type"] = "llama",
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KvHeads,
            ["head_dim"] = config.HeadSize,
            ["max_position_embeddings"] = config.MaxPositions,
            ["rope_theta"] = config.RopeTheta,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["tie_word_embeddings"] = config.TiedEmbeddings,
        };
        File.WriteAllText(Path.Combine(folder, "config.json"), file.ToJsonString());
        if (vocabulary is { } own)
        {
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), own.Json);
        }
        else
        {
            File.Copy(Path.Combine(source, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"));
        }

        JsonObject settings = new() { ["add_bos_token"] = false, ["chat_template"] = ChatTemplates.ChatMl };
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings.ToJsonString());
        Random random = new(96);
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            [.. ModelTensors.Expected(config).Select(tensor => new TensorData(tensor.Name, TensorType.BF16, tensor.Shape, Fill(tensor.Shape, random)))]);
    }

    private static byte[] Fill(long[] shape, Random random)
    {
        ushort[] values = new ushort[shape.Aggregate(1L, (a, b) => a * b)];
        double width = shape.Length == 1 ? 0 : Math.Sqrt(3.0 / shape[^1]);
        for (int i = 0; i < values.Length; i++)
        {
            float value = width == 0 ? 1 : (float)(((random.NextDouble() * 2) - 1) * width);
            values[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }

        return MemoryMarshal.AsBytes<ushort>(values).ToArray();
    }
}
