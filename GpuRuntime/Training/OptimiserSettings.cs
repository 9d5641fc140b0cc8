using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Training;

/// <summary>The settings of a recipe's rounds and steps. The number of threads is not among them: it changes no bit.</summary>
/// <param name="Kind">The rule of a step.</param>
/// <param name="Precision">What the passes compute in.</param>
/// <param name="Steps">Optimiser steps in all.</param>
/// <param name="StepsPerRound">Steps of a round, the last one's perhaps fewer; a record is signed for each round.</param>
/// <param name="DocumentsPerRound">Documents that are drawn for a round; where its steps need more, they come again in the same order.</param>
/// <param name="Rows">Sequences a step.</param>
/// <param name="Length">Tokens a sequence.</param>
/// <param name="MicroBatches">Groups of rows whose gradients are summed in order; at most the rows.</param>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="FinalLearningRate">Learning rate at the last step.</param>
/// <param name="WarmupSteps">Steps of linear warmup.</param>
/// <param name="WeightDecay">Decoupled weight decay of the matrices; norms have none.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="ClipNorm">Largest norm of the whole gradient.</param>
public sealed record OptimiserSettings(
    OptimiserKind Kind, TrainingPrecision Precision, int Steps, int StepsPerRound, int DocumentsPerRound, int Rows, int Length, int MicroBatches,
    double LearningRate, double FinalLearningRate, int WarmupSteps, double WeightDecay, double Beta1, double Beta2, double ClipNorm)
{
    /// <summary>Rounds in all.</summary>
    public int RoundCount() => (int)(((long)Steps + StepsPerRound - 1) / StepsPerRound);

    /// <summary>Steps before a round.</summary>
    /// <param name="round">From 0; the number of rounds gives all steps.</param>
    public int StepsBefore(int round) => (int)Math.Min(Steps, (long)round * StepsPerRound);

    /// <summary>The learning rates of a round's steps.</summary>
    /// <param name="round">From 0.</param>
    public double[] Rates(int round)
    {
        int first = StepsBefore(round);
        return [.. Enumerable.Range(first, StepsBefore(round + 1) - first).Select(step => LearningRateSchedule.At(step, this))];
    }

    /// <summary>What fixes the arithmetic of a step.</summary>
    public InnerSettings ToInnerSettings() => new()
    {
        Optimiser = Kind,
        Precision = Precision,
        MicroBatches = MicroBatches,
        ClipNorm = ClipNorm,
        WeightDecay = WeightDecay,
        Beta1 = Beta1,
        Beta2 = Beta2,
    };
}
