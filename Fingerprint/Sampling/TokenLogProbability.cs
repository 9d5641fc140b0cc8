namespace Verathos.Fingerprint.Sampling;

/// <summary>A token's log-probability.</summary>
/// <param name="Id">The token.</param>
/// <param name="Micro">The natural logarithm of its probability in millionths, at most 0 and at least <see cref="LogProbabilities.LeastMicro"/>.</param>
public readonly record struct TokenLogProbability(int Id, long Micro);
