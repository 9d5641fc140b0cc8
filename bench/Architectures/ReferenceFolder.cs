using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Architectures;

/// <summary>Writes a model as Hugging Face's library would save it, in two files of weights with an index.</summary>
internal static class ReferenceFolder
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static void Write(string folder, ModelConfig config, IReadOnlyList<TensorData> tensors, SentencePieceVocabulary vocabulary)
    {
        Directory.CreateDirectory(folder);
        TensorData[] stored = [.. tensors.Select(t => Widen(t with { Name = HuggingFaceNames.Stored(config, t.Name) }))];
        JsonObject map = [];
        int half = stored.Length / 2;
        for (int file = 0; file < 2; file++)
        {
            string name = $"model-{file + 1:00000}-of-00002.safetensors";
            TensorData[] part = file == 0 ? stored[..half] : stored[half..];
            SafetensorsWriter.Write(Path.Combine(folder, name), part, new Dictionary<string, string> { ["format"] = "pt" });
            foreach (TensorData tensor in part)
            {
                map[tensor.Name] = name;
            }
        }

        WriteJson(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = stored.Sum(static t => (long)t.Bytes.Length) }, ["weight_map"] = map });
        JsonObject settings = HuggingFaceConfigWriter.Write(config, "float32");
        (settings["bos_token_id"], settings["eos_token_id"]) = (vocabulary.BosId, vocabulary.EosId);
        WriteJson(Path.Combine(folder, "config.json"), settings);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), SentencePieceJson.Write(vocabulary));
        WriteJson(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["bos_token"] = vocabulary.Pieces[vocabulary.BosId], ["eos_token"] = vocabulary.Pieces[vocabulary.EosId], ["add_bos_token"] = true });
    }

    private static TensorData Widen(TensorData tensor)
    {
        if (!TensorLayout.Of(tensor.Type).Quantised)
        {
            return tensor;
        }

        float[] values = new float[tensor.Shape.Aggregate(1L, static (a, b) => a * b)];
        Quantization.ToSingle(tensor.Type, tensor.Bytes.Span, values);
        return tensor with { Type = TensorType.F32, Bytes = Quantization.FromSingle(TensorType.F32, values) };
    }

    private static void WriteJson(string path, JsonObject value) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(value, s_indented));
}
