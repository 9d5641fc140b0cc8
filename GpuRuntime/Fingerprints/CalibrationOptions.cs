using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>How much a calibration measures.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Chooses prompts, draws and keys.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Answers of each condition.</summary>
    public int Answers { get; init; } = 8;

    /// <summary>Tokens of a prompt.</summary>
    public int PromptTokens { get; init; } = 32;

    /// <summary>Tokens of an answer.</summary>
    public int AnswerTokens { get; init; } = 65;

    /// <summary>Products of each matrix whose kappa is computed from the weights.</summary>
    public int Products { get; init; } = 40;

    /// <summary>Whether replays in binary32 are measured as well, which takes libtorch.</summary>
    public bool Reference { get; init; } = true;

    /// <summary>Adapters of the model.</summary>
    public LoadOptions Load { get; init; } = new();
}
