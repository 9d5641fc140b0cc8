using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Architectures;

/// <summary>Writes a model as GGUF, in the order and with the keys that llama.cpp's converters use.</summary>
internal static class ReferenceGguf
{
    public static void Write(string path, ModelConfig config, IReadOnlyList<TensorData> tensors, SentencePieceVocabulary vocabulary)
    {
        List<TensorData> stored = [];
        foreach (IGrouping<string, TensorData> place in tensors.GroupBy(static t => GgufNames.Place(t.Name).Name))
        {
            TensorData first = place.First();
            bool stacked = GgufNames.Place(first.Name).Expert >= 0;
            long[] shape = stacked ? [place.Count(), .. first.Shape] : first.Shape.Count == 2 && first.Shape[0] == 1 ? [first.Shape[1]] : [.. first.Shape];
            byte[] bytes = [.. place.SelectMany(t => Paired(t, GgufNames.PairedHeads(config, t.Name)))];
            stored.Add(new TensorData(place.Key, first.Type, shape, bytes));
        }

        if (config.Rope.Kind == RopeScalingKind.Llama3)
        {
            float[] divisors = Llama3Divisors(config);
            stored.Add(new TensorData(GgufNames.RopeFactors, TensorType.F32, [divisors.Length], Quantization.FromSingle(TensorType.F32, divisors)));
        }

        GgufWriter.Write(path, stored, Metadata(config, vocabulary));
    }

    /// <summary>Rows of a head's two halves alternate where the architecture wants pairs.</summary>
    private static byte[] Paired(TensorData tensor, int heads)
    {
        byte[] bytes = tensor.Bytes.ToArray();
        if (heads == 0)
        {
            return bytes;
        }

        int rows = (int)tensor.Shape[0];
        int rowBytes = bytes.Length / rows;
        int headRows = rows / heads;
        byte[] paired = new byte[bytes.Length];
        for (int row = 0; row < rows; row++)
        {
            int within = row % headRows;
            int target = row - within + (within < headRows / 2 ? 2 * within : (2 * (within - (headRows / 2))) + 1);
            bytes.AsSpan(row * rowBytes, rowBytes).CopyTo(paired.AsSpan(target * rowBytes));
        }

        return paired;
    }

    /// <summary>What each frequency is divided by, as the converter for Llama 3.1 writes it.</summary>
    private static float[] Llama3Divisors(ModelConfig config)
    {
        RopeScaling rope = config.Rope;
        float[] divisors = new float[config.HeadSize / 2];
        for (int i = 0; i < divisors.Length; i++)
        {
            double waveLength = 2 * Math.PI * Math.Pow(config.RopeTheta, 2.0 * i / config.HeadSize);
            double turns = rope.OriginalPositions / waveLength;
            double smooth = (turns - rope.LowFrequencyFactor) / (rope.HighFrequencyFactor - rope.LowFrequencyFactor);
            divisors[i] = turns > rope.HighFrequencyFactor ? 1
                : turns < rope.LowFrequencyFactor ? (float)rope.Factor
                : (float)(1 / (((1 - smooth) / rope.Factor) + smooth));
        }

        return divisors;
    }

    private static Dictionary<string, object> Metadata(ModelConfig config, SentencePieceVocabulary vocabulary)
    {
        string architecture = GgufNames.Architecture(config.Family);
        Dictionary<string, object> metadata = new()
        {
            ["general.architecture"] = architecture,
            ["general.name"] = "random",
            [$"{architecture}.vocab_size"] = (uint)config.VocabularySize,
            [$"{architecture}.context_length"] = (uint)config.MaxPositions,
            [$"{architecture}.embedding_length"] = (uint)config.HiddenSize,
            [$"{architecture}.feed_forward_length"] = (uint)config.IntermediateSize,
            [$"{architecture}.block_count"] = (uint)config.Layers,
            [$"{architecture}.attention.head_count"] = (uint)config.Heads,
            [$"{architecture}.attention.head_count_kv"] = (uint)config.KvHeads,
            [$"{architecture}.attention.key_length"] = (uint)config.HeadSize,
            [$"{architecture}.attention.value_length"] = (uint)config.HeadSize,
            [$"{architecture}.rope.dimension_count"] = (uint)config.HeadSize,
            [$"{architecture}.rope.freq_base"] = (float)config.RopeTheta,
            [$"{architecture}.attention.layer_norm_rms_epsilon"] = (float)config.RmsNormEpsilon,
        };
        foreach ((string key, object value) in config.Family is ModelFamily.Llama or ModelFamily.Mistral or ModelFamily.Mixtral ? Pieces(vocabulary) : BytePairs(config.VocabularySize))
        {
            metadata["tokenizer.ggml." + key] = value;
        }

        if (config.SlidingWindow > 0)
        {
            metadata[$"{architecture}.attention.sliding_window"] = (uint)config.SlidingWindow;
        }

        if (config.Rope.Kind is RopeScalingKind.Linear or RopeScalingKind.Yarn)
        {
            metadata[$"{architecture}.rope.scaling.type"] = config.Rope.Kind == RopeScalingKind.Yarn ? "yarn" : "linear";
            metadata[$"{architecture}.rope.scaling.factor"] = (float)config.Rope.Factor;
        }

        if (config.Rope.Kind == RopeScalingKind.Yarn)
        {
            metadata[$"{architecture}.rope.scaling.original_context_length"] = (uint)config.Rope.OriginalPositions;
        }

        if (config.Experts is { } experts)
        {
            metadata[$"{architecture}.expert_count"] = (uint)experts.Count;
            metadata[$"{architecture}.expert_used_count"] = (uint)experts.PerToken;
            metadata[$"{architecture}.expert_feed_forward_length"] = (uint)experts.IntermediateSize;
            if (experts.SharedIntermediateSize > 0)
            {
                metadata[$"{architecture}.expert_shared_feed_forward_length"] = (uint)experts.SharedIntermediateSize;
            }
        }

        return metadata;
    }

    private static Dictionary<string, object> Pieces(SentencePieceVocabulary vocabulary) => new()
    {
        ["model"] = "llama",
        ["tokens"] = vocabulary.Pieces.ToArray(),
        ["scores"] = vocabulary.Scores.ToArray(),
        ["token_type"] = vocabulary.Types.Select(static t => (int)t).ToArray(),
        ["unknown_token_id"] = (uint)vocabulary.UnknownId,
        ["bos_token_id"] = (uint)vocabulary.BosId,
        ["eos_token_id"] = (uint)vocabulary.EosId,
    };

    /// <summary>Byte-level BPE: the alphabet, the end of a text, then pairs of letters.</summary>
    private static Dictionary<string, object> BytePairs(int size)
    {
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(static b => ByteLevelAlphabet.Character((byte)b).ToString()), "<|endoftext|>"];
        List<string> merges = [];
        for (int pair = 0; tokens.Count < size; pair++)
        {
            (char first, char second) = ((char)('a' + (pair / 26)), (char)('a' + (pair % 26)));
            tokens.Add($"{first}{second}");
            merges.Add($"{first} {second}");
        }

        return new Dictionary<string, object>
        {
            ["model"] = "gpt2",
            ["pre"] = "qwen2",
            ["tokens"] = tokens.ToArray(),
            ["token_type"] = tokens.Select(static (_, id) => id == 256 ? 3 : 1).ToArray(),
            ["merges"] = merges.ToArray(),
            ["eos_token_id"] = 256u,
            ["padding_token_id"] = 256u,
        };
    }
}
