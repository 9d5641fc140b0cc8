namespace Verathos.Host.Drills.Nodes;

/// <summary>What an attacker's node tells of an answer.</summary>
/// <param name="Prompt">The prompt's ids.</param>
/// <param name="Steps">The answer's ids with their texts.</param>
internal sealed record RogueTold(int[] Prompt, IReadOnlyList<(int Id, string Text)> Steps)
{
    /// <summary>What it computed; null where it commits to noise.</summary>
    public Computation? Computed { get; init; }
}
