using Verathos.Training.Compression;
using Verathos.Training.Judging;

namespace Verathos.Training.Tests.Pipeline;

/// <summary>
/// A convex toy of 8,320 parameters: the loss of a document is sum c (w - t)^2 / 2 / n with a target t that differs from document to document
/// around a common one, and a document has 1,024 tokens.
/// </summary>
internal sealed class SmallObjective : ITrainingObjective
{
    public const int TokensOfEach = 1_024;

    private readonly int _seed;
    private readonly double[] _curvature;
    private readonly double[] _target;
    private readonly Dictionary<int, double[]> _targets = [];

    public SmallObjective(int seed, int documents)
    {
        (_seed, Documents) = (seed, documents);
        Random random = new(seed);
        _curvature = [.. Enumerable.Range(0, Layout.Count).Select(_ => 0.3 + (0.7 * random.NextDouble()))];
        _target = [.. Enumerable.Range(0, Layout.Count).Select(_ => Support.Samples.Normal(random))];
    }

    public GradientLayout Layout { get; } = new([new GradientTensor("a", 128, 64), new GradientTensor("norm", 1, 128)]);

    public int Documents { get; }

    /// <summary>All questions after losses: how many documents each was of.</summary>
    public List<int> Asked { get; } = [];

    /// <summary>All documents of which a loss was asked.</summary>
    public HashSet<int> Seen { get; } = [];

    public int Tokens(int document) => TokensOfEach;

    /// <summary>The loss that no document's noise is in.</summary>
    public double TrueLoss(ReadOnlySpan<float> weights) => Loss(weights, _target);

    public float[] Gradient(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        double[] gradient = new double[weights.Length];
        foreach (int document in documents)
        {
            double[] target = Target(document);
            for (int i = 0; i < gradient.Length; i++)
            {
                gradient[i] += _curvature[i] * (weights.Span[i] - target[i]) / documents.Count / gradient.Length;
            }
        }

        return [.. gradient.Select(value => (float)value)];
    }

    public IReadOnlyList<DocumentLoss> Losses(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        Asked.Add(documents.Count);
        Seen.UnionWith(documents);
        return [.. documents.Select(document => new DocumentLoss(TokensOfEach * Loss(weights.Span, Target(document)), TokensOfEach))];
    }

    private double[] Target(int document)
    {
        if (!_targets.TryGetValue(document, out double[]? target))
        {
            Random random = new((_seed * 1_000_003) + document);
            _targets[document] = target = [.. _target.Select(value => value + (Math.Sqrt(12) * (random.NextDouble() - 0.5)))];
        }

        return target;
    }

    private double Loss(ReadOnlySpan<float> weights, double[] target)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += 0.5 * _curvature[i] * (weights[i] - target[i]) * (weights[i] - target[i]);
        }

        return sum / weights.Length;
    }
}
