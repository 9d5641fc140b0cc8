using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>Writes a GGUF model as a Hugging Face folder: config.json, tokenizer.json, tokenizer_config.json and model.safetensors.</summary>
public static class ModelConverter
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Converts a model. Every stored value is kept exactly; quantised types, which safetensors lacks, become F32.</summary>
    /// <param name="ggufPath">The file.</param>
    /// <param name="folder">The folder; made where it is missing. Its files of these four names are replaced.</param>
    /// <param name="cancellationToken">Stops between tensors.</param>
    /// <exception cref="ModelFormatException">The model is damaged or not supported.</exception>
    public static void Convert(string ggufPath, string folder, CancellationToken cancellationToken = default)
    {
        using ModelSource source = GgufModel.Open(ggufPath, null, cancellationToken);
        SentencePieceVocabulary vocabulary = GgufVocabulary.Read(((GgufFile)source.Files[0]).Metadata).SentencePiece
            ?? throw new ModelFormatException("a vocabulary of the kind gpt2 cannot be converted; load the GGUF file itself");
        JsonObject config = Config(source.Config, vocabulary, source.Tensors[ModelTensors.Embedding].Info.Type);
        List<PrivateMemory> buffers = [];
        try
        {
            List<TensorData> tensors = [];
            foreach ((string name, _) in ModelTensors.Expected(source.Config))
            {
                cancellationToken.ThrowIfCancellationRequested();
                StoredTensor tensor = source.Tensors[name];
                TensorType type = TensorLayout.Of(tensor.Info.Type).Quantised ? TensorType.F32 : tensor.Info.Type;
                PrivateMemory buffer = new(tensor.Info.Elements * (type == TensorType.F32 ? 4 : 2));
                buffers.Add(buffer);
                Fill(tensor, type, buffer);
                tensors.Add(new TensorData(HuggingFaceNames.Stored(source.Config, name), type, tensor.Info.Shape, buffer.Memory(0, buffer.Length)));
            }

            Directory.CreateDirectory(folder);
            SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        }
        finally
        {
            buffers.ForEach(static buffer => buffer.Dispose());
        }

        WriteJson(Path.Combine(folder, "config.json"), config);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), SentencePieceJson.Write(vocabulary));
        JsonObject tokenizer = new()
        {
            ["tokenizer_class"] = "LlamaTokenizer",
            ["bos_token"] = vocabulary.Pieces[vocabulary.BosId],
            ["eos_token"] = vocabulary.Pieces[vocabulary.EosId],
            ["unk_token"] = vocabulary.Pieces[vocabulary.UnknownId],
            ["add_bos_token"] = vocabulary.AddsBos,
            ["add_eos_token"] = false,
        };
        if (source.ChatTemplate is not null)
        {
            tokenizer["chat_template"] = source.ChatTemplate;
        }

        WriteJson(Path.Combine(folder, "tokenizer_config.json"), tokenizer);
    }

    private static unsafe void Fill(StoredTensor tensor, TensorType type, PrivateMemory buffer)
    {
        if (type == TensorType.F32)
        {
            tensor.CopyToSingle((float*)buffer.Pointer);
        }
        else
        {
            tensor.CopyRaw(buffer.Pointer);
        }
    }

    private static void WriteJson(string path, JsonObject value) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(value, s_indented));

    private static JsonObject Config(ModelConfig config, SentencePieceVocabulary vocabulary, TensorType type)
    {
        JsonObject json = HuggingFaceConfigWriter.Write(config, type switch
        {
            TensorType.BF16 => "bfloat16",
            TensorType.F16 => "float16",
            _ => "float32",
        });
        (json["bos_token_id"], json["eos_token_id"]) = (vocabulary.BosId, vocabulary.EosId);
        return json;
    }
}
