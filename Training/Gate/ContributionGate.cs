using System.Security.Cryptography;
using Verathos.Training.Compression;

namespace Verathos.Training.Gate;

/// <summary>
/// The checks that cost no forward pass: form, documents, norms, direction, and likeness to others. What passes is judged by its
/// impact; what does not is left out, and costs only its owner.
/// </summary>
public static class ContributionGate
{
    // The part of what is missing to 1 by which a pair may be more alike than is typical, however little pairs differ.
    private const double NearerToOne = 0.25;

    /// <summary>Judges a round's contributions, which are compared with one another.</summary>
    /// <param name="candidates">One of each worker.</param>
    /// <param name="layout">Of the model that is trained.</param>
    /// <param name="momentum">Where the model has been going; null in the first round, when nobody can point against it.</param>
    /// <param name="policy">The bounds.</param>
    /// <param name="knowledge">Says of two that are alike which one is the copy; asked for nothing else.</param>
    /// <returns>In the order of the workers' keys; the order of the candidates changes nothing.</returns>
    /// <exception cref="ArgumentException">A worker is there twice, or a bound is out of range.</exception>
    public static IReadOnlyList<GateVerdict> Judge(
        IReadOnlyList<GateCandidate> candidates, GradientLayout layout, SparseVector? momentum, GatePolicy policy, DocumentKnowledge knowledge)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(knowledge);
        policy.Validate();
        if (candidates.Select(c => c.Worker).Distinct().Count() != candidates.Count)
        {
            throw new ArgumentException("a worker contributes once", nameof(candidates));
        }

        Entry[] entries = [.. candidates.OrderBy(c => c.Worker).Select(c => new Entry(c))];
        foreach (Entry entry in entries)
        {
            Decode(entry, layout);
            if (!CryptographicOperations.FixedTimeEquals(entry.Candidate.ShardRoot.Span, entry.Candidate.AssignedShardRoot.Span) || entry.Candidate.ShardRoot.Length != 32)
            {
                entry.Fail(GateOutcome.ShardRoot, null);
            }
        }

        Entry[] decoded = [.. entries.Where(entry => entry.Gradient is not null)];
        if (decoded.Length < policy.LeastContributions)
        {
            foreach (Entry entry in decoded)
            {
                entry.Fail(GateOutcome.TooFewPeers, null);
            }
        }
        else
        {
            CheckNorms(decoded, layout, policy);
            CheckMomentum(decoded, momentum, policy);
            CheckPairs(decoded, policy, knowledge);
        }

        return [.. entries.Select(entry => entry.Verdict())];
    }

    private static void Decode(Entry entry, GradientLayout layout)
    {
        if (CompressedGradient.TryParse(entry.Candidate.Gradient.Span, layout, out CompressedGradient? gradient, out GradientError error))
        {
            entry.Gradient = gradient.Vector;
            return;
        }

        entry.Fail(
            error switch
            {
                GradientError.NotFinite => GateOutcome.NotFinite,
                GradientError.IndexBounds => GateOutcome.IndexOutOfBounds,
                GradientError.IndexOrder => GateOutcome.IndexRepeated,
                _ => GateOutcome.Malformed,
            },
            error.ToString());
    }

    private static void CheckNorms(Entry[] entries, GradientLayout layout, GatePolicy policy)
    {
        double[][] norms = [.. entries.Select(entry => TensorNorms.Of(layout, entry.Gradient!))];
        double[] wholes = [.. entries.Select(entry => entry.Gradient!.Norm())];
        double wholeMedian = RobustStatistics.Median(wholes);
        Check(wholes, 0, "the whole");
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            Check([.. norms.Select(norm => norm[tensor])], policy.WholeNormFloor * wholeMedian, layout.Tensors[tensor].Name);
        }

        void Check(double[] values, double floor, string name)
        {
            double median = RobustStatistics.Median(values);
            double bound = Math.Max(Math.Max(policy.NormDeviations * RobustStatistics.MedianAbsoluteDeviation(values), policy.NormFloor * median), floor);
            for (int i = 0; i < values.Length; i++)
            {
                if (!(Math.Abs(values[i] - median) <= bound))
                {
                    entries[i].Fail(GateOutcome.Norm, name);
                }
            }
        }
    }

    private static void CheckMomentum(Entry[] entries, SparseVector? momentum, GatePolicy policy)
    {
        foreach (Entry entry in entries)
        {
            if (momentum is not null && !(entry.Gradient!.Cosine(momentum) >= policy.LeastMomentumCosine))
            {
                entry.Fail(GateOutcome.AgainstMomentum, null);
            }
        }
    }

    private static void CheckPairs(Entry[] entries, GatePolicy policy, DocumentKnowledge knowledge)
    {
        List<Pair> pairs = [];
        for (int i = 0; i < entries.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                pairs.Add(new Pair(entries[j], entries[i], PeerLikeness.Of(entries[j].Gradient!, entries[i].Gradient!)));
            }
        }

        double cosine = Bound(entries, pairs, likeness => likeness.Cosine, policy.PairDeviations, policy.PairCosineFloor);
        double indices = Bound(entries, pairs, likeness => likeness.SharedIndices, policy.PairDeviations, policy.PairIndexFloor);
        double equal = Bound(entries, pairs, likeness => likeness.EqualValues, policy.PairDeviations, policy.MostEqualValues);
        foreach (Pair pair in pairs)
        {
            PeerLikeness likeness = pair.Likeness;
            bool areValuesAlike = !(likeness.Cosine <= cosine) || (likeness.SharedCount >= policy.LeastSharedIndices && likeness.EqualValues > equal);
            if (areValuesAlike || !(likeness.SharedIndices <= indices))
            {
                (Entry copy, Entry original) = Copy(pair, knowledge);
                copy.Fail(areValuesAlike ? GateOutcome.PeerValues : GateOutcome.PeerIndices, original.Candidate.Worker.ToString());
            }
        }
    }

    // Who came first can be arranged, and differs from run to run. What contributions know cannot: two that are alike have the same
    // documents in them, and these are the author's. Where that tells nothing the greater key is the copy, so that one of the two stays in any case.
    private static (Entry Copy, Entry Original) Copy(Pair pair, DocumentKnowledge knowledge)
    {
        double left = OfDocuments(pair.Left), right = OfDocuments(pair.Right);
        return right > left ? (pair.Left, pair.Right) : (pair.Right, pair.Left);

        double OfDocuments(Entry of) => Known(pair.Left, of) + Known(pair.Right, of);

        double Known(Entry by, Entry of) => knowledge(by.Gradient!, of.Candidate.Worker) / by.Gradient!.Norm();
    }

    // Fewer than half of all pairs are of two honest workers as soon as three in ten are not. So each worker is compared with the
    // median of its own pairs, and the median of workers is taken of that: both hold as long as more than half are honest. All measures end
    // at 1, and where all are alike, as after an optimiser's first steps, deviations are small: a copy is a good part nearer to 1 than is typical.
    private static double Bound(Entry[] entries, List<Pair> pairs, Func<PeerLikeness, double> measure, double deviations, double floor)
    {
        double[][] ofEach = [.. entries.Select(entry => pairs.Where(pair => pair.Left == entry || pair.Right == entry).Select(pair => measure(pair.Likeness)).ToArray())];
        double typical = RobustStatistics.Median([.. ofEach.Select(values => RobustStatistics.Median(values))]);
        double deviation = RobustStatistics.Median([.. ofEach.Select(values => RobustStatistics.Median([.. values.Select(value => Math.Abs(value - typical))]))]);
        return Math.Max(Math.Max(floor, typical + (deviations * deviation)), typical + (NearerToOne * (1 - typical)));
    }

    // Entries are in the order of their workers' keys.
    private sealed record Pair(Entry Left, Entry Right, PeerLikeness Likeness);

    private sealed class Entry(GateCandidate candidate)
    {
        private GateOutcome _outcome;
        private string? _detail;

        public GateCandidate Candidate { get; } = candidate;

        public SparseVector? Gradient { get; set; }

        public void Fail(GateOutcome outcome, string? detail)
        {
            if (_outcome == GateOutcome.NotJudged)
            {
                (_outcome, _detail) = (outcome, detail);
            }
        }

        public GateVerdict Verdict() => _outcome == GateOutcome.NotJudged && Gradient is not null
            ? new GateVerdict(Candidate.Worker, GateOutcome.Accepted, null, Gradient)
            : new GateVerdict(Candidate.Worker, _outcome, _detail, null);
    }
}
