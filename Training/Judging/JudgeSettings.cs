using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Rewards;

namespace Verathos.Training.Judging;

/// <summary>By what a validator judges.</summary>
public sealed record JudgeSettings
{
    /// <summary>By how much the aggregate moves the model; above 0.</summary>
    public required double OuterRate { get; init; }

    /// <summary>How much a round can earn.</summary>
    public required RewardRule Rewards { get; init; }

    /// <summary>The gate's bounds.</summary>
    public GatePolicy Gate { get; init; } = GatePolicy.Documented;

    /// <summary>Documents that are kept for validators and never assigned; null takes what nobody was assigned in the round.</summary>
    public IReadOnlyList<int>? HeldOut { get; init; }

    /// <summary>Tokens of exact losses; at least 65,536.</summary>
    public int ExactTokens { get; init; } = PairedLosses.LeastTokens;

    /// <summary>Rounds after which the documents of exact losses are drawn afresh; between, a loss after one round is the loss before the next.</summary>
    public int ExactRounds { get; init; } = 10;

    /// <summary>Tokens of the trusted gradient, whose documents are drawn afresh in every round; at least 1.</summary>
    public int GradientTokens { get; init; } = PairedLosses.LeastTokens;

    /// <summary>Tokens of each worker's own documents on which its gap is measured, all of them where they have fewer; at least 1.</summary>
    public int OwnTokens { get; init; } = 4_096;

    /// <summary>The share of ordinary impacts that are confirmed all the same; 0 to 1.</summary>
    public double ConfirmedShare { get; init; } = 0.1;

    internal void Validate(int documents)
    {
        ArgumentNullException.ThrowIfNull(Rewards);
        Gate.Validate();
        if (!(OuterRate > 0) || !double.IsFinite(OuterRate) || ExactTokens < PairedLosses.LeastTokens || ExactRounds < 1 || GradientTokens < 1 || OwnTokens < 1
            || !(ConfirmedShare is >= 0 and <= 1) || (HeldOut is { } held && (held.Distinct().Count() != held.Count || held.Any(document => document < 0 || document >= documents))))
        {
            throw new ArgumentException("a setting of the judge is out of range");
        }
    }
}
