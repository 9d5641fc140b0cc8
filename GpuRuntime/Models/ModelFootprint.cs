using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>How much memory a model takes, as its files' headers say, before anything of it is loaded. Each member is rather too large than too small.</summary>
/// <param name="Name">The name that it would be served under.</param>
/// <param name="FileBytes">The private copy of its files, which is there while the weights are prepared.</param>
/// <param name="WeightBytes">The weights as they are used.</param>
/// <param name="ScratchBytes">Intermediate results, logits, tables and the vocabulary.</param>
/// <param name="KvBytes">Keys and values of one request of <see cref="RequestPositions"/> positions, or of the whole context where that is shorter.</param>
public sealed record ModelFootprint(string Name, long FileBytes, long WeightBytes, long ScratchBytes, long KvBytes)
{
    /// <summary>Positions of the request that every model must have room for.</summary>
    public const int RequestPositions = 512;

    private const int Rows = 256;
    private const int VocabularyEntry = 256;

    /// <summary>Reads the headers of a model's files.</summary>
    /// <param name="path">A folder or .gguf file.</param>
    /// <param name="options">How it would be loaded.</param>
    /// <param name="maxActive">Sequences that would be computed in turn.</param>
    /// <exception cref="ModelFormatException">The files are damaged or not supported; loading says more.</exception>
    public static ModelFootprint Of(string path, LoadOptions options, int maxActive = 32)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        long adapters = options.Adapters.Sum(static folder => Directory.EnumerateFiles(folder, "*.safetensors").Sum(static file => new FileInfo(file).Length));
        (ModelConfig config, bool bytes, long files) = Directory.Exists(path) ? Folder(path) : Gguf(path);
        return Of(config, bytes && adapters == 0, files + adapters, ModelLoader.NameOf(path, options), options, maxActive);
    }

    private static (ModelConfig Config, bool AllBytes, long FileBytes) Folder(string folder)
    {
        string config = Path.Combine(folder, "config.json");
        return File.Exists(config)
            ? (HuggingFaceConfig.Parse(File.ReadAllBytes(config)), false, HuggingFaceFolder.WeightBytes(folder))
            : throw new ModelFormatException($"{folder} has no config.json");
    }

    private static (ModelConfig Config, bool AllBytes, long FileBytes) Gguf(string path)
    {
        using GgufFile header = GgufFile.ReadHeader(path, without: GgufNames.RopeFactors);
        TensorInfo? embedding = header.Tensors.FirstOrDefault(static tensor => tensor.Name == GgufNames.Place(ModelTensors.Embedding).Name);
        return (
            GgufConfig.Read(header, (int)(embedding?.Shape[0] ?? 0)),
            header.Tensors.All(static tensor => tensor.Shape.Count < 2 || tensor.Type == TensorType.Q80),
            new FileInfo(path).Length);
    }

    /// <summary>Of a shape.</summary>
    internal static ModelFootprint Of(ModelConfig config, bool allBytes, long fileBytes, string name, LoadOptions options, int maxActive)
    {
        bool lanes = !options.Profile.UsesLibtorch;
        long element = lanes || options.Profile != NumericProfile.F32 ? sizeof(ushort) : sizeof(float);
        long weights = 0;
        foreach ((_, long[] shape) in ModelTensors.Expected(config))
        {
            long rows = shape.Length > 1 ? shape[..^1].Aggregate(1L, static (a, b) => a * b) : 1;
            long columns = lanes && shape.Length > 1 ? Lanes.Pad((int)shape[^1]) : shape[^1];
            weights += shape.Length < 2 ? columns * sizeof(float)
                : lanes && allBytes ? rows * (columns + (columns / Quantization.BlockElements * sizeof(float)))
                : rows * columns * element;
        }

        int context = Math.Max(1, Math.Min(options.MaxContext ?? int.MaxValue, config.MaxPositions));
        int head = Lanes.Pad(config.HeadSize);
        int inner = config.Experts is { } experts
            ? Math.Max(experts.IntermediateSize, experts.SharedIntermediateSize) + (3 * experts.Count)
            : config.IntermediateSize;
        long widest = Math.Max(config.HiddenSize, Math.Max(inner, config.Heads * head));
        long perRow = (6L * config.HiddenSize) + (4L * inner) + (4L * config.Heads * head) + (2L * config.KvHeads * head);
        long perThread = context + head + Math.Max(40_960, 12 * widest) + (96 * 128);
        long scratch = sizeof(float) * ((Rows * perRow) + (Math.Max(1, options.Threads) * perThread) + ((long)context * config.HeadSize) + (2L * maxActive * config.VocabularySize));
        int positions = Math.Min(RequestPositions, context);
        long kv = lanes
            ? KvLayout.Pages(positions) * new KvLayout(config.Layers, config.KvHeads, head).PageBytes
            : 2L * config.Layers * config.KvHeads * config.HeadSize * positions * element;
        return new ModelFootprint(name, fileBytes, weights, scratch + ((long)config.VocabularySize * VocabularyEntry), kv);
    }
}
