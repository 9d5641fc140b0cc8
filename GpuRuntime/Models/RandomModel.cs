using System.Runtime.InteropServices;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>
/// Models with random weights, for measurements where only the shape matters. Ids below 256 are bytes, then come ChatML's
/// special tokens, then made-up words; no id ends an answer.
/// </summary>
public static class RandomModel
{
    private const int Bytes = 256;
    private static readonly string[] SpecialNames = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    /// <summary>The shape of SmolLM2-135M.</summary>
    public static ModelConfig SmolLm2Shape { get; } = new()
    {
        VocabularySize = 49152,
        HiddenSize = 576,
        IntermediateSize = 1536,
        Layers = 30,
        Heads = 9,
        KvHeads = 3,
        HeadSize = 64,
        MaxPositions = 8192,
        RopeTheta = 100000,
        RmsNormEpsilon = 1e-5,
        TiedEmbeddings = true,
    };

    /// <summary>Makes a model whose weights follow from the seed.</summary>
    /// <param name="config">Its shape; at least 259 ids.</param>
    /// <param name="seed">Chooses the weights.</param>
    /// <param name="options">How it is run.</param>
    public static LoadedModel Create(ModelConfig config, int seed, LoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using ModelSource source = CreateSource(config, seed);
        return ModelLoader.Finish(source, options.Name ?? "random", options, null, CancellationToken.None);
    }

    /// <summary>The model's parts before it is prepared for a profile.</summary>
    internal static ModelSource CreateSource(ModelConfig config, int seed)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(config.VocabularySize, Bytes + SpecialNames.Length, nameof(config));
        (string Name, long[] Shape)[] expected = [.. ModelTensors.Expected(config)];
        PrivateMemory memory = new(expected.Sum(static t => t.Shape.Aggregate(1L, static (a, b) => a * b)) * 2);
        Dictionary<string, StoredTensor> tensors = [];
        long offset = 0;
        foreach ((string name, long[] shape) in expected)
        {
            TensorInfo info = new(name, TensorType.BF16, shape, offset, shape.Aggregate(2L, static (a, b) => a * b));
            Fill(memory, info, (ulong)(uint)seed);
            tensors[name] = new StoredTensor(info, memory, 0);
            offset += info.Length;
        }

        return new ModelSource
        {
            Config = config,
            Tokenizer = MakeTokenizer(config.VocabularySize),
            ChatTemplate = ChatTemplates.ChatMl,
            StopIds = new HashSet<int>(),
            Tensors = tensors,
            Parts = [.. tensors.Values],
            Documents = [(ManifestPart.Configuration, "seed", BitConverter.GetBytes(seed))],
            Files = [memory],
        };
    }

    /// <summary>Norms are one; matrices are uniform with the variance 1 / columns, so that activations keep their size.</summary>
    private static void Fill(PrivateMemory memory, TensorInfo info, ulong seed)
    {
        long columns = info.Shape[^1];
        bool norm = info.Shape.Count == 1 && !info.Name.EndsWith(".bias", StringComparison.Ordinal);
        float width = (float)Math.Sqrt(3.0 / columns);
        Parallel.For(0L, info.Elements / columns, row =>
        {
            Span<ushort> target = MemoryMarshal.Cast<byte, ushort>(memory.Span(info.Offset + (row * columns * 2), columns * 2));
            for (int i = 0; i < target.Length; i++)
            {
                ulong mixed = Mix((seed << 40) ^ (ulong)((info.Offset / 2) + (row * columns) + i));
                float uniform = ((mixed >> 40) / (float)(1 << 23)) - 1;
                target[i] = Quantization.ToBFloat16(norm ? 1 : uniform * width);
            }
        });
    }

    /// <summary>SplitMix64's output function (Steele, Lea and Flood, 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    private static Tokenizer MakeTokenizer(int size)
    {
        Dictionary<string, int> vocabulary = [];
        byte[][] bytes = new byte[size][];
        for (int id = 0; id < Bytes; id++)
        {
            bytes[id] = [(byte)id];
            vocabulary[ByteLevelAlphabet.Character((byte)id).ToString()] = id;
        }

        Dictionary<string, int> specials = [];
        foreach (string name in SpecialNames)
        {
            bytes[Bytes + specials.Count] = [];
            specials[name] = Bytes + specials.Count;
        }

        for (int id = Bytes + SpecialNames.Length; id < size; id++)
        {
            bytes[id] = [(byte)' ', (byte)('a' + (id % 26)), (byte)('a' + (id / 26 % 26)), (byte)('a' + (id / 676 % 26)), (byte)('a' + (id / 17576 % 26))];
        }

        ByteLevelEncoder encoder = new(new BytePairVocabulary(vocabulary, [], FirstMergeCounts: true, IgnoresMerges: false), bytes, TextNormalizer.None, new StagedPreTokenizer([WordSplit.Gpt2]));
        return new Tokenizer(encoder, new TokenizerParts(bytes, specials, null, AddsBos: false, BosName: null, EosName: null, StripsFirstSpace: false));
    }
}
