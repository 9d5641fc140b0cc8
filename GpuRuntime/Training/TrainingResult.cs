namespace Verathos.GpuRuntime.Training;

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
