using System.Globalization;
using Verathos.Validator.Reports;
using Verathos.Validator.Scores;

namespace Verathos.Bench.Pages;

/// <summary>A made-up report that shows everything that a report can show. It says so in its nodes' names, and no figure of it was measured.</summary>
public static class SampleReport
{
    private static readonly DateTimeOffset s_begin = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Makes one.</summary>
    /// <param name="nodes">Nodes, at least 3: the second is caught, the third often does not answer.</param>
    /// <param name="epochs">Epochs, at least 2; the last one runs.</param>
    public static ValidatorReport Make(int nodes, int epochs)
    {
        Random random = new(5);
        ScoringRules rules = ScoringRules.Default;
        List<NodeEpochReport>[] histories = [.. Enumerable.Range(0, nodes).Select(static _ => new List<NodeEpochReport>())];
        long[] previous = new long[nodes];
        long[] evidence = new long[nodes];
        int caughtIn = (epochs / 2) + 1;
        List<EpochReport> list = [];
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            bool runs = epoch == epochs;
            NodeObservation[] seen = [.. Enumerable.Range(0, nodes).Select(node => Observe(random, node, epoch, caughtIn, previous[node]))];
            IReadOnlyList<NodeScore> scores = Scoring.Epoch(seen, rules);
            IReadOnlyDictionary<string, long> weights = Weights.Normalise(scores.ToDictionary(static score => score.Node, static score => score.ScorePpm), ScoringRules.One);
            for (int node = 0; node < nodes; node++)
            {
                evidence[node] = Math.Max(0, evidence[node] + (node == 3 % nodes ? 900_000 : -50_000) + random.Next(100_000));
                previous[node] = scores[node].ScorePpm;
                histories[node].Add(new NodeEpochReport
                {
                    Epoch = epoch,
                    ScorePpm = runs ? null : scores[node].ScorePpm,
                    WeightPpm = runs ? null : weights[seen[node].Node],
                    Standing = seen[node].Standing.ToString().ToLowerInvariant(),
                    Carried = scores[node].Carried,
                    Due = seen[node].Due,
                    Answered = seen[node].Answered,
                    AnsweredTokens = seen[node].AnsweredTokens,
                    VerifiedTokens = seen[node].VerifiedTokens,
                    FirstTokenMicros = seen[node].FirstTokenMicros,
                    TokensPerKilosecond = seen[node].TokensPerKilosecond,
                    Chosen = 5,
                    Skipped = 8,
                    EvidenceMicro = evidence[node],
                    Losses = runs ? [] : scores[node].Losses,
                    Failures = seen[node].Failures,
                });
            }

            list.Add(new EpochReport
            {
                Number = epoch,
                StartedAt = s_begin.AddHours(epoch),
                EndedAt = runs ? null : s_begin.AddHours(epoch + 1),
                SeedCommitment = new string('a', 64),
                RevealedSeed = runs ? null : new string('5', 64),
                ChoiceFollows = runs ? null : true,
                Challenges = 3 * nodes,
                Tier0 = 13 * nodes,
                Tier1 = 5 * nodes,
                Tier2 = nodes,
                Tier3 = 6,
                Chosen = 5 * nodes,
                Skipped = 8 * nodes,
                ValidatorErrors = epoch % 4 == 0 ? 2 : 0,
                Caught = epoch == caughtIn ? 1 : 0,
                AnsweredTokens = seen.Sum(static node => node.AnsweredTokens),
                VerifiedTokens = seen.Sum(static node => node.VerifiedTokens),
                Bytes = 400_000L * nodes,
                JudgedMilliseconds = 40 * nodes,
            });
        }

        return new ValidatorReport
        {
            At = s_begin.AddHours(epochs + 1),
            Simulated = true,
            BanNotice = "Single-validator mode: a ban here rests on this validator alone.",
            BoundMicro = 25_328_437,
            Epochs = list,
            OlderEpochs = 0,
            Nodes = [.. Enumerable.Range(0, nodes).Select(node => new NodeReport
            {
                Name = Name(node),
                Url = $"http://127.0.0.1:{8000 + node}/",
                Status = node == 1 ? "quarantined" : "active",
                StatusReason = node == 1 ? "opening.layer.rows" : null,
                StatusEpoch = node == 1 ? caughtIn : null,
                Listed = true,
                ManifestRoot = new string('c', 64),
                Profile = "bf16-lane16/2",
                EvidenceMicro = evidence[node],
                Outcomes = 26L * epochs,
                History = histories[node],
                Events = node == 1 ? [new NodeEventReport(caughtIn, s_begin.AddHours(caughtIn), "caught", "opening.layer.rows", "The opened layer is not the named weights' <output>.", "proof-1.cbor")] : [],
            })],
            Checks =
            [
                new CheckReport("evidence", (3 * nodes * epochs) - 4, 0, 4, 0, 0),
                new CheckReport("receipt (tier 0)", (13 * nodes * epochs) - 9, 1, 6, 0, 2),
                new CheckReport("openings (tier 1)", (5 * nodes * epochs) - 5, 2, 1, 2, 0),
                new CheckReport("test layer", 5 * nodes * epochs, 2, 0, 0, 0),
                new CheckReport("test logits", 5 * nodes * epochs, 0, 0, 0, 0),
            ],
        };
    }

    private static string Name(int node) => node == 2 ? "sample-2 with a <long> name" : string.Create(CultureInfo.InvariantCulture, $"sample-{node}");

    private static NodeObservation Observe(Random random, int node, int epoch, int caughtIn, long previous)
    {
        bool caught = node == 1 && epoch == caughtIn;
        int missed = node == 2 && epoch % 3 == 0 ? 6 : 0;
        bool excused = node == 0 && epoch == 4;
        return new NodeObservation
        {
            Node = Name(node),
            Model = "cccccccccccccccc bf16-lane16/2",
            Standing = node == 1 && epoch > caughtIn ? StandingKind.Quarantined : StandingKind.Active,
            Due = excused ? 3 : 21,
            Answered = (excused ? 3 : 21) - missed,
            CanariesDue = excused ? 0 : 13,
            CanariesExcused = excused ? 13 : 0,
            AnsweredTokens = excused ? 0 : 400 + random.Next(200),
            VerifiedTokens = excused || caught ? 0 : 400,
            FirstTokenMicros = excused ? null : 18_000 + random.Next(9000) + (node % 5 * 1500),
            TokensPerKilosecond = excused ? null : 70_000 + random.Next(20_000),
            EvidenceAgeSeconds = missed > 0 ? 3600 : 0,
            Failures =
            [
                .. caught ? [new FailedCheck("opening.layer.rows", FaultOf.Node, true, 2)] : (FailedCheck[])[],
                .. missed > 0 ? [new FailedCheck("node.unreachable", FaultOf.Node, false, missed)] : (FailedCheck[])[],
                .. excused ? [new FailedCheck("validator.network", FaultOf.Validator, false, 13)] : (FailedCheck[])[],
            ],
            PreviousScorePpm = previous,
        };
    }
}
