namespace Verathos.Host.Training;

/// <summary>How validators judge a round.</summary>
/// <param name="UnitsPerNat">Units paid for each nat per token by which a round lowers the held-out loss.</param>
/// <param name="Budget">The most that a round pays.</param>
/// <param name="LeastContributions">Fewer contributions cannot be compared, and the model stays; 3 at least.</param>
/// <param name="HeldOutDocuments">The last documents of the corpus, which nobody is ever assigned: held-out losses are measured on documents of these that a validator's secret draws.</param>
/// <param name="GradientTokens">Tokens of the trusted gradient.</param>
/// <param name="OwnTokens">Tokens of a worker's own documents, and as many of others, that its gap is measured on.</param>
/// <param name="ConfirmedShare">Of the impacts that do not stand out, the share that exact losses confirm.</param>
/// <param name="ReplayShare">Of the contributions, the share of which one inner step is replayed.</param>
/// <param name="ReplaySeconds">How long a worker is asked for an opened step before it counts as lost.</param>
/// <param name="LostReplays">Openings that a worker may lose within the last 100 rounds; one more and it is quarantined.</param>
public sealed record RunJudging(
    long UnitsPerNat, long Budget, int LeastContributions, int HeldOutDocuments, int GradientTokens, int OwnTokens, double ConfirmedShare, double ReplayShare, double ReplaySeconds, int LostReplays)
{
    internal IEnumerable<string> Problems()
    {
        (string Name, bool Valid)[] checks =
        [
            ("judging.units_per_nat and judging.budget must not be below 0", UnitsPerNat >= 0 && Budget >= 0),
            ("judging.least_contributions must be 3 at least", LeastContributions >= 3),
            ("judging.held_out_documents must be above 0", HeldOutDocuments > 0),
            ("judging.gradient_tokens and judging.own_tokens must be above 0", GradientTokens > 0 && OwnTokens > 0),
            ("judging.confirmed_share must be from 0 to 1", ConfirmedShare is >= 0 and <= 1),
            ("judging.replay_share must be from 0 to 1", ReplayShare is >= 0 and <= 1),
            ("judging.replay_seconds must be from 0 to 86,400", ReplaySeconds is >= 0 and <= 86_400),
            ("judging.lost_replays must not be below 0", LostReplays >= 0),
        ];
        return checks.Where(static check => !check.Valid).Select(static check => check.Name);
    }
}
