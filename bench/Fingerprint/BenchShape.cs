using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>A model's shape, for costs that depend on nothing else.</summary>
/// <param name="Name">As it is printed.</param>
/// <param name="Trace">Layers, widths and vocabulary.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="IntermediateSize">Width inside the feed-forward part, or inside an expert.</param>
/// <param name="Experts">Experts of a layer; 0 where there are none.</param>
/// <param name="PerToken">How many of them compute for a token.</param>
internal sealed record BenchShape(string Name, TraceShape Trace, int Heads, int IntermediateSize, int Experts = 0, int PerToken = 0)
{
    public static BenchShape SmolLm2 { get; } = Of("SmolLM2-135M", RandomModel.SmolLm2Shape);

    public static BenchShape Stories { get; } = new("stories260K", new TraceShape(5, 64, 4, 8, 512), 8, 172);

    /// <summary>Llama 3.1 8B.</summary>
    public static BenchShape EightBillion { get; } = new("8B", new TraceShape(32, 4096, 8, 128, 128256), 32, 14336);

    /// <summary>Mixtral 8x7B.</summary>
    public static BenchShape Mixtral { get; } = new("Mixtral 8x7B", new TraceShape(32, 4096, 8, 128, 32000), 32, 14336, 8, 2);

    /// <summary>Qwen3 30B-A3B.</summary>
    public static BenchShape QwenExperts { get; } = new("Qwen3 30B-A3B", new TraceShape(48, 2048, 4, 128, 151936), 32, 768, 128, 8);

    /// <summary>Rows and columns of a layer's matrices, in the order of <see cref="LayerMatrix"/>.</summary>
    public (int Rows, int Columns)[] Matrices()
    {
        (int hidden, int queries, int keys) = (Trace.HiddenSize, Heads * Trace.HeadSize, Trace.KvHeads * Trace.HeadSize);
        return [(queries, hidden), (keys, hidden), (keys, hidden), (hidden, queries), (IntermediateSize, hidden), (IntermediateSize, hidden), (hidden, IntermediateSize)];
    }

    public KeySize Size()
    {
        int secret = MatrixKey.SecretRowsFor(Trace.HiddenSize);
        (int Rows, int Columns)[] attention = Matrices()[..LayerKey.AttentionMatrices], forward = Matrices()[LayerKey.AttentionMatrices..];
        (int Rows, int Columns) output = (Trace.VocabularySize, Trace.HiddenSize), router = (Experts, Trace.HiddenSize);

        // The router's key holds all of its rows.
        long Bytes(int rows) =>
            (((attention.Sum(m => Of(m, rows)) + (forward.Sum(m => Of(m, rows)) * Math.Max(1, Experts)) + (Experts == 0 ? 0 : Of(router, Experts))) * Trace.Layers) + Of(output, rows));
        static long Of((int Rows, int Columns) m, int rows) => MatrixKey.SizeOf(m.Rows, m.Columns, Math.Min(m.Rows, rows));
        (int Rows, int Columns)[] judged = [.. attention, .. Enumerable.Repeat(forward, Math.Max(1, PerToken)).SelectMany(static m => m), output];

        // Sixteen vectors on each side and the secret rows; twenty-one rows of logits and the router's more.
        long audit = judged.Sum(m => ((long)(MatrixKey.Vectors + Math.Min(m.Rows, secret)) * m.Columns) + ((long)MatrixKey.Vectors * m.Rows)) + ((21L + Experts) * Trace.HiddenSize);
        double layer = attention.Sum(m => (double)m.Rows * m.Columns) + (forward.Sum(m => (double)m.Rows * m.Columns) * Math.Max(1, PerToken));
        double whole = 256.0 * ((layer * Trace.Layers) + ((double)Trace.VocabularySize * Trace.HiddenSize));
        return new KeySize(Name, Bytes(secret), Bytes(16), audit, audit / whole);
    }

    private static BenchShape Of(string name, ModelConfig config) => new(
        name, new TraceShape(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize), config.Heads, config.IntermediateSize);
}
