using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Openings;

/// <summary>A random model: the weights that a validator's keys are made from, and those that a node runs.</summary>
public sealed class TinyModel
{
    public const int Layers = 3, Hidden = 48, Heads = 4, KvHeads = 2, HeadSize = 16, Inner = 80, Vocabulary = 60;

    private readonly Random _random;

    public TinyModel(int seed, bool bias = false, bool norms = false, int window = 0)
    {
        _random = new Random(seed);
        Embedding = Matrix(Vocabulary, Hidden, 1);
        Output = Matrix(Vocabulary, Hidden, 0.3);
        int queries = Heads * HeadSize, keys = KvHeads * HeadSize;
        (int, int)[] sizes = [(queries, Hidden), (keys, Hidden), (keys, Hidden), (Hidden, queries), (Inner, Hidden), (Inner, Hidden), (Hidden, Inner)];
        for (int layer = 0; layer < Layers; layer++)
        {
            Weights.Add([.. sizes.Select(s => Matrix(s.Item1, s.Item2, 0.15))]);
            Biases.Add(bias ? [.. sizes.Take(3).Select(s => Row(s.Item1, 0.3))] : null);
            Norms.Add([Ones(Hidden), Ones(Hidden), Ones(HeadSize), Ones(HeadSize)]);
        }

        HeadNorms = norms;
        MerkleLevels embedding = new([.. Embedding.Select((row, i) => OpenedRow.HashRow(i, row))]);
        MerkleLevels output = new([.. Output.Select((row, i) => OpenedRow.HashRow(i, row))]);
        (EmbeddingTree, OutputTree) = (embedding, output);
        Constants = new ModelConstants
        {
            Shape = new TraceShape(Layers, Hidden, KvHeads, HeadSize, Vocabulary),
            Heads = Heads,
            IntermediateSize = Inner,
            Epsilon = 1e-5f,
            Frequencies = [.. Enumerable.Range(0, HeadSize / 2).Select(i => Math.Pow(10_000, -2.0 * i / HeadSize))],
            Amplitude = 1,
            SlidingWindow = window,
            FirstSlidingLayer = 1,
            FinalNorm = Ones(Hidden),
            EmbeddingRoot = embedding.Root,
            OutputRoot = output.Root,
        };
        Served = [.. Weights.Select(w => (float[][][])w.Clone())];
    }

    public ModelConstants Constants { get; }

    public float[][] Embedding { get; }

    public float[][] Output { get; }

    public bool HeadNorms { get; }

    public MerkleLevels EmbeddingTree { get; }

    public MerkleLevels OutputTree { get; }

    /// <summary>[layer][matrix][row]: what the manifest names.</summary>
    public List<float[][][]> Weights { get; } = [];

    /// <summary>What the node runs instead.</summary>
    public List<float[][][]> Served { get; }

    public List<float[][]?> Biases { get; } = [];

    /// <summary>[layer]: input, feed-forward, query, key.</summary>
    public List<float[][]> Norms { get; } = [];

    public LayerKey Key(int layer)
    {
        MatrixKey[] keys = [.. Weights[layer].Select((m, i) => Build(ValidatorKeys.NameOf(layer, (LayerMatrix)i), m, i < 3 ? Biases[layer]?[i] : null))];
        return new LayerKey(Constants, layer, keys, Norms[layer][0], Norms[layer][1], HeadNorms ? Norms[layer][2] : null, HeadNorms ? Norms[layer][3] : null);
    }

    public MatrixKey OutputKey() => Build(ValidatorKeys.Output, Output, null);

    /// <summary>Every matrix of a layer that the node runs, changed.</summary>
    public void Change(int layer, Func<float[], float[]> row) =>
        Served[layer] = [.. Served[layer].Select(matrix => matrix.Select(row).ToArray())];

    private static MatrixKey Build(string name, float[][] rows, float[]? bias)
    {
        using MatrixKeyBuilder builder = new(name, rows.Length, rows[0].Length, MatrixKey.SecretRowsFor(Hidden), bias is not null);
        for (int i = 0; i < rows.Length; i++)
        {
            builder.AddRow(rows[i], bias?[i] ?? 0);
        }

        return builder.Build();
    }

    private float[][] Matrix(int rows, int columns, double scale) => [.. Enumerable.Range(0, rows).Select(_ => Row(columns, scale))];

    private float[] Ones(int count) => [.. Row(count, 0.1).Select(x => 1 + x)];

    private float[] Row(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => BFloat16.Round((float)((_random.NextDouble() - 0.5) * 2 * scale)))];
}
