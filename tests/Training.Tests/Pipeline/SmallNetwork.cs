using System.Security.Cryptography;
using Verathos.Training.Aggregation;
using Verathos.Training.Attacks;
using Verathos.Training.Compression;
using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Ratings;
using Verathos.Training.Rewards;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Pipeline;

/// <summary>
/// Twenty workers on a convex toy, through everything but the signatures: compression with error feedback, gate, impact, aggregation,
/// ratings and pay. The loss of documents is sum c (w - t)^2 / 2 with a target that differs a little from document to document.
/// </summary>
internal sealed class SmallNetwork
{
    public const int Workers = 20;

    private const double Step = 0.6;
    private static readonly byte[] Secret = SHA256.HashData("a validator's secret"u8);
    private static readonly GradientLayout Layout = new([new GradientTensor("a", 128, 64), new GradientTensor("norm", 1, 128)]);
    private static readonly byte[] Shard = new byte[32];

    private readonly string _attack;
    private readonly int _bad;
    private readonly Random _random;
    private readonly double[] _curvature;
    private readonly double[] _target;
    private readonly double[] _weights = new double[Layout.Count];
    private readonly ErrorFeedback[] _feedback = [.. Enumerable.Range(0, Workers).Select(_ => new ErrorFeedback(Layout))];
    private readonly ScoreBoard _board = new();
    private SparseVector? _previous;

    public SmallNetwork(string attack, int bad, int seed)
    {
        (_attack, _bad, _random) = (attack, bad, new Random(seed));
        _curvature = [.. Enumerable.Range(0, Layout.Count).Select(_ => 0.3 + (0.7 * _random.NextDouble()))];
        _target = [.. Enumerable.Range(0, Layout.Count).Select(_ => Samples.Normal(_random))];
    }

    /// <summary>Units that each worker earned; the bad ones are the last.</summary>
    public long[] Earned { get; } = new long[Workers];

    /// <summary>How often the gate refused each, by outcome.</summary>
    public Dictionary<(int Worker, GateOutcome Outcome), int> Refused { get; } = [];

    public double HeldOutLoss => Loss(_weights, _target);

    public void Round()
    {
        double[][] documents = [.. Enumerable.Range(0, Workers).Select(_ => Documents(1))];
        byte[][] sent = new byte[Workers][];
        List<SparseVector> honest = [];
        for (int worker = 0; worker < Workers - _bad; worker++)
        {
            sent[worker] = _feedback[worker].Compress([.. Gradient(documents[worker]).Select(value => (float)value)], GradientBits.Two);
            honest.Add(Decode(sent[worker]));
        }

        for (int worker = Workers - _bad; worker < Workers && _attack != "absent"; worker++)
        {
            float[] bad = [.. Bad(worker, documents[worker], honest).Select(value => (float)value)];
            sent[worker] = _attack is "alie" or "ipm" or "copycat" ? CompressedGradient.Encode(Layout, bad, GradientBits.Two) : _feedback[worker].Compress(bad, GradientBits.Two);
        }

        GateCandidate[] candidates =
        [
            .. sent.Select((gradient, i) => new GateCandidate { Worker = Samples.Worker(i), Gradient = gradient, ShardRoot = Shard, AssignedShardRoot = Shard, CommitOrder = i })
                .Where(candidate => !candidate.Gradient.IsEmpty),
        ];
        (int Worker, SparseVector Gradient)[] accepted = [.. Judge(candidates)];
        double[] heldOut = Gradient(Documents(0.1));
        SparseVector[] clipped = FirstOrderImpact.Clip(Layout, [.. accepted.Select(a => a.Gradient)]);
        (WorkerKey Worker, double Impact)[] promises =
        [
            .. accepted.Select((a, i) => (Samples.Worker(a.Worker), FirstOrderImpact.Improvement(clipped[i], [.. heldOut.Select(v => (float)v)], Step * FirstOrderImpact.StepFraction) / FirstOrderImpact.StepFraction)),
        ];
        Dictionary<WorkerKey, ConfirmationReason> reasons = ConfirmationPlan.Choose(promises, Secret, (ulong)_random.Next(), 0.2).ToDictionary(c => c.Worker, c => c.Reason);
        double before = HeldOutLoss;
        List<RewardClaim> claims = [];
        List<RoundScore> results = [];
        double[] random = Documents(1);
        for (int i = 0; i < accepted.Length; i++)
        {
            (int worker, SparseVector gradient) = accepted[i];
            WorkerKey key = Samples.Worker(worker);
            double[] after = Moved(gradient);
            PairedLosses? exact = reasons[key] == ConfirmationReason.None ? null : new PairedLosses([before], [Loss(after, _target)], [PairedLosses.LeastTokens]);
            double impact = MeasuredImpact.From(promises[i].Impact, reasons[key], exact).Value;
            results.Add(new RoundScore(key, impact, Loss(_weights, documents[worker]) - Loss(after, documents[worker]), Loss(_weights, random) - Loss(after, random), 0));
            claims.Add(new RewardClaim(key, impact, 0, 0));
        }

        _board.Add(results);
        AggregationOptions options = new() { Trusted = SparseVector.Dense(heldOut), Previous = _previous };
        _previous = Aggregator.Apply([.. accepted.Select(a => new Contribution(Samples.Worker(a.Worker), a.Gradient))], options).Vector;
        Moved(_previous).CopyTo(_weights, 0);
        RewardSplit split = RewardSplit.Compute(
            new RewardRule { UnitsPerNat = 1_000_000, Budget = 1_000_000_000 }, before - HeldOutLoss, [.. claims.Select(claim => claim with { Gap = _board.Of(claim.Worker).Gap.Value })]);
        foreach ((WorkerKey worker, long units) in split.Shares)
        {
            Earned[worker.Bytes[3]] += units;
        }
    }

    private static SparseVector Decode(byte[] encoded)
    {
        Assert.True(CompressedGradient.TryParse(encoded, Layout, out CompressedGradient? gradient, out _));
        return gradient.Vector;
    }

    private IEnumerable<(int, SparseVector)> Judge(GateCandidate[] candidates)
    {
        foreach (GateVerdict verdict in ContributionGate.Judge(candidates, Layout, _previous, GatePolicy.Documented))
        {
            int worker = verdict.Worker.Bytes[3];
            if (verdict.IsAccepted)
            {
                yield return (worker, verdict.Gradient!);
            }
            else
            {
                Refused[(worker, verdict.Outcome)] = Refused.GetValueOrDefault((worker, verdict.Outcome)) + 1;
            }
        }
    }

    private double[] Bad(int worker, double[] documents, List<SparseVector> honest)
    {
        double[] own = Gradient(documents);
        double length = Math.Sqrt(own.Sum(value => value * value) / own.Length);
        switch (_attack)
        {
            case "sign flip":
                return [.. own.Select(value => -value)];
            case "scaling":
                return [.. own.Select(value => 100 * value)];
            case "alie":
                return GradientAttacks.Alie(honest, 1.5).ToDense();
            case "ipm":
                return GradientAttacks.InnerProduct(honest, 2).ToDense();
            case "drift":
                // A direction of its own for the whole run, as long as the honest gradient.
                return [.. own.Select((value, i) => (0.5 * value) + (length * Math.Sin(i)))];
            case "free rider":
                return [.. own.Select(_ => Samples.Normal(_random) * length)];
            default:
                // Somebody else's, with 60 % of the indices moved and other lengths.
                double[] source = honest[worker % honest.Count].ToDense();
                double[] copy = new double[source.Length];
                for (int i = 0; i < source.Length; i++)
                {
                    if (source[i] != 0)
                    {
                        int place = _random.NextDouble() < 0.6 ? _random.Next(i / 4096 * 4096, Math.Min(source.Length, (i / 4096 * 4096) + 4096)) : i;
                        copy[place] = source[i] * (0.9 + (0.2 * _random.NextDouble()));
                    }
                }

                return copy;
        }
    }

    private double[] Documents(double spread) => [.. _target.Select(value => value + (spread * Math.Sqrt(12) * (_random.NextDouble() - 0.5)))];

    private double[] Gradient(double[] target)
    {
        double[] gradient = new double[target.Length];
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] = _curvature[i] * (_weights[i] - target[i]);
        }

        return gradient;
    }

    private double[] Moved(SparseVector update)
    {
        double[] moved = [.. _weights];
        for (int i = 0; i < update.Count; i++)
        {
            moved[update.Indices[i]] -= Step * update.Values[i];
        }

        return moved;
    }

    private double Loss(double[] weights, double[] target)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += 0.5 * _curvature[i] * (weights[i] - target[i]) * (weights[i] - target[i]);
        }

        return sum / weights.Length;
    }
}
