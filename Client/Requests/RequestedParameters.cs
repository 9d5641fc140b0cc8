namespace Verathos.Client.Requests;

/// <summary>The sampling parameters exactly as they are sent, in the fixed-point units in which the receipt must repeat them.</summary>
/// <param name="TemperatureMicro">Temperature in millionths; 0 is greedy.</param>
/// <param name="TopPMicro">Nucleus mass in millionths, 1 to 1,000,000.</param>
/// <param name="TopK">How many candidates are kept; 0 keeps all.</param>
/// <param name="Seed">The client's seed; a negative one is taken in two's complement.</param>
/// <param name="MaxTokens">The most tokens that the node may generate; null leaves it to the node's limit.</param>
public sealed record RequestedParameters(uint TemperatureMicro, uint TopPMicro, int TopK, ulong Seed, int? MaxTokens)
{
    /// <summary>Frequency penalty in millionths; 0 is none.</summary>
    public int FrequencyPenaltyMicro { get; init; }

    /// <summary>Presence penalty in millionths; 0 is none.</summary>
    public int PresencePenaltyMicro { get; init; }

    /// <summary>Repetition penalty in millionths; 0 is none.</summary>
    public uint RepetitionPenaltyMicro { get; init; }

    /// <summary>SHA-256 of the value of <c>response_format</c> as sent, 32 bytes; null for plain text.</summary>
    public byte[]? ResponseFormat { get; init; }

    /// <summary>Whether any of the parameters is used that most requests leave out.</summary>
    internal bool HasOptional => (FrequencyPenaltyMicro, PresencePenaltyMicro, RepetitionPenaltyMicro) != (0, 0, 0u) || ResponseFormat is not null;
}
