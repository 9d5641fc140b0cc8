using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Profile;

/// <summary>What the proof about a profile covers.</summary>
public sealed record ProfileOptions
{
    /// <summary>Opens the model with these options; called once for each number of threads.</summary>
    public required Func<LoadOptions, LoadedModel> Open { get; init; }

    /// <summary>The numeric profile.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Served;

    /// <summary>Chooses prompts, orders of arrival and cuts.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Different prompts.</summary>
    public int Prompts { get; init; } = 64;

    /// <summary>Tokens of each prompt.</summary>
    public int PromptTokens { get; init; } = 96;

    /// <summary>Tokens drawn after each prompt.</summary>
    public int AnswerTokens { get; init; } = 8;

    /// <summary>Sizes of batches.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 8, 64];

    /// <summary>Numbers of threads.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [1, 2];

    /// <summary>Told how many of how many ways of serving are done.</summary>
    public Action<int, int>? Progress { get; init; }
}
