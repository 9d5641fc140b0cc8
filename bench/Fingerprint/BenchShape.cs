using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>A model's shape, for costs that depend on nothing else.</summary>
/// <param name="Name">As it is printed.</param>
/// <param name="Trace">Layers, widths and vocabulary.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="IntermediateSize">Width inside the feed-forward part.</param>
internal sealed record BenchShape(string Name, TraceShape Trace, int Heads, int IntermediateSize)
{
    public static BenchShape SmolLm2 { get; } = Of("SmolLM2-135M", RandomModel.SmolLm2Shape);

    public static BenchShape Stories { get; } = new("stories260K", new TraceShape(5, 64, 4, 8, 512), 8, 172);

    /// <summary>Llama 3.1 8B.</summary>
    public static BenchShape EightBillion { get; } = new("8B", new TraceShape(32, 4096, 8, 128, 128256), 32, 14336);

    /// <summary>Rows and columns of a layer's matrices, in the order of <see cref="LayerMatrix"/>.</summary>
    public (int Rows, int Columns)[] Matrices()
    {
        (int hidden, int queries, int keys) = (Trace.HiddenSize, Heads * Trace.HeadSize, Trace.KvHeads * Trace.HeadSize);
        return [(queries, hidden), (keys, hidden), (keys, hidden), (hidden, queries), (IntermediateSize, hidden), (IntermediateSize, hidden), (hidden, IntermediateSize)];
    }

    public KeySize Size()
    {
        int secret = MatrixKey.SecretRowsFor(Trace.HiddenSize);
        long Bytes((int Rows, int Columns) m) => MatrixKey.SizeOf(m.Rows, m.Columns, Math.Min(m.Rows, secret));
        (int, int) output = (Trace.VocabularySize, Trace.HiddenSize);
        (int Rows, int Columns)[] all = [.. Matrices(), output];

        // Sixteen vectors on each side and the secret rows; twenty-one rows of logits more.
        long audit = all.Sum(m => ((long)(MatrixKey.Vectors + Math.Min(m.Rows, secret)) * m.Columns) + ((long)MatrixKey.Vectors * m.Rows)) + (21L * Trace.HiddenSize);
        double whole = 256.0 * ((Matrices().Sum(m => (double)m.Rows * m.Columns) * Trace.Layers) + ((double)Trace.VocabularySize * Trace.HiddenSize));
        return new KeySize(Name, (Matrices().Sum(Bytes) * Trace.Layers) + Bytes(output), audit, audit / whole);
    }

    private static BenchShape Of(string name, ModelConfig config) => new(
        name, new TraceShape(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize), config.Heads, config.IntermediateSize);
}
