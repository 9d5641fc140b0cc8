namespace Verathos.GpuRuntime.Chat;

/// <summary>What a template may ask beside the messages.</summary>
public sealed record ChatOptions
{
    /// <summary>An answer is to follow, in a reasoning model with its reasoning where that is the template's own default.</summary>
    public static ChatOptions Default { get; } = new();

    /// <summary>add_generation_prompt: whether the text ends where the assistant's answer begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>enable_thinking of reasoning models; the template sees nothing of it where it is null.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>date_string, the day that some templates write into the system message; their own fixed day where it is null.</summary>
    public string? DateString { get; init; }
}
