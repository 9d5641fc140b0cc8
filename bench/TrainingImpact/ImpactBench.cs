using System.Diagnostics;
using Verathos.Bench.Statistics;
using Verathos.Bench.TrainingAttacks;
using Verathos.Training;
using Verathos.Training.Impact;
using Verathos.Training.Judging;

namespace Verathos.Bench.TrainingImpact;

/// <summary>How well the first order ranks contributions, early and late in a run of twenty workers, and what it costs beside exact losses.</summary>
public static class ImpactBench
{
    private static readonly string[] Attacks = ["sign-flip", "scaling", "noise", "alie", "ipm", "copycat-moved"];

    /// <summary>Measures, on one thread of its own.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ImpactReport Run(ImpactOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Documents < 1 || 2 * options.Documents > AttackModel.HeldOut || options.Early < 1 || options.Late <= options.Early || options.Seeds.Count == 0)
        {
            throw new ArgumentException("a measurement needs a seed, a late round after an early one, and held-out documents for two sets", nameof(options));
        }

        ImpactReport? report = null;
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                report = Measure(options, cancellationToken);
            }
            catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or ArgumentException)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return report ?? throw (failure as OperationCanceledException ?? new InvalidOperationException(failure!.Message, failure) as Exception);
    }

    private static ImpactReport Measure(ImpactOptions options, CancellationToken cancellationToken)
    {
        AttackCorpus corpus = AttackCorpus.Create(AttackModel.Documents);
        List<ImpactRow> rows = [];
        Times times = new();
        foreach (int seed in options.Seeds)
        {
            using AttackSimulation simulation = new(corpus, new AttackCell(AttackNames.None, 0, "mean", seed));
            SparseVector? previous = null;
            while (simulation.Round < options.Late)
            {
                cancellationToken.ThrowIfCancellationRequested();
                float[] before = simulation.Weights;
                simulation.Next();
                if (simulation.Round == options.Early || simulation.Round == options.Late)
                {
                    rows.Add(Row(simulation, before, previous, seed, options, times, cancellationToken));
                    options.Progress?.Invoke("seeds, early and late", rows.Count, 2 * options.Seeds.Count);
                }

                previous = simulation.Previous;
            }
        }

        return new ImpactReport(options.Documents * AttackCorpus.Length, rows, Spread.Of(times.Exact), Spread.Of(times.Gradient), Spread.Of(times.Peer));
    }

    private static ImpactRow Row(AttackSimulation simulation, float[] before, SparseVector? previous, int seed, ImpactOptions options, Times times, CancellationToken token)
    {
        AttackObjective objective = simulation.Objective;
        int[] documents = [.. AttackModel.HeldOutDocuments.Take(options.Documents)];
        int[] others = [.. AttackModel.HeldOutDocuments.Skip(options.Documents).Take(options.Documents)];
        long started = Stopwatch.GetTimestamp();
        float[] trusted = objective.Gradient(before, documents);
        times.Gradient.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        float[] other = objective.Gradient(before, others);
        SparseVector[] honest = [.. simulation.Sent];
        SparseVector[] mixed = [.. honest.Take(AttackModel.Workers - Attacks.Length), .. Bad(honest, previous, seed)];
        double loss = Loss(before);

        double[] promised = Promises(honest, trusted, clips: true);
        double[] whole = Falls(Clipped(honest), 1);
        double[] badPromised = Promises(mixed, trusted, clips: true);
        return new ImpactRow(
            seed,
            simulation.Round,
            loss,
            RankCorrelation.Spearman(promised, Falls(Clipped(honest), FirstOrderImpact.StepFraction)),
            RankCorrelation.Spearman(Promises(honest, other, clips: true), Falls(Clipped(honest), FirstOrderImpact.StepFraction)),
            RankCorrelation.Spearman(promised, whole),
            RankCorrelation.Spearman(badPromised, Falls(Clipped(mixed), FirstOrderImpact.StepFraction)),
            RankCorrelation.Spearman(badPromised, Falls(Clipped(mixed), 1)),
            RankCorrelation.Spearman(Promises(mixed, trusted, clips: false), Falls(mixed, 1)),
            RobustStatistics.Median([.. whole.Select((fall, i) => fall / promised[i])]));

        SparseVector[] Clipped(SparseVector[] vectors) => FirstOrderImpact.Clip(AttackModel.Layout, vectors);

        double[] Promises(SparseVector[] vectors, float[] gradient, bool clips)
        {
            long from = Stopwatch.GetTimestamp();
            double[] promises = [.. (clips ? Clipped(vectors) : vectors).Select(vector => FirstOrderImpact.Improvement(vector, gradient, AttackModel.OuterRate))];
            if (clips)
            {
                times.Peer.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds / vectors.Length);
            }

            return promises;
        }

        double[] Falls(SparseVector[] vectors, double fraction) => [.. vectors.Select(vector =>
        {
            token.ThrowIfCancellationRequested();
            long from = Stopwatch.GetTimestamp();
            IReadOnlyList<DocumentLoss> losses = objective.Losses(Verathos.Training.Rounds.OuterStep.Apply(before, vector, fraction * AttackModel.OuterRate), documents);
            times.Exact.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
            return loss - Mean(losses);
        })];

        double Loss(float[] weights) => Mean(objective.Losses(weights, documents));

        static double Mean(IReadOnlyList<DocumentLoss> losses) => losses.Sum(l => l.Sum) / losses.Sum(l => l.Tokens);
    }

    // One of each attack, made of what is known in this round.
    private static IEnumerable<SparseVector> Bad(SparseVector[] honest, SparseVector? previous, int seed)
    {
        SparseVector[] others = honest[..(AttackModel.Workers - Attacks.Length)];
        foreach ((string attack, int i) in Attacks.Select((attack, i) => (attack, i)))
        {
            SparseVector own = honest[others.Length + i];
            AttackForge forge = new(new AttackCell(attack, 1, "mean", seed));
            yield return forge.IsOwn
                ? new SparseVector(own.Dimension, own.Indices.ToArray(), [.. own.Values.ToArray().Select(value => attack == "scaling" ? 100 * value : -value)])
                : forge.Decode(forge.Forge(0, [], others, previous));
        }
    }

    private sealed class Times
    {
        public List<double> Exact { get; } = [];

        public List<double> Gradient { get; } = [];

        public List<double> Peer { get; } = [];
    }
}
