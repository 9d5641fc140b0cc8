namespace Verathos.Bench.Architectures;

/// <summary>What llama.cpp says after one position.</summary>
/// <param name="At">The position.</param>
/// <param name="Best">The id that it chooses.</param>
/// <param name="LogProbabilities">Natural logarithms, one for each id.</param>
public sealed record ReferenceAnswer(int At, int Best, IReadOnlyList<double> LogProbabilities);
