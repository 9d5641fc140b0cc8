using System.Text.Json.Serialization;

namespace Verathos.Validator.Scores;

/// <summary>The numbers of docs/scoring.md. They are data of the validator's configuration; every member must be given.</summary>
public sealed record ScoringRules
{
    /// <summary>What a score is at most, and what a share of one is: a million.</summary>
    public const long One = 1_000_000;

    /// <summary>The weight of latency in speed, in millionths; throughput has the rest.</summary>
    public required long LatencySharePpm { get; init; }

    /// <summary>How many times as good as the median a node must be for all of the points for speed, in millionths, at least 1,000,000.</summary>
    public required long FullSpeedPpm { get; init; }

    /// <summary>Below so many measured nodes of one model there is no median, and all count as being at it.</summary>
    public required int LeastNodesForMedian { get; init; }

    /// <summary>Evidence that was accepted at most so many seconds ago costs nothing.</summary>
    public required long FreshEvidenceSeconds { get; init; }

    /// <summary>Evidence of so many seconds is worth nothing; above <see cref="FreshEvidenceSeconds"/>.</summary>
    public required long StaleEvidenceSeconds { get; init; }

    /// <summary>What a score counts during probation, in millionths.</summary>
    public required long ProbationPpm { get; init; }

    /// <summary>Clean epochs that end a probation, at least 1.</summary>
    public required int ProbationEpochs { get; init; }

    /// <summary>Whole epochs that a first quarantine lasts at least; each further one lasts twice as long as the one before.</summary>
    public required int QuarantineEpochs { get; init; }

    /// <summary>The most epochs that a quarantine must last.</summary>
    public required int MostQuarantineEpochs { get; init; }

    /// <summary>The numbers that <c>validator init</c> writes.</summary>
    public static ScoringRules Default { get; } = new()
    {
        LatencySharePpm = 400_000,
        FullSpeedPpm = 1_250_000,
        LeastNodesForMedian = 3,
        FreshEvidenceSeconds = 1800,
        StaleEvidenceSeconds = 7200,
        ProbationPpm = 500_000,
        ProbationEpochs = 3,
        QuarantineEpochs = 2,
        MostQuarantineEpochs = 64,
    };

    /// <summary>What is wrong with the numbers; empty where nothing is.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Errors
    {
        get
        {
            List<string> errors = [];
            Check(LatencySharePpm is >= 0 and <= One, "latencySharePpm must be from 0 to 1000000");
            Check(FullSpeedPpm is >= One and <= 100 * One, "fullSpeedPpm must be from 1000000 to 100000000");
            Check(LeastNodesForMedian >= 1, "leastNodesForMedian must be at least 1");
            Check(FreshEvidenceSeconds >= 0 && StaleEvidenceSeconds > FreshEvidenceSeconds && StaleEvidenceSeconds <= 366 * 86_400, "staleEvidenceSeconds must be above freshEvidenceSeconds and at most a year");
            Check(ProbationPpm is >= 0 and <= One, "probationPpm must be from 0 to 1000000");
            Check(ProbationEpochs >= 1, "probationEpochs must be at least 1");
            Check(QuarantineEpochs >= 1 && MostQuarantineEpochs >= QuarantineEpochs, "quarantineEpochs must be at least 1, and mostQuarantineEpochs at least that");
            return errors;

            void Check(bool holds, string error)
            {
                if (!holds)
                {
                    errors.Add(error);
                }
            }
        }
    }
}
