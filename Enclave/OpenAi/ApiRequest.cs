using Verathos.Enclave.Memory;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Enclave.OpenAi;

/// <summary>A request of OpenAI's interface, read strictly. Its texts are wiped on <see cref="Dispose"/>.</summary>
public sealed class ApiRequest : IDisposable
{
    /// <summary>The interface that it came by.</summary>
    public required ApiEndpoint Endpoint { get; init; }

    /// <summary>The model asked for.</summary>
    public required string Model { get; init; }

    /// <summary>The chat, for <see cref="ApiEndpoint.ChatCompletions"/>.</summary>
    public IReadOnlyList<ApiMessage> Messages { get; init; } = [];

    /// <summary>The prompt as text, for <see cref="ApiEndpoint.Completions"/>.</summary>
    public string? Prompt { get; init; }

    /// <summary>The prompt as token ids, for <see cref="ApiEndpoint.Completions"/>.</summary>
    public SecretIds? PromptIds { get; init; }

    /// <summary>Temperature in millionths; 0 takes the likeliest token.</summary>
    public uint TemperatureMicro { get; init; } = 1_000_000;

    /// <summary>Nucleus mass in millionths, 1 to 1,000,000.</summary>
    public uint TopPMicro { get; init; } = 1_000_000;

    /// <summary>How many of the likeliest tokens take part; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Frequency penalty in millionths; 0 is none.</summary>
    public int FrequencyPenaltyMicro { get; init; }

    /// <summary>Presence penalty in millionths; 0 is none.</summary>
    public int PresencePenaltyMicro { get; init; }

    /// <summary>Repetition penalty in millionths; 0 is none.</summary>
    public uint RepetitionPenaltyMicro { get; init; }

    /// <summary>How many of the likeliest tokens are named with every token; null gives no log-probabilities.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>What the answer must be, or null for plain text.</summary>
    public ApiResponseFormat? ResponseFormat { get; init; }

    /// <summary>The client's part of the seed; a negative number is taken in two's complement.</summary>
    public ulong Seed { get; init; }

    /// <summary>The most tokens to generate, or null for as many as fit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Texts that end the answer and are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether the caller reads a stream; on the wire the answer is the same either way.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a last chunk carries the token counts.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>How tokens are drawn.</summary>
    internal SamplingParameters Sampling => new(TemperatureMicro, TopPMicro, TopK)
    {
        FrequencyPenaltyMicro = FrequencyPenaltyMicro,
        PresencePenaltyMicro = PresencePenaltyMicro,
        RepetitionPenaltyMicro = RepetitionPenaltyMicro,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ApiMessage message in Messages)
        {
            SecretText.Wipe(message.Content);
        }

        foreach (string stop in Stop)
        {
            SecretText.Wipe(stop);
        }

        SecretText.Wipe(Prompt);
        PromptIds?.Dispose();
        ResponseFormat?.Dispose();
    }
}
