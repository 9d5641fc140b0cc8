using Verathos.GpuRuntime.Training;

namespace Verathos.Enclave.Training;

/// <summary>A report of a local run.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Step">Steps done, of all rounds.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Round">Rounds done.</param>
/// <param name="Rounds">Rounds in all.</param>
/// <param name="Loss">Mean cross-entropy in nats of the last step's learned tokens.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="GradientNorm">Norm of the last gradient before clipping.</param>
/// <param name="TokensPerSecond">Speed since this run started or resumed.</param>
/// <param name="Remaining">Time left at that speed.</param>
public readonly record struct LocalProgress(
    TrainingStage Stage, int Step, int Steps, int Round, int Rounds, double Loss, double LearningRate, double GradientNorm,
    double TokensPerSecond, TimeSpan Remaining);
