namespace Verathos.Training.Rounds;

/// <summary>Where a round is.</summary>
public enum RoundPhase
{
    /// <summary>Not opened yet.</summary>
    Opening = 0,

    /// <summary>Commitments are taken.</summary>
    Committing,

    /// <summary>Reveals are taken.</summary>
    Revealing,

    /// <summary>The contributions are settled, and a validator's word on them is awaited.</summary>
    Judging,

    /// <summary>Over, with a result.</summary>
    Closed,

    /// <summary>Over without a quorum: the model stays as it was.</summary>
    Abandoned,
}
