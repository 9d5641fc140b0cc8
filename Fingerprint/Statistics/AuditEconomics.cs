namespace Verathos.Fingerprint.Statistics;

/// <summary>What decides how many of a node's receipts are audited.</summary>
public sealed record AuditEconomics
{
    /// <summary>What a cheat saves on one request; at least 0.</summary>
    public required double Saving { get; init; }

    /// <summary>What a node loses when it is caught, in the same money; above 0.</summary>
    public required double Loss { get; init; }

    /// <summary>The chance that one audit catches a cheat; above 0, at most 1.</summary>
    public required double Detection { get; init; }

    /// <summary>Requests of an epoch; at least 1.</summary>
    public required long Requests { get; init; }

    /// <summary>Epochs within which a cheat must meet the bound; at least 1.</summary>
    public required int Epochs { get; init; }

    /// <summary>The bound, in millionths of a nat (<see cref="EDetector.BoundMicro"/>).</summary>
    public required long BoundMicro { get; init; }

    /// <summary>What a check of the hardest cheat adds on average, in millionths of a nat; above 0.</summary>
    public required long DriftMicro { get; init; }

    /// <summary>The least share of receipts that is ever audited: 1 %.</summary>
    public const double LeastRate = 0.01;

    /// <summary>
    /// The share of receipts to audit: the greater of g / (d (g + P)), at which cheating does not pay, and n / (R W) with n = (bound -
    /// evidence so far) / drift, at which a cheat meets the bound in time; at least 1 % and at most all.
    /// </summary>
    /// <param name="evidence">The node's so far.</param>
    /// <param name="isFresh">A new node, a new quote or a changed profile: everything is audited.</param>
    /// <exception cref="ArgumentException">A member is out of its range.</exception>
    public double Rate(EDetector evidence, bool isFresh)
    {
        if (!(Saving >= 0 && double.IsFinite(Saving) && Loss > 0 && double.IsFinite(Loss) && Detection is > 0 and <= 1) || Requests < 1 || Epochs < 1 || BoundMicro < 1 || DriftMicro < 1)
        {
            throw new ArgumentException("the economics are out of range");
        }

        if (isFresh)
        {
            return 1;
        }

        double economic = Saving / (Detection * (Saving + Loss));
        double checks = Math.Max(0, BoundMicro - evidence.SumMicro) / (double)DriftMicro;
        return Math.Clamp(Math.Max(economic, checks / ((double)Requests * Epochs)), LeastRate, 1);
    }
}
