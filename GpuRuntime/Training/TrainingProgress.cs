namespace Verathos.GpuRuntime.Training;

/// <summary>What a training run is doing.</summary>
public enum TrainingStage
{
    /// <summary>The corpus is written.</summary>
    Corpus,

    /// <summary>The vocabulary is trained.</summary>
    Vocabulary,

    /// <summary>The corpus is turned into token ids.</summary>
    Encoding,

    /// <summary>The model is trained.</summary>
    Training,

    /// <summary>The model is written.</summary>
    Saved,
}

/// <summary>A report of a training run.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Mean cross-entropy in nats of the last step's learned tokens.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="GradientNorm">Norm of the last gradient before clipping.</param>
/// <param name="TokensPerSecond">Speed since this run started or resumed.</param>
/// <param name="Remaining">Time left at that speed.</param>
public readonly record struct TrainingProgress(
    TrainingStage Stage, int Step, int Steps, double Loss, double LearningRate, double GradientNorm,
    double TokensPerSecond, TimeSpan Remaining);

/// <summary>How a training run ended.</summary>
/// <param name="Completed">False if it was stopped; then a checkpoint continues it.</param>
/// <param name="Step">Steps done.</param>
/// <param name="ResumedFrom">Step of the checkpoint that it continued, or 0.</param>
/// <param name="Loss">Loss of the last step; not a number if no step was done.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Vocabulary">Size of the vocabulary.</param>
/// <param name="CorpusTokens">Tokens of the corpus.</param>
/// <param name="CorpusSha256">SHA-256 of the corpus in lower-case hex.</param>
/// <param name="Elapsed">Time of this run.</param>
/// <param name="TokensPerSecond">Tokens trained in this run by its training time.</param>
public sealed record TrainingResult(
    bool Completed, int Step, int ResumedFrom, double Loss, long Parameters, int Vocabulary, long CorpusTokens,
    string CorpusSha256, TimeSpan Elapsed, double TokensPerSecond);

/// <summary>Options of one run that do not change the model.</summary>
/// <param name="Folder">Where the model is written.</param>
/// <param name="CheckpointFile">The checkpoint.</param>
/// <param name="Fresh">Starts again although a checkpoint exists.</param>
/// <param name="CorpusFile">Writes the corpus there as JSON lines too; null to write it nowhere.</param>
/// <param name="StopAfter">Stops with a checkpoint once that many steps are done; null for the recipe's steps.</param>
public sealed record TrainingOptions(
    string Folder, string CheckpointFile, bool Fresh = false, string? CorpusFile = null, int? StopAfter = null);
