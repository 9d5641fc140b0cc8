using System.Security.Cryptography;
using Verathos.Training.Attacks;
using Verathos.Training.Compression;
using Verathos.Training.Gate;
using Verathos.Training.Judging;
using Verathos.Training.Rewards;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Pipeline;

/// <summary>Twenty workers on the convex toy, through everything but the signatures: compression with error feedback and the judge.</summary>
internal sealed class SmallNetwork
{
    public const int Workers = 20;

    // Documents up to here are kept for the validator.
    private const int HeldOut = 80;

    // The loss is a mean over parameters, and so is its gradient.
    private const double Step = 0.6 * 8_320;
    private static readonly byte[] Secret = SHA256.HashData("a validator's secret"u8);
    private static readonly byte[] Shard = new byte[32];

    private readonly string _attack;
    private readonly int _bad;
    private readonly Random _random;
    private readonly ErrorFeedback[] _feedback;
    private float[] _weights;
    private ulong _round;

    public SmallNetwork(string attack, int bad, int seed)
    {
        (_attack, _bad, _random) = (attack, bad, new Random(seed));
        Objective = new SmallObjective(seed, HeldOut + (Workers * 60));
        _feedback = [.. Enumerable.Range(0, Workers).Select(_ => new ErrorFeedback(Layout))];
        _weights = new float[Layout.Count];
    }

    public static JudgeSettings Settings { get; } = new()
    {
        OuterRate = Step,
        Rewards = new RewardRule { UnitsPerNat = 1_000_000, Budget = 1_000_000_000 },
        HeldOut = [.. Enumerable.Range(0, HeldOut)],
        ConfirmedShare = 0.2,
    };

    public SmallObjective Objective { get; }

    public JudgeState State { get; set; } = JudgeState.Initial;

    /// <summary>Every round's verdicts.</summary>
    public List<JudgedRound> Rounds { get; } = [];

    /// <summary>Units that each worker earned; the bad ones are the last.</summary>
    public long[] Earned { get; } = new long[Workers];

    /// <summary>How often the gate refused each, by outcome.</summary>
    public Dictionary<(int Worker, GateOutcome Outcome), int> Refused { get; } = [];

    public double HeldOutLoss => Objective.TrueLoss(_weights);

    private GradientLayout Layout => Objective.Layout;

    public JudgeInput Contribute()
    {
        int[] documents = [.. Enumerable.Range(0, Workers).Select(worker => HeldOut + (int)(((ulong)Workers * _round) + (ulong)worker))];
        byte[][] sent = new byte[Workers][];
        List<SparseVector> honest = [];
        for (int worker = 0; worker < Workers - _bad; worker++)
        {
            sent[worker] = _feedback[worker].Compress(Objective.Gradient(_weights, [documents[worker]]), GradientBits.Two);
            honest.Add(Decode(sent[worker]));
        }

        for (int worker = Workers - _bad; worker < Workers && _attack != "absent"; worker++)
        {
            float[] bad = [.. Bad(worker, documents[worker], honest).Select(value => (float)value)];
            sent[worker] = _attack is "alie" or "ipm" or "copycat" ? CompressedGradient.Encode(Layout, bad, GradientBits.Two) : _feedback[worker].Compress(bad, GradientBits.Two);
        }

        return new JudgeInput
        {
            Round = _round,
            Weights = _weights,
            Contributions =
            [
                .. Enumerable.Range(0, Workers).Where(worker => sent[worker] is not null).Select(worker => new JudgeContribution(
                    new GateCandidate { Worker = Samples.Worker(worker), Gradient = sent[worker], ShardRoot = Shard, AssignedShardRoot = Shard },
                    [documents[worker]])),
            ],
            Assigned = documents.ToHashSet(),
        };
    }

    public void Round()
    {
        JudgeInput input = Contribute();
        using RoundJudge judge = new(Objective, Settings, Secret);
        Take(judge.Judge(State, input));
    }

    public void Take(JudgedRound judged)
    {
        Rounds.Add(judged);
        (State, _weights) = (judged.State, judged.Weights);
        _round++;
        foreach (WorkerVerdict verdict in judged.Verdicts)
        {
            int worker = verdict.Worker.Bytes[3];
            Earned[worker] += verdict.Units;
            if (verdict.Gate != GateOutcome.Accepted)
            {
                Refused[(worker, verdict.Gate)] = Refused.GetValueOrDefault((worker, verdict.Gate)) + 1;
            }
        }
    }

    private SparseVector Decode(byte[] encoded)
    {
        Assert.True(CompressedGradient.TryParse(encoded, Layout, out CompressedGradient? gradient, out _));
        return gradient.Vector;
    }

    private double[] Bad(int worker, int document, List<SparseVector> honest)
    {
        double[] own = [.. Objective.Gradient(_weights, [document]).Select(value => (double)value)];
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
}
