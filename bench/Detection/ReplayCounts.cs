using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>What replays of an attack's answers show: sketches at each depth and TOPLOC chunk by chunk, margins and the whole commitment answer by answer.</summary>
internal sealed class ReplayCounts(AttackContext context)
{
    private readonly SortedDictionary<string, (long Tried, long Caught)> _tests = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, (long Tried, long Caught)> Tests => _tests;

    /// <summary>Evidence in nats that likelihood tables gave for each answer, by the profile that saw it.</summary>
    public SortedDictionary<string, List<double>> Nats { get; } = new(StringComparer.Ordinal);

    public void Add(AttackedAnswer answer, IReadOnlyList<LikelihoodTable> tables)
    {
        Replay(context.Exact, context.Limits[0], answer, tables, exact: true);
        if (context.Reference is { } reference)
        {
            Replay(reference, context.Limits[1], answer, tables, exact: false);
        }
    }

    private void Replay(ReplayModel model, ModelLimits limits, AttackedAnswer answer, IReadOnlyList<LikelihoodTable> tables, bool exact)
    {
        string by = exact ? "exact" : model.Profile.Name;
        RecordedAnswer computed = answer.Computed;
        ReplayRequest request = new()
        {
            Ids = answer.Ids,
            PromptTokens = answer.Drawn.PromptTokens,
            ClientNonce = computed.Task.ClientNonce,
            TraceSecret = exact ? computed.Task.TraceSecret : null,
            Logits = true,
        };
        using AnswerReplay replay = model.Replay(request, context.Stop);
        double nats = 0;
        if (replay.TryCompareToploc(computed.Toploc, out ToplocComparison[] toploc))
        {
            Note($"T2 TOPLOC, {by}", toploc.Length, toploc.Count(one => !limits.Toploc.Accepts(one)));
            nats += toploc.Sum(one => Weight(tables, limits, TestOutcomes.Toploc, TestOutcomes.OfToploc(one, limits.Toploc)));
        }
        else
        {
            Note($"T2 TOPLOC, {by}", 1, 1);
        }

        foreach (int depth in replay.Depths)
        {
            string test = $"T2 sketch after {depth}, {by}";
            if (replay.TryCompareSketches(depth, computed.Sketches, out SketchComparison[] sketches))
            {
                Note(test, sketches.Length, sketches.Count(one => !limits.Sketches.Accepts(depth, one)));
                nats += sketches.Sum(one => Weight(tables, limits, TestOutcomes.Sketch(depth), TestOutcomes.OfSketch(one, limits.Sketches, depth)));
            }
            else
            {
                Note(test, 1, 1);
            }
        }

        long[] margins = replay.Margins(answer.Drawn.Parameters, answer.Drawn.Seed.Span, limits.Margins);
        nats += margins.Sum(margin => Weight(tables, limits, TestOutcomes.Margin, TestOutcomes.OfMargin(margin)));
        if (exact)
        {
            Note("T2 margins, exact", 1, margins.Any(static margin => margin > 0) ? 1 : 0);
            bool same = replay.StepHashes.Count == computed.StepHashes.Count && TraceDispute.FirstStep(replay.StepHashes, computed.StepHashes) < 0 && replay.TraceRoot.AsSpan().SequenceEqual(answer.Trace.Root.Span);
            Note("T3 step hashes", 1, same ? 0 : 1);
        }

        if (!Nats.TryGetValue(by, out List<double>? list))
        {
            Nats[by] = list = [];
        }

        list.Add(nats);
    }

    private static double Weight(IReadOnlyList<LikelihoodTable> tables, ModelLimits limits, string test, int outcome) =>
        tables.FirstOrDefault(table => table.Profile == limits.Profile && table.Test == test) is { } table ? table.WeightsMicro[outcome] / 1e6 : 0;

    private void Note(string test, int tried, int caught)
    {
        (long all, long sum) = _tests.GetValueOrDefault(test);
        _tests[test] = (all + tried, sum + caught);
    }
}
