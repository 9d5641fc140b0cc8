using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Training.Vocabulary;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training;

/// <summary>Writes a trained model as a Hugging Face folder.</summary>
public static class ModelFolder
{
    private static readonly string[] s_architectures = ["LlamaForCausalLM"];

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>
    /// Writes <c>config.json</c>, <c>tokenizer.json</c>, <c>tokenizer_config.json</c>, <c>recipe.json</c> and
    /// <c>model.safetensors</c>, the weights rounded to bf16 (nearest, ties to even).
    /// </summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string folder, TrainingRecipe recipe, BpeVocabulary vocabulary, LlamaTrainingModel model)
    {
        Directory.CreateDirectory(folder);
        Save(folder, "recipe.json", recipe.ToJson());
        Save(folder, "tokenizer.json", vocabulary.ToTokenizerJson());
        Save(folder, "tokenizer_config.json", Json(new
        {
            TokenizerClass = "PreTrainedTokenizerFast",
            AddBosToken = false,
            BosToken = BpeTrainer.SpecialTokens[DocumentEncoder.Start],
            EosToken = BpeTrainer.SpecialTokens[DocumentEncoder.End],
            PadToken = BpeTrainer.SpecialTokens[DocumentEncoder.EndOfText],
            ModelMaxLength = recipe.Model.MaxPositionEmbeddings,
            CleanUpTokenizationSpaces = false,
            ChatTemplate = ChatTemplates.ChatMl,
        }));
        Save(folder, "config.json", Json(new
        {
            Architectures = s_architectures,
            AttentionBias = false,
            AttentionDropout = 0.0,
            BosTokenId = DocumentEncoder.Start,
            EosTokenId = DocumentEncoder.End,
            PadTokenId = DocumentEncoder.EndOfText,
            HeadDim = recipe.Model.HeadSize,
            HiddenAct = "silu",
            recipe.Model.HiddenSize,
            InitializerRange = 0.02,
            recipe.Model.IntermediateSize,
            recipe.Model.MaxPositionEmbeddings,
            MlpBias = false,
            ModelType = "llama",
            recipe.Model.NumAttentionHeads,
            recipe.Model.NumHiddenLayers,
            recipe.Model.NumKeyValueHeads,
            recipe.Model.RmsNormEps,
            RopeScaling = (object?)null,
            recipe.Model.RopeTheta,
            TieWordEmbeddings = true,
            TorchDtype = "bfloat16",
            UseCache = true,
            VocabSize = vocabulary.Tokens.Count,
        }));
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            [.. model.Parameters.Select(p => Half(p.Key, p.Value))],
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    internal static void Save(string folder, string name, string content)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path + ".partial", content);
        File.Move(path + ".partial", path, overwrite: true);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, s_options) + "\n";

    private static TensorData Half(string name, Tensor parameter)
    {
        using Tensor values = parameter.detach().contiguous();
        float[] source = values.data<float>().ToArray();
        byte[] bytes = new byte[source.Length * 2];
        for (int i = 0; i < source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            uint rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(rounded >> 16));
        }

        return new TensorData(name, TensorType.BF16, parameter.shape, bytes);
    }
}
