namespace Verathos.Fingerprint.Sampling;

/// <summary>How a token is drawn from logits, in integers so that a receipt states exactly what was applied.</summary>
/// <param name="TemperatureMicro">Temperature in millionths; 0 is greedy (the highest logit, the lowest id among equals).</param>
/// <param name="TopPMicro">The nucleus in millionths, 1 to 1,000,000; 1,000,000 keeps everything.</param>
/// <param name="TopK">The number of highest logits kept; 0 keeps everything.</param>
public readonly record struct SamplingParameters(uint TemperatureMicro, uint TopPMicro, int TopK)
{
    /// <summary>One, in millionths.</summary>
    public const uint One = 1_000_000;

    /// <summary>The largest temperature: 100.</summary>
    public const uint MaximumTemperatureMicro = 100 * One;

    /// <summary>The largest frequency or presence penalty, either way: 2.</summary>
    public const int MaximumPenaltyMicro = 2 * (int)One;

    /// <summary>The largest repetition penalty: 10.</summary>
    public const uint MaximumRepetitionMicro = 10 * One;

    /// <summary>Taken off a logit for each time that the answer holds the token already, in millionths, -2,000,000 to 2,000,000.</summary>
    public int FrequencyPenaltyMicro { get; init; }

    /// <summary>Taken off a logit once where the answer holds the token already, in millionths, -2,000,000 to 2,000,000.</summary>
    public int PresencePenaltyMicro { get; init; }

    /// <summary>Divides a logit above 0, and multiplies one below, where prompt or answer hold the token, in millionths, up to 10,000,000; 0 stands for 1,000,000, which changes nothing.</summary>
    public uint RepetitionPenaltyMicro { get; init; }

    /// <summary>Whether any penalty changes a logit.</summary>
    public bool HasPenalties => FrequencyPenaltyMicro != 0 || PresencePenaltyMicro != 0 || RepetitionPenaltyMicro is not (0 or One);

    /// <summary>The highest logit always.</summary>
    public static SamplingParameters Greedy { get; } = new(0, One, 0);

    /// <summary>Rounds the decimal numbers of a request to millionths, ties to even.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range; the parameter's name says which.</exception>
    public static SamplingParameters FromDecimals(double temperature, double topP, int topK)
    {
        if (!(temperature >= 0 && temperature <= 100))
        {
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "temperature must be from 0 to 100");
        }

        if (!(topP > 0 && topP <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(topP), topP, "top_p must be above 0 and at most 1");
        }

        if (topK < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(topK), topK, "top_k must be 0 or more");
        }

        return new SamplingParameters((uint)Math.Round(temperature * One), Math.Max(1, (uint)Math.Round(topP * One)), topK);
    }

    /// <summary>Whether every member is in its range.</summary>
    public bool IsValid => TemperatureMicro <= MaximumTemperatureMicro && TopPMicro is >= 1 and <= One && TopK >= 0
        && FrequencyPenaltyMicro is >= -MaximumPenaltyMicro and <= MaximumPenaltyMicro
        && PresencePenaltyMicro is >= -MaximumPenaltyMicro and <= MaximumPenaltyMicro
        && RepetitionPenaltyMicro <= MaximumRepetitionMicro;
}
