using System.Numerics.Tensors;
using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection;

/// <summary>
/// Looks for the largest change of each kind that openings of changed layers let pass, and counts how often that change gives another
/// greedy token. Sizes go down from where all is caught to where 95 of 100 openings pass.
/// </summary>
internal static class ToleranceSearch
{
    private const int OpeningsPerAnswer = 20;
    private const int Sizes = 12;
    private const double Passing = 0.95;

    public static IReadOnlyList<ToleranceRow> Run(AttackContext context, Action<string, int, int>? progress)
    {
        AnswerTask[] tasks = [.. context.Tasks.Take(6).Select(static task => task with { Sampling = SamplingParameters.Greedy })];
        RecordingNode honest = new(context.Honest);
        RecordedAnswer[] answers = [.. tasks.Select(task => honest.Answer(task)[0])];
        List<ToleranceRow> rows = [];
        int kinds = 0;
        foreach ((string kind, double most, double factor, Func<double, ToleranceRow, ToleranceRow> measure) in (ReadOnlySpan<(string, double, double, Func<double, ToleranceRow, ToleranceRow>)>)
        [
            ("share of all weights one unit in the last place off", 1 / 64.0, 8, (size, row) => Weights(context, tasks, answers, row, source => Units(source, context.Seed, size))),
            ("one row of each down projection, relative change", 1, 4, (size, row) => Weights(context, tasks, answers, row, source => Rows(source, context.Seed, size))),
            ("the element of the last layer's output that favours the second token most, units in the last place", 256, 2, (size, row) => Pushed(context, tasks, answers, row, size)),
        ])
        {
            double size = most;
            for (int i = 0; i < Sizes; i++, size /= factor)
            {
                context.Stop.ThrowIfCancellationRequested();
                ToleranceRow row = measure(size, new ToleranceRow(kind, size, 0, 0, 0, 0));
                rows.Add(row);
                if (row.Passed >= Passing * row.Openings)
                {
                    break;
                }
            }

            progress?.Invoke("tolerance", ++kinds, 3);
        }

        return rows;
    }

    private static ToleranceRow Weights(AttackContext context, AnswerTask[] tasks, RecordedAnswer[] honest, ToleranceRow row, Action<ModelSource> change)
    {
        using ModelSource source = context.OpenSource();
        change(source);
        using Lane16Backend backend = context.Backend(source);
        RecordingNode node = new(backend);
        for (int i = 0; i < tasks.Length; i++)
        {
            RecordedAnswer answer = node.Answer(Forced(tasks[i], honest[i]))[0];
            row = Judge(context, answer, i, row, layer: null);
            row = Compare(answer, honest[i], row);
        }

        return row;
    }

    private static ToleranceRow Pushed(AttackContext context, AnswerTask[] tasks, RecordedAnswer[] honest, ToleranceRow row, double units)
    {
        for (int i = 0; i < tasks.Length; i++)
        {
            PushedElement hook = new(context, honest[i], units);
            RecordedAnswer answer = new RecordingNode(context.Honest, hook).Answer(Forced(tasks[i], honest[i]))[0];
            row = Judge(context, answer, i, row, context.Exact.Config.Layers - 1);
            row = Compare(answer, honest[i], row);
        }

        return row;
    }

    // The honest answer's tokens, so that steps can be compared one by one.
    private static AnswerTask Forced(AnswerTask task, RecordedAnswer honest) => task with { Draw = (index, _, _) => honest.Ids[task.Prompt.Length + index] };

    private static ToleranceRow Judge(AttackContext context, RecordedAnswer answer, int number, ToleranceRow row, int? layer)
    {
        Random random = new((context.Seed * 1000) + number);
        for (int i = 0; i < OpeningsPerAnswer; i++)
        {
            // Only steps of the answer, where tokens are drawn.
            int step = random.Next(answer.PromptTokens - 1, answer.StepHashes.Count);
            OpeningPlan plan = new(step, layer ?? random.Next(context.Exact.Config.Layers), random.Next(context.Exact.Constants.Heads), random.Next(step + 1), step);
            bool passes = new LayerJudge(context.Keys.Layers[plan.Layer], context.Limits[0].Layer).Judge(plan, answer.Trace, answer.Ids, answer.Layer(plan, context.Exact.Constants, context.Rows.Open)).IsAccepted;
            row = row with { Openings = row.Openings + 1, Passed = row.Passed + (passes ? 1 : 0) };
        }

        return row;
    }

    private static ToleranceRow Compare(RecordedAnswer answer, RecordedAnswer honest, ToleranceRow row)
    {
        for (int step = answer.PromptTokens - 1; step < answer.StepHashes.Count; step++)
        {
            bool flips = TensorPrimitives.IndexOfMax<float>(answer.Pass.Logits[step]) != TensorPrimitives.IndexOfMax<float>(honest.Pass.Logits[step]);
            row = row with { Steps = row.Steps + 1, Flips = row.Flips + (flips ? 1 : 0) };
        }

        return row;
    }

    private static void Units(ModelSource source, int seed, double share)
    {
        Random random = new(seed);
        foreach (StoredTensor tensor in WeightRounding.Matrices(source))
        {
            float[] values = WeightRounding.Read(tensor);
            for (int i = 0; i < values.Length; i++)
            {
                ushort bits = BFloat16.FromSingle(values[i]);
                values[i] = BFloat16.ToSingle(random.NextDouble() < share && (bits & 0x7fff) is > 0x80 and < 0x7f00 ? (ushort)(bits + (random.Next(2) == 0 ? 1 : -1)) : bits);
            }

            WeightRounding.Write(tensor, values);
        }
    }

    private static void Rows(ModelSource source, int seed, double change)
    {
        Random random = new(seed);
        foreach (StoredTensor tensor in WeightRounding.Matrices(source).Where(static t => t.Info.Name.Contains("down", StringComparison.Ordinal)))
        {
            float[] values = WeightRounding.Read(tensor);
            int at = random.Next((int)tensor.Rows) * (int)tensor.Columns;
            for (int i = at; i < at + (int)tensor.Columns; i++)
            {
                values[i] = BFloat16.Round(values[i] * (float)(1 + change));
            }

            WeightRounding.Write(tensor, values);
        }
    }

    /// <summary>Pushes one element of the last layer's down projection towards the second most likely token, in each step of the answer.</summary>
    private sealed class PushedElement : ForwardHook
    {
        private readonly int _layer;
        private readonly float[] _room;
        private readonly Dictionary<int, (int Element, float Change)> _pushes = [];

        public PushedElement(AttackContext context, RecordedAnswer honest, double units)
        {
            _layer = context.Exact.Config.Layers - 1;
            _room = new float[context.Exact.Config.HiddenSize];
            for (int step = honest.PromptTokens - 1; step < honest.StepHashes.Count; step++)
            {
                float[] logits = [.. honest.Pass.Logits[step]!];
                int first = TensorPrimitives.IndexOfMax<float>(logits);
                logits[first] = float.NegativeInfinity;
                float[] towards = context.Rows.Open(true, TensorPrimitives.IndexOfMax<float>(logits)).Weights;
                float[] from = context.Rows.Open(true, first).Weights;
                ReadOnlySpan<ushort> output = honest.Pass.DownOutput(_layer, step);
                (int element, float change, float gain) = (0, 0, 0);
                for (int i = 0; i < _room.Length; i++)
                {
                    float unit = (float)(units * BFloat16.UnitInLastPlace(output[i]));
                    float slope = (towards[i] - from[i]) * context.Exact.Constants.FinalNorm[i];
                    if (MathF.Abs(slope * unit) > gain)
                    {
                        (element, change, gain) = (i, MathF.CopySign(unit, slope), MathF.Abs(slope * unit));
                    }
                }

                _pushes[step] = (element, change);
            }
        }

        public override void AfterFeedForward(Lane16Backend backend, int layer)
        {
            for (int row = 0; layer == _layer && row < backend.Rows; row++)
            {
                if (_pushes.TryGetValue(backend.PositionOf(row), out (int Element, float Change) push))
                {
                    Span<float> added = backend.Added(row);
                    added[push.Element] = BFloat16.Round(added[push.Element] + push.Change);
                }
            }
        }
    }
}
