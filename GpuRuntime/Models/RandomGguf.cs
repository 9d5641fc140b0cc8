using System.Globalization;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>Writes a model with random weights as a GGUF file that other programs read, too.</summary>
public static class RandomGguf
{
    private const int Specials = 3;
    private const int Bytes = 256;

    /// <summary>Writes a file of architecture llama with a made-up vocabulary of the kind llama.</summary>
    /// <param name="path">The file.</param>
    /// <param name="config">The shape; at least 259 ids.</param>
    /// <param name="seed">Chooses the weights.</param>
    /// <param name="type">How matrices are stored; norms are F32.</param>
    public static void Write(string path, ModelConfig config, int seed, TensorType type)
    {
        using ModelSource source = RandomModel.CreateSource(config, seed);
        List<TensorData> tensors = [];
        foreach ((string name, long[] shape) in ModelTensors.Expected(config))
        {
            float[] values = new float[source.Tensors[name].Info.Elements];
            Copy(source.Tensors[name], values);
            TensorType stored = shape.Length == 1 ? TensorType.F32 : type;
            tensors.Add(new TensorData(GgufNames.Place(name).Name, stored, shape, Quantization.FromSingle(stored, values)));
        }

        GgufWriter.Write(path, tensors, Metadata(config));
    }

    private static unsafe void Copy(StoredTensor tensor, float[] values)
    {
        fixed (float* start = values)
        {
            tensor.CopyToSingle(start);
        }
    }

    private static Dictionary<string, object> Metadata(ModelConfig config)
    {
        int size = config.VocabularySize;
        string[] pieces = new string[size];
        float[] scores = new float[size];
        int[] types = new int[size];
        for (int id = 0; id < size; id++)
        {
            (pieces[id], types[id]) = id switch
            {
                0 => ("<unk>", (int)PieceType.Unknown),
                1 => ("<s>", (int)PieceType.Control),
                2 => ("</s>", (int)PieceType.Control),
                < Specials + Bytes => ($"<0x{(id - Specials).ToString("X2", CultureInfo.InvariantCulture)}>", (int)PieceType.Byte),
                _ => ("\u2581" + Word(id), (int)PieceType.Normal),
            };
            scores[id] = -id;
        }

        return new Dictionary<string, object>
        {
            ["general.architecture"] = "llama",
            ["general.name"] = "random",
            ["llama.vocab_size"] = (uint)size,
            ["llama.context_length"] = (uint)config.MaxPositions,
            ["llama.embedding_length"] = (uint)config.HiddenSize,
            ["llama.feed_forward_length"] = (uint)config.IntermediateSize,
            ["llama.block_count"] = (uint)config.Layers,
            ["llama.attention.head_count"] = (uint)config.Heads,
            ["llama.attention.head_count_kv"] = (uint)config.KvHeads,
            ["llama.attention.key_length"] = (uint)config.HeadSize,
            ["llama.attention.value_length"] = (uint)config.HeadSize,
            ["llama.rope.dimension_count"] = (uint)config.HeadSize,
            ["llama.rope.freq_base"] = (float)config.RopeTheta,
            ["llama.attention.layer_norm_rms_epsilon"] = (float)config.RmsNormEpsilon,
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = pieces,
            ["tokenizer.ggml.scores"] = scores,
            ["tokenizer.ggml.token_type"] = types,
            ["tokenizer.ggml.unknown_token_id"] = 0u,
            ["tokenizer.ggml.bos_token_id"] = 1u,
            ["tokenizer.ggml.eos_token_id"] = 2u,
        };
    }

    private static string Word(int id)
    {
        Span<char> letters = stackalloc char[5];
        for (int i = 0; i < letters.Length; i++, id /= 26)
        {
            letters[i] = (char)('a' + (id % 26));
        }

        return letters.ToString();
    }
}
