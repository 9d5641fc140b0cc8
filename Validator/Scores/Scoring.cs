using System.Globalization;

namespace Verathos.Validator.Scores;

/// <summary>
/// Scores of one epoch by docs/scoring.md: whole numbers only, every division rounded down, so that two validators with the same
/// observations have the same scores.
/// </summary>
public static class Scoring
{
    private const long One = ScoringRules.One;

    /// <summary>The scores of all nodes, in the order given.</summary>
    /// <param name="nodes">The observations of one epoch, each node once.</param>
    /// <param name="rules">The numbers.</param>
    /// <exception cref="ArgumentException">The rules or an observation are out of range.</exception>
    public static IReadOnlyList<NodeScore> Epoch(IReadOnlyList<NodeObservation> nodes, ScoringRules rules)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(rules);
        if (rules.Errors is [string error, ..])
        {
            throw new ArgumentException(error, nameof(rules));
        }

        // Where there is no median a node counts as being at it, so that models with few nodes are not paid better than others.
        // Who was caught does not shift what the others are measured by: a smaller model is faster.
        ILookup<string, NodeObservation> models = nodes.Where(static node => !Caught(node) && node.Standing is StandingKind.Active or StandingKind.Probation).ToLookup(static node => node.Model);
        return [.. nodes.Select(node => Score(
            node,
            MedianOf(models[node.Model], static other => other.FirstTokenMicros, rules),
            MedianOf(models[node.Model], static other => other.TokensPerKilosecond, rules),
            rules))];
    }

    /// <summary>A ratio to the median: all of it at <see cref="ScoringRules.FullSpeedPpm"/> times as good, in proportion below.</summary>
    /// <param name="better">The greater of the two is better: own and median for throughput, median and own for latency.</param>
    /// <param name="against">What it is compared with.</param>
    /// <param name="rules">The numbers.</param>
    public static long AgainstMedian(long better, long against, ScoringRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        Int128 ratio = (Int128)better * One / Math.Max(1, against);
        return (long)(Int128.Min(ratio, rules.FullSpeedPpm) * One / rules.FullSpeedPpm);
    }

    /// <summary>What evidence of an age is worth: all while it is fresh, nothing once it is stale, in proportion between.</summary>
    /// <param name="ageSeconds">At least 0.</param>
    /// <param name="rules">The numbers.</param>
    public static long Evidence(long ageSeconds, ScoringRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return ageSeconds <= rules.FreshEvidenceSeconds ? One
            : ageSeconds >= rules.StaleEvidenceSeconds ? 0
            : (rules.StaleEvidenceSeconds - ageSeconds) * One / (rules.StaleEvidenceSeconds - rules.FreshEvidenceSeconds);
    }

    private static NodeScore Score(NodeObservation node, long? medianLatency, long? medianThroughput, ScoringRules rules)
    {
        if (node.Due < 0 || node.Answered < 0 || node.Answered > node.Due || node.CanariesDue < 0 || node.CanariesDue > node.Due || node.CanariesExcused < 0 || node.VerifiedTokens < 0 || node.VerifiedTokens > node.AnsweredTokens || node.EvidenceAgeSeconds < 0)
        {
            throw new ArgumentException($"the observation of {node.Node} is out of range", nameof(node));
        }

        long tokens = Share(node.VerifiedTokens, node.AnsweredTokens);
        long latency = node.FirstTokenMicros is { } first ? AgainstMedian(medianLatency ?? first, first, rules) : 0;
        long throughput = node.TokensPerKilosecond is { } rate ? AgainstMedian(rate, medianThroughput ?? rate, rules) : node.FirstTokenMicros is null ? 0 : AgainstMedian(1, 1, rules);
        long availability = Share(node.Answered, node.Due);
        long evidence = Evidence(node.EvidenceAgeSeconds, rules);
        long standing = node.Standing switch
        {
            StandingKind.Active => One,
            StandingKind.Probation => rules.ProbationPpm,
            _ => 0,
        };
        bool carried = node is { CanariesDue: 0, CanariesExcused: > 0 } && !Caught(node) && standing > 0;
        (long score, List<ScoreLoss> losses) = carried
            ? (node.PreviousScorePpm, [])
            : Losses(node, rules, tokens, latency, throughput, evidence, availability, standing, medianLatency, medianThroughput);
        return new NodeScore
        {
            Node = node.Node,
            ScorePpm = score,
            TokensPpm = tokens,
            LatencyPpm = latency,
            ThroughputPpm = throughput,
            EvidencePpm = evidence,
            AvailabilityPpm = availability,
            StandingPpm = standing,
            Carried = carried,
            MedianFirstTokenMicros = medianLatency,
            MedianTokensPerKilosecond = medianThroughput,
            Losses = losses,
        };
    }

    // The factors are applied one after the other, and each loses what it takes off what the ones before left.
    private static (long Score, List<ScoreLoss> Losses) Losses(
        NodeObservation node, ScoringRules rules, long tokens, long latency, long throughput, long evidence, long availability, long standing, long? medianLatency, long? medianThroughput)
    {
        List<ScoreLoss> losses = [];
        long left = One;
        foreach (FailedCheck failure in node.Failures.Where(static failure => failure is { Fault: FaultOf.Node, IsProof: true, Count: > 0 }))
        {
            Take(failure.Check, 0, string.Create(CultureInfo.InvariantCulture, $"a proof failed, {failure.Count} times: the epoch counts nothing"));
        }

        if (standing < One)
        {
            Take(ScoreFactors.Standing, Part(left, standing), node.Standing switch
            {
                StandingKind.Quarantined => "it is in quarantine until it is released",
                StandingKind.Banned => "it is banned",
                _ => "it is on probation",
            });
        }

        if (node.CanariesDue == 0)
        {
            Take(ScoreFactors.Unasked, 0, "it was sent no canary");
        }

        Factor(ScoreFactors.Availability, availability, $"{node.Answered} of {node.Due} questions were answered");
        Factor(ScoreFactors.Evidence, evidence, $"its evidence was last accepted {node.EvidenceAgeSeconds} s before a challenge that it did not pass");
        Factor(ScoreFactors.Tokens, tokens, $"{node.VerifiedTokens} of {node.AnsweredTokens} tokens were verified");
        long slower = Part(left, One - Part(rules.LatencySharePpm, One - latency));
        long speed = Part(left, Part(rules.LatencySharePpm, latency) + Part(One - rules.LatencySharePpm, throughput));
        Take(ScoreFactors.Latency, Math.Max(speed, slower), $"{Text(node.FirstTokenMicros)} µs to the first token{Beside(medianLatency)}");
        Take(ScoreFactors.Throughput, speed, $"{Text(node.TokensPerKilosecond)} tokens in 1,000 s{Beside(medianThroughput)}");
        return (left, losses);

        void Factor(string name, long share, string why) => Take(name, Part(left, share), why);

        void Take(string name, long rest, string why)
        {
            // A proof that failed is told even where another one had taken everything.
            if (rest < left || (rest == 0 && !name.StartsWith("score.", StringComparison.Ordinal)))
            {
                losses.Add(new ScoreLoss(name, left - rest, why));
            }

            left = rest;
        }
    }

    private static bool Caught(NodeObservation node) => node.Failures.Any(static failure => failure is { Fault: FaultOf.Node, IsProof: true, Count: > 0 });

    private static long? MedianOf(IEnumerable<NodeObservation> nodes, Func<NodeObservation, long?> value, ScoringRules rules)
    {
        long[] values = [.. nodes.Select(value).OfType<long>()];
        return values.Length < rules.LeastNodesForMedian ? null : Median.Of(values);
    }

    private static long Share(long part, long of) => of == 0 ? 0 : (long)((Int128)part * One / of);

    private static long Part(long value, long share) => (long)((Int128)value * share / One);

    private static string Beside(long? median) => median is { } middle ? $"; the model's median node {Text(middle)}" : "; too few nodes of the model to compare, so it counts as the median node";

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "none";
}
