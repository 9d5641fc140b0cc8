namespace Verathos.Protocol.Receipts;

/// <summary>
/// How tokens were chosen, {1: temperature, 2: top_p, 3: top_k, 4: seed, 5: max tokens} and, each only where the request uses it,
/// {6: frequency penalty, 7: presence penalty, 8: repetition penalty, 9: response format}: integers and a digest, so that a client
/// compares them exactly.
/// </summary>
/// <param name="TemperatureMicro">Temperature times 1,000,000, rounded to the nearest; 0 takes the most likely token.</param>
/// <param name="TopPMicro">Nucleus threshold times 1,000,000; 1,000,000 leaves it out.</param>
/// <param name="TopK">Most likely tokens considered; 0 leaves it out.</param>
/// <param name="Seed">The client's seed.</param>
/// <param name="MaxTokens">The most tokens that the client asked for.</param>
public readonly record struct SamplingClaims(uint TemperatureMicro, uint TopPMicro, uint TopK, ulong Seed, uint MaxTokens)
{
    /// <summary>Frequency penalty times 1,000,000; 0 leaves it out.</summary>
    public int FrequencyPenaltyMicro { get; init; }

    /// <summary>Presence penalty times 1,000,000; 0 leaves it out.</summary>
    public int PresencePenaltyMicro { get; init; }

    /// <summary>Repetition penalty times 1,000,000; 0 leaves it out, and 1,000,000, which changes nothing, is written as 0.</summary>
    public uint RepetitionPenaltyMicro { get; init; }

    /// <summary>SHA-256 of the request's <c>response_format</c>, the bytes of its value as sent; null for plain text.</summary>
    public ReadOnlyMemory<byte>? ResponseFormat { get; init; }

    /// <inheritdoc/>
    public bool Equals(SamplingClaims other) =>
        (TemperatureMicro, TopPMicro, TopK, Seed, MaxTokens) == (other.TemperatureMicro, other.TopPMicro, other.TopK, other.Seed, other.MaxTokens)
        && (FrequencyPenaltyMicro, PresencePenaltyMicro, RepetitionPenaltyMicro) == (other.FrequencyPenaltyMicro, other.PresencePenaltyMicro, other.RepetitionPenaltyMicro)
        && ResponseFormat.HasValue == other.ResponseFormat.HasValue
        && ResponseFormat.GetValueOrDefault().Span.SequenceEqual(other.ResponseFormat.GetValueOrDefault().Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(TemperatureMicro, TopPMicro, TopK, Seed, MaxTokens, FrequencyPenaltyMicro, PresencePenaltyMicro, RepetitionPenaltyMicro);
}
