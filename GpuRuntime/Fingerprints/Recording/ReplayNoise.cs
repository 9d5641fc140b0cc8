using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>What a replaying validator saw of some answers.</summary>
internal sealed class ReplayNoise
{
    /// <summary>How margins are looked at: capped at three nats' worth of logits, the nucleus a fiftieth wider, top-k by two.</summary>
    public static MarginRules Rules { get; } = new(3_000_000, 20_000, 2);

    public List<ToplocComparison> Toploc { get; } = [];

    public SortedDictionary<int, List<SketchComparison>> Sketches { get; } = [];

    public List<long> Margins { get; } = [];

    /// <summary>Answers none of whose proofs could be read.</summary>
    public int Malformed { get; private set; }

    /// <summary>Replays one answer and notes everything.</summary>
    /// <param name="model">Replays it.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="told">How its receipt says that it was drawn, where that is not how it was.</param>
    public void Add(ReplayModel model, RecordedAnswer answer, DrawnToken? told = null)
    {
        DrawnToken drawn = told ?? answer.Drawn;
        ReplayRequest request = new() { Ids = answer.Ids, PromptTokens = answer.PromptTokens, ClientNonce = answer.Task.ClientNonce, Logits = true };
        using AnswerReplay replay = model.Replay(request);
        if (!replay.TryCompareToploc(answer.Toploc, out ToplocComparison[] toploc))
        {
            Malformed++;
            return;
        }

        Toploc.AddRange(toploc);
        foreach (int depth in replay.Depths)
        {
            if (replay.TryCompareSketches(depth, answer.Sketches, out SketchComparison[] sketches))
            {
                if (!Sketches.TryGetValue(depth, out List<SketchComparison>? list))
                {
                    Sketches[depth] = list = [];
                }

                list.AddRange(sketches);
            }
        }

        Margins.AddRange(replay.Margins(drawn.Parameters, drawn.Seed.Span, Rules));
    }

    /// <summary>Outcomes of a test, numbered as validators number them.</summary>
    public long[] Count(string test, ModelLimits limits)
    {
        IEnumerable<int> outcomes = test switch
        {
            TestOutcomes.Toploc => Toploc.Select(one => TestOutcomes.OfToploc(one, limits.Toploc)),
            TestOutcomes.Margin => Margins.Select(TestOutcomes.OfMargin),
            _ => Sketches.Where(pair => TestOutcomes.Sketch(pair.Key) == test).SelectMany(pair => pair.Value.Select(one => TestOutcomes.OfSketch(one, limits.Sketches, pair.Key))),
        };
        long[] counts = new long[TestOutcomes.Count];
        foreach (int outcome in outcomes)
        {
            counts[outcome]++;
        }

        return counts;
    }
}
