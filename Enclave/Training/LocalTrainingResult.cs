using Verathos.Training.Records;

namespace Verathos.Enclave.Training;

/// <summary>How a local run ended.</summary>
/// <param name="Completed">False if it was stopped; then the same call continues it.</param>
/// <param name="Step">Steps done.</param>
/// <param name="ResumedFrom">Rounds that were done before it.</param>
/// <param name="Chain">The worker's records so far.</param>
/// <param name="Loss">Loss of the last step; not a number if no step was done.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Vocabulary">Size of the vocabulary.</param>
/// <param name="CorpusTokens">Tokens of the corpus.</param>
/// <param name="CorpusSha256">SHA-256 of the corpus in lower-case hex.</param>
/// <param name="NumericProfile">The numeric profile.</param>
/// <param name="Simulated">True if the platform is simulated.</param>
/// <param name="Elapsed">Time of this run.</param>
/// <param name="TokensPerSecond">Tokens trained in this run by its training time.</param>
public sealed record LocalTrainingResult(
    bool Completed, int Step, int ResumedFrom, IReadOnlyList<ChainEntry> Chain, double Loss, long Parameters, int Vocabulary, long CorpusTokens,
    string CorpusSha256, string NumericProfile, bool Simulated, TimeSpan Elapsed, double TokensPerSecond);
