using System.Buffers.Binary;
using System.Text.Json;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.GpuRuntime.Training;

/// <summary>Writes a trained model as a Hugging Face folder.</summary>
public static class ModelFolder
{
    /// <summary>The file of the weights.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The file of the recipe.</summary>
    public const string RecipeFile = "recipe.json";

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
    /// <param name="folder">The folder, which is made where it is absent.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="layout">How the weights lie.</param>
    /// <param name="weights">The weights.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string folder, TrainingRecipe recipe, BpeVocabulary vocabulary, ParameterLayout layout, ReadOnlySpan<float> weights)
    {
        Directory.CreateDirectory(folder);
        Save(folder, RecipeFile, recipe.ToJson());
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
        List<TensorData> tensors = [];
        for (int i = 0; i < layout.Tensors.Count; i++)
        {
            (string name, int rows, int columns) = layout.Tensors[i];
            tensors.Add(new TensorData(name, TensorType.BF16, layout.IsVector(i) ? [columns] : [rows, columns], ToHalf(weights.Slice(layout.Offset(i), rows * columns))));
        }

        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Weights as bfloat16, little-endian: to the nearest, of two equally near to the even one.</summary>
    public static byte[] ToHalf(ReadOnlySpan<float> weights)
    {
        byte[] bytes = new byte[weights.Length * 2];
        for (int i = 0; i < weights.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(weights[i]);
            uint rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(rounded >> 16));
        }

        return bytes;
    }

    internal static void Save(string folder, string name, string content)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path + ".partial", content);
        File.Move(path + ".partial", path, overwrite: true);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, s_options) + "\n";
}
