namespace Verathos.Validator.Scores;

/// <summary>The way back from quarantine. Nothing in it happens by itself but the end of a probation.</summary>
public static class WayBack
{
    /// <summary>Whole epochs that the n-th quarantine of a node lasts at least: each twice as long as the one before, to a limit.</summary>
    /// <param name="rules">The numbers.</param>
    /// <param name="quarantines">How many it has had, with this one; at least 1.</param>
    public static long Epochs(ScoringRules rules, int quarantines)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentOutOfRangeException.ThrowIfLessThan(quarantines, 1);
        return Math.Min(rules.MostQuarantineEpochs, (long)rules.QuarantineEpochs << Math.Min(quarantines - 1, 30));
    }

    /// <summary>Whether a quarantined node may be released.</summary>
    /// <param name="rules">The numbers.</param>
    /// <param name="caughtEpoch">The epoch in which it was caught.</param>
    /// <param name="quarantines">How many quarantines it has had, with this one; at least 1.</param>
    /// <param name="currentEpoch">The running epoch.</param>
    /// <param name="keysetChanged">Whether its latest accepted evidence is of another keyset than the one it was caught with.</param>
    /// <param name="why">What is missing.</param>
    public static bool MayRelease(ScoringRules rules, long caughtEpoch, int quarantines, long currentEpoch, bool keysetChanged, out string? why)
    {
        long first = caughtEpoch + Epochs(rules, quarantines) + 1;
        why = currentEpoch < first ? $"quarantine {quarantines} of the node lasts until epoch {first} begins"
            : !keysetChanged ? "the node still shows the keyset that it was caught with; it must restart and show evidence for new keys"
            : null;
        return why is null;
    }

    /// <summary>How a node stands that is not in quarantine or banned.</summary>
    /// <param name="rules">The numbers.</param>
    /// <param name="cleanEpochsSinceRelease">Epochs since its latest release in which it was checked and nothing of it failed; null where it was never released.</param>
    public static StandingKind Standing(ScoringRules rules, int? cleanEpochsSinceRelease)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return cleanEpochsSinceRelease is { } clean && clean < rules.ProbationEpochs ? StandingKind.Probation : StandingKind.Active;
    }
}
