using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.Bench.TrainingText;

/// <summary>What is trained, on what and how.</summary>
public sealed record TrainingTextOptions
{
    /// <summary>The text's verses.</summary>
    public required IReadOnlyList<string> Verses { get; init; }

    /// <summary>Chooses first weights, workers' keys, beacons and the judge's secret.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Workers.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>Rounds.</summary>
    public int Rounds { get; init; } = 24;

    /// <summary>Inner steps of a round.</summary>
    public int InnerSteps { get; init; } = 2;

    /// <summary>Rows of a worker's step.</summary>
    public int Rows { get; init; } = 8;

    /// <summary>Tokens of a row.</summary>
    public int Length { get; init; } = 128;

    /// <summary>Size of the vocabulary; 259 are the bytes and the special tokens alone.</summary>
    public int Vocabulary { get; init; } = 259;

    /// <summary>The model.</summary>
    public ModelShape Shape { get; init; } = new(96, 256, 2, 4, 2, 128, 10000, 1e-5);

    /// <summary>What fixes a worker's step.</summary>
    public InnerSettings Settings { get; init; } = new() { MicroBatches = 1, WeightDecay = 0.05 };

    /// <summary>Highest learning rate of the workers.</summary>
    public double Rate { get; init; } = 0.003;

    /// <summary>The rate at the end, as a share of the highest.</summary>
    public double FinalRate { get; init; } = 0.1;

    /// <summary>Rounds in which the rate rises.</summary>
    public int WarmupRounds { get; init; } = 5;

    /// <summary>By how much the aggregate moves the model.</summary>
    public double OuterRate { get; init; } = 3;

    /// <summary>Highest learning rate of the plain run.</summary>
    public double PlainRate { get; init; } = 0.003;

    /// <summary>Tokens of the judge's trusted gradient.</summary>
    public int GradientTokens { get; init; } = 8_192;

    /// <summary>Threads to compute on; changes no figure but the times.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Told what is done: which part, how far, of how much.</summary>
    public Action<string, int, int>? Progress { get; init; }

    /// <summary>Documents that a worker is assigned in a round: a row takes a whole one and most of the time the beginning of a second.</summary>
    internal int DocumentsPerRound => 2 * InnerSteps * Rows;

    /// <summary>Tokens of all rows of all steps, of which a few are not learned.</summary>
    internal long TokensOfAll => (long)Workers * Rounds * InnerSteps * Rows * Length;
}
