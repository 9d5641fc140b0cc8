namespace Verathos.Training.Rewards;

/// <summary>How much a round can earn.</summary>
public sealed record RewardRule
{
    /// <summary>Units paid for each nat per token by which a round's update lowered the held-out loss.</summary>
    public required long UnitsPerNat { get; init; }

    /// <summary>The most that a round pays.</summary>
    public required long Budget { get; init; }
}
