using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>Opens answers of honest nodes and of others by computing them again, and judges them by keys made from the weights that were named.</summary>
public static class OpeningBench
{
    // Of an honest layer. The bench prints the mean that kappa is; 2.5 leaves room for matrices that differ from it.
    private const double Chance = 1e-12;
    private const double AssumedKappa = 2.5;

    /// <summary>Runs the bench.</summary>
    /// <param name="options">The model and how much.</param>
    /// <param name="stop">Ends the run between answers.</param>
    public static OpeningReport Run(OpeningOptions options, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        using ModelSource source = Open(options.Model, stop);
        ValidatorKeyMaker maker = new(source);
        LayerLimits limits = LayerLimits.Exact(AssumedKappa, Chance);
        LayerKey[] keys = [.. Enumerable.Range(0, source.Config.Layers).Select(maker.Layer)];
        using MatrixKey output = maker.Output();
        Tally honest = new(maker, keys, output, limits);
        List<OpeningRow> rows = [];
        int kinds = 1 + CheatWeights.All.Count;
        try
        {
            for (int kind = 0; kind < kinds; kind++)
            {
                using ModelSource served = Open(options.Model, stop);
                string name = "those it names";
                if (kind > 0)
                {
                    (name, int levels, int group) = CheatWeights.All[kind - 1];
                    CheatWeights.Round(served, levels, group);
                }

                Tally tally = kind == 0 ? honest : new Tally(maker, keys, output, limits);
                using TracedNode node = new(served, maker);
                for (int answer = 0; answer < options.Answers; answer++)
                {
                    stop.ThrowIfCancellationRequested();
                    tally.Add(node, options.Seed + answer, options.Openings, logits: kind == 0);
                    options.Progress?.Invoke((kind * options.Answers) + answer + 1, kinds * options.Answers);
                }

                rows.Add(tally.Row(name));
            }
        }
        finally
        {
            Array.ForEach(keys, static key => key.Dispose());
        }

        return new OpeningReport(
            Path.GetFileName(options.Model), NumericProfile.Bf16Lane16.Identifier, options.Seed, limits.Matrices[0].ResidualMilli / 1000.0,
            honest.LayerBytes / (double)honest.Openings, honest.LogitsBytes / (double)honest.Openings, honest.Openings, honest.LogitsRejected, rows);
    }

    private static ModelSource Open(string path, CancellationToken stop) =>
        Directory.Exists(path) ? HuggingFaceFolder.Open(path, static _ => { }, stop) : GgufModel.Open(path, static _ => { }, stop);

    private sealed class Tally(ValidatorKeyMaker maker, LayerKey[] keys, MatrixKey output, LayerLimits limits)
    {
        private readonly LayerLimits _open = new([.. Enumerable.Repeat(new MatrixLimits(long.MaxValue, 64), LayerKey.Matrices)], int.MaxValue);
        private int _rejected;
        private int _byRows;
        private int _byResidual;
        private int _byAttention;
        private double _kappa;
        private double _sum;
        private long _matrices;

        public int Openings { get; private set; }

        public long LayerBytes { get; private set; }

        public long LogitsBytes { get; private set; }

        public int LogitsRejected { get; private set; }

        public void Add(TracedNode node, int seed, int openings, bool logits)
        {
            (CommittedAnswer answer, CommittedTrace trace, DrawnToken drawn) = node.Run(seed);
            for (int number = 0; number < openings; number++)
            {
                OpeningPlan plan = OpeningPlan.Derive(
                    TracedNode.Digest("audit", seed), TracedNode.Digest("receipt", seed), number, trace.Shape, maker.Constants.Heads, answer.PromptTokens, trace.Steps);
                (LayerEvidence layer, LogitsEvidence row) = node.Open(answer, plan);
                Openings++;
                LayerBytes += OpeningEncoding.Encode(layer).Length;
                LayerKey key = keys[plan.Layer];
                _rejected += new LayerJudge(key, limits).Judge(plan, trace, answer.Ids, layer).IsAccepted ? 0 : 1;

                // Once more without limits, so that every matrix is measured.
                IReadOnlyList<(OpeningCheck, MatrixJudgement Judgement)> measured = new LayerJudge(key, _open).Judge(plan, trace, answer.Ids, layer).Measured;
                _byRows += measured.Any(static m => m.Judgement.RowMismatches > 0) ? 1 : 0;
                _byResidual += measured.Any(m => m.Judgement.Residual * 1000 > limits.Matrices[0].ResidualMilli) ? 1 : 0;
                _byAttention += new LayerJudge(key, _open with { AttentionMismatches = 0 }).Judge(plan, trace, answer.Ids, layer).Failed == OpeningCheck.Attention ? 1 : 0;
                foreach ((_, MatrixJudgement judgement) in measured)
                {
                    double kappa = judgement.Residual / MatrixKey.Vectors;
                    _kappa = Math.Max(_kappa, kappa);
                    _sum += kappa;
                    _matrices++;
                }

                if (logits)
                {
                    LogitsBytes += OpeningEncoding.Encode(row).Length;
                    LogitsRejected += new LogitsJudge(maker.Constants, output, limits.Matrices[0]).Judge(plan, trace, answer.Ids, drawn, row).IsAccepted ? 0 : 1;
                }
            }
        }

        public OpeningRow Row(string weights) => new(weights, Openings, _rejected, _byRows, _byResidual, _byAttention, _kappa, _sum / _matrices);
    }
}
