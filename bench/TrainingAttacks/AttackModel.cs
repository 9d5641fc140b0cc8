using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Stacked;
using Verathos.Training.Compression;
using Verathos.Training.Judging;
using Verathos.Training.Rewards;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>What all cells of the bench have in common.</summary>
internal static class AttackModel
{
    /// <summary>Workers of a network.</summary>
    public const int Workers = 20;

    /// <summary>Inner steps of a worker's round.</summary>
    public static int InnerSteps { get; set; } = 2;

    /// <summary>Documents of an inner step.</summary>
    public const int DocumentsOfStep = 1;

    /// <summary>The inner rate.</summary>
    public static double InnerRate { get; set; } = 2e-3;

    /// <summary>The outer rate.</summary>
    public static double OuterRate { get; set; } = 1;

    /// <summary>Documents of a trusted gradient: 4,096 tokens.</summary>
    public const int TrustedDocuments = 64;

    /// <summary>Documents that are assigned; what follows is held out.</summary>
    public const int Assigned = 8_192;

    /// <summary>Documents for validators.</summary>
    public const int HeldOut = 3_072;

    /// <summary>Documents of the final loss, which nobody else sees: 65,536 tokens.</summary>
    public const int Final = 1_024;

    /// <summary>Documents in all.</summary>
    public const int Documents = Assigned + HeldOut + Final;

    /// <summary>A Llama of 209,376 parameters with the vocabulary of <see cref="AttackCorpus"/>.</summary>
    public static ModelShape Shape { get; } = new(96, 224, 2, 4, 4, AttackCorpus.Length, 10_000, 1e-5);

    /// <summary>The workers' optimiser, whose moments go on from round to round.</summary>
    public static StackedSettings Optimiser { get; set; } = new(Beta1: 0, Epsilon: 1e-4);

    /// <summary>Its tensors.</summary>
    public static GradientLayout Layout { get; } = new([.. RowModel.LayoutOf(Shape, AttackCorpus.Vocabulary).Select(t => new GradientTensor(t.Name, t.Rows, t.Columns))]);

    /// <summary>How the judge judges.</summary>
    public static JudgeSettings Judge => new()
    {
        OuterRate = OuterRate,
        Rewards = new RewardRule { UnitsPerNat = 1_000_000_000, Budget = 1_000_000_000_000 },
        HeldOut = HeldOutDocuments,
        GradientTokens = TrustedDocuments * AttackCorpus.Length,
        ConfirmedShare = 0.01,
    };

    /// <summary>What a result depends on besides its cell; a number in it changes whenever the code changes what comes out, the judge's own where only the default's does.</summary>
    /// <param name="aggregator">One of <see cref="AttackNames.Aggregators"/>.</param>
    public static string Settings(string aggregator) => FormattableString.Invariant(
        $"2; {Layout.Count} parameters, {InnerSteps} steps of {DocumentsOfStep} documents, rates {InnerRate} and {OuterRate}{(aggregator == AttackNames.Default ? "; judge 3" : "")}");

    /// <summary>Documents for validators.</summary>
    public static IReadOnlyList<int> HeldOutDocuments { get; } = [.. Enumerable.Range(Assigned, HeldOut)];

    /// <summary>Documents of the final loss.</summary>
    public static IReadOnlyList<int> FinalDocuments { get; } = [.. Enumerable.Range(Assigned + HeldOut, Final)];

    /// <summary>Weights to start with: normal, deviation 0.02, smaller for what writes into the residual stream; norms of 1.</summary>
    public static float[] Start(ulong seed)
    {
        CorpusRandom random = new(seed, stream: 2);
        double residual = 0.02 / Math.Sqrt(2.0 * Shape.NumHiddenLayers);
        float[] weights = new float[Layout.Count];
        int at = 0;
        foreach (GradientTensor tensor in Layout.Tensors)
        {
            bool writes = tensor.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) || tensor.Name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            for (int i = 0; i < tensor.Count; i++)
            {
                weights[at++] = tensor.Rows == 1 ? 1f : (float)(random.NextGaussian() * (writes ? residual : 0.02));
            }
        }

        return weights;
    }
}
