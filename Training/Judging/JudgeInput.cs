namespace Verathos.Training.Judging;

/// <summary>A round that is closed and not judged yet.</summary>
public sealed record JudgeInput
{
    /// <summary>The round; above that of the state.</summary>
    public required ulong Round { get; init; }

    /// <summary>The round's base model, flat.</summary>
    public required ReadOnlyMemory<float> Weights { get; init; }

    /// <summary>What came, one of each worker, in any order.</summary>
    public required IReadOnlyList<JudgeContribution> Contributions { get; init; }

    /// <summary>All documents that were assigned to anybody in the round, also to members of whom nothing came: none of them is held out.</summary>
    public required IReadOnlySet<int> Assigned { get; init; }
}
