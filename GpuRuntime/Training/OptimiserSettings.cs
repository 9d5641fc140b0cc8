namespace Verathos.GpuRuntime.Training;

/// <summary>The optimiser's settings.</summary>
/// <param name="Steps">Optimiser steps in all.</param>
/// <param name="Rows">Sequences a step.</param>
/// <param name="Length">Tokens a sequence.</param>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="FinalLearningRate">Learning rate at the last step.</param>
/// <param name="WarmupSteps">Steps of linear warmup.</param>
/// <param name="WeightDecay">Decoupled weight decay of the matrices; norms have none.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="ClipNorm">Largest norm of the whole gradient.</param>
/// <param name="CheckpointEvery">Steps between checkpoints.</param>
/// <param name="Threads">Threads of the arithmetic; another number can change the last bits.</param>
public sealed record OptimiserSettings(
    int Steps, int Rows, int Length, double LearningRate, double FinalLearningRate, int WarmupSteps, double WeightDecay,
    double Beta1, double Beta2, double ClipNorm, int CheckpointEvery, int Threads);
