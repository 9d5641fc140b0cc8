using System.Security.Cryptography;
using Verathos.Training.Compression;

namespace Verathos.Training.Gate;

/// <summary>
/// The checks that cost no forward pass: form, documents, norms, direction, and likeness to others. What passes is judged by its
/// impact; what does not is left out, and costs only its owner.
/// </summary>
public static class ContributionGate
{
    /// <summary>Judges a round's contributions, which are compared with one another.</summary>
    /// <param name="candidates">One of each worker.</param>
    /// <param name="layout">Of the model that is trained.</param>
    /// <param name="momentum">Where the model has been going; null in the first round, when nobody can point against it.</param>
    /// <param name="policy">The bounds.</param>
    /// <returns>In the order of the workers' keys.</returns>
    /// <exception cref="ArgumentException">A worker is there twice, two have one place in the order, or a bound is out of range.</exception>
    public static IReadOnlyList<GateVerdict> Judge(IReadOnlyList<GateCandidate> candidates, GradientLayout layout, SparseVector? momentum, GatePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(policy);
        policy.Validate();
        if (candidates.Select(c => c.Worker).Distinct().Count() != candidates.Count || candidates.Select(c => c.CommitOrder).Distinct().Count() != candidates.Count)
        {
            throw new ArgumentException("a worker contributes once, and no two commit at once", nameof(candidates));
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
            CheckPairs(decoded, policy);
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

    private static void CheckPairs(Entry[] entries, GatePolicy policy)
    {
        List<(Entry Earlier, Entry Later, PeerLikeness Likeness)> pairs = [];
        for (int i = 0; i < entries.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                (Entry earlier, Entry later) = entries[i].Candidate.CommitOrder < entries[j].Candidate.CommitOrder ? (entries[i], entries[j]) : (entries[j], entries[i]);
                pairs.Add((earlier, later, PeerLikeness.Of(earlier.Gradient!, later.Gradient!)));
            }
        }

        double cosine = Bound(entries, pairs, likeness => likeness.Cosine, policy.PairDeviations, policy.PairCosineFloor);
        double indices = Bound(entries, pairs, likeness => likeness.SharedIndices, policy.PairDeviations, policy.PairIndexFloor);
        foreach ((Entry earlier, Entry later, PeerLikeness likeness) in pairs)
        {
            if (!(likeness.Cosine <= cosine) || (likeness.SharedCount >= policy.LeastSharedIndices && likeness.EqualValues > policy.MostEqualValues))
            {
                later.Fail(GateOutcome.PeerValues, earlier.Candidate.Worker.ToString());
            }
        }

        foreach ((Entry earlier, Entry later, PeerLikeness likeness) in pairs.Where(pair => !(pair.Likeness.SharedIndices <= indices)))
        {
            later.Fail(GateOutcome.PeerIndices, earlier.Candidate.Worker.ToString());
        }
    }

    // Fewer than half of all pairs are of two honest workers as soon as three in ten are not. So each worker is compared with the
    // median of its own pairs, and the median of workers is taken of that: both hold as long as more than half are honest.
    private static double Bound(
        Entry[] entries, List<(Entry Earlier, Entry Later, PeerLikeness Likeness)> pairs, Func<PeerLikeness, double> measure, double deviations, double floor)
    {
        double[][] ofEach = [.. entries.Select(entry => pairs.Where(pair => pair.Earlier == entry || pair.Later == entry).Select(pair => measure(pair.Likeness)).ToArray())];
        double typical = RobustStatistics.Median([.. ofEach.Select(values => RobustStatistics.Median(values))]);
        double deviation = RobustStatistics.Median([.. ofEach.Select(values => RobustStatistics.Median([.. values.Select(value => Math.Abs(value - typical))]))]);
        return Math.Max(floor, typical + (deviations * deviation));
    }

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
