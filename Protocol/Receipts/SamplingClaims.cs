namespace Verathos.Protocol.Receipts;

/// <summary>
/// How tokens were chosen, {1: temperature, 2: top_p, 3: top_k, 4: seed, 5: max tokens}: integers only, so that a client compares
/// them exactly.
/// </summary>
/// <param name="TemperatureMicro">Temperature times 1,000,000, rounded to the nearest; 0 takes the most likely token.</param>
/// <param name="TopPMicro">Nucleus threshold times 1,000,000; 1,000,000 leaves it out.</param>
/// <param name="TopK">Most likely tokens considered; 0 leaves it out.</param>
/// <param name="Seed">The client's seed.</param>
/// <param name="MaxTokens">The most tokens that the client asked for.</param>
public readonly record struct SamplingClaims(uint TemperatureMicro, uint TopPMicro, uint TopK, ulong Seed, uint MaxTokens);
