using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>What openings of an attack's answers show: the whole judge, and each of its tests as if it were alone.</summary>
internal sealed class OpeningCounts(AttackContext context)
{
    private static readonly LayerLimits s_anyProduct = new([.. Enumerable.Repeat(new MatrixLimits(long.MaxValue, 64), LayerKey.Matrices)], 0);
    private static readonly LayerLimits s_anything = s_anyProduct with { AttentionMismatches = int.MaxValue };
    private static readonly MatrixLimits s_anyLogits = new(long.MaxValue, 64);
    private readonly ModelLimits _limits = context.Limits[0];

    public SortedDictionary<string, long> Tests { get; } = new(StringComparer.Ordinal)
    {
        ["T1"] = 0,
        ["T1 form and links"] = 0,
        ["T1 secret rows"] = 0,
        ["T1 residuals"] = 0,
        ["T1 attention"] = 0,
        ["T1 logits"] = 0,
        ["T1 output rows"] = 0,
        ["T1 sampler"] = 0,
    };

    /// <summary>The check that ended each rejected opening.</summary>
    public SortedDictionary<string, long> First { get; } = new(StringComparer.Ordinal);

    public long Openings { get; private set; }

    public long LayerBytes { get; private set; }

    public long LogitsBytes { get; private set; }

    /// <summary>Opens an answer where an audit would.</summary>
    public void Add(AttackedAnswer answer, int number, int openings)
    {
        byte[] audit = TaskSource.Digest("audit", context.Seed, number);
        byte[] receipt = TaskSource.Digest("receipt", context.Seed, number);
        for (int i = 0; i < openings; i++)
        {
            Open(answer, OpeningPlan.Derive(audit, receipt, i, context.Exact.Shape, context.Exact.Constants.Heads, answer.Drawn.PromptTokens, answer.Ids.Length - 1));
        }
    }

    private void Open(AttackedAnswer answer, in OpeningPlan plan)
    {
        Openings++;
        if (Math.Max(plan.Step, plan.LogitsStep) >= answer.Computed.StepHashes.Count || !HasLogits(answer, plan.LogitsStep))
        {
            // The node has nothing to show.
            Note("T1 form and links");
            Reject(OpeningCheck.Form);
            return;
        }

        ModelConstants model = context.Exact.Constants;
        LayerEvidence layer = answer.Computed.Layer(plan, model, context.Rows.Open);
        LogitsEvidence logits = Logits(answer, plan);
        LayerBytes += OpeningEncoding.Encode(layer).Length;
        LogitsBytes += OpeningEncoding.Encode(logits).Length;
        LayerKey key = context.Keys.Layers[plan.Layer];
        LogitsJudge row = new(model, context.Keys.Output, _limits.Logits);
        OpeningVerdict ofLayer = new LayerJudge(key, _limits.Layer).Judge(plan, answer.Trace, answer.Ids, layer);
        OpeningVerdict ofLogits = row.Judge(plan, answer.Trace, answer.Ids, answer.Drawn, logits);
        OpeningVerdict first = ofLayer.IsAccepted ? ofLogits : ofLayer;
        if (!first.IsAccepted)
        {
            Reject(first.Failed);
        }

        OpeningVerdict open = new LayerJudge(key, s_anything).Judge(plan, answer.Trace, answer.Ids, layer);
        OpeningVerdict openRow = new LogitsJudge(model, context.Keys.Output, s_anyLogits).Judge(plan, answer.Trace, answer.Ids, answer.Drawn, logits);
        NoteIf("T1 form and links", !open.IsAccepted || (openRow is { IsAccepted: false, Failed: < OpeningCheck.Logits }));
        NoteIf("T1 secret rows", open.Measured.Any(static m => m.Judgement.RowMismatches > 0));
        NoteIf("T1 residuals", open.Measured.Any(m => m.Judgement.Residual * 1000 > _limits.Layer.Matrices[(int)MatrixOf(m.Check)].ResidualMilli));
        NoteIf("T1 attention", new LayerJudge(key, s_anyProduct).Judge(plan, answer.Trace, answer.Ids, layer) is { IsAccepted: false, Failed: OpeningCheck.Attention });
        NoteIf("T1 logits", ofLogits is { IsAccepted: false, Failed: OpeningCheck.Logits });
        NoteIf("T1 output rows", openRow is { IsAccepted: false, Failed: OpeningCheck.OutputRows });
        int position = (int)plan.LogitsStep;
        int prompt = answer.Drawn.PromptTokens;
        NoteIf("T1 sampler", Sampler.Sample(logits.Step.Logits, answer.Drawn.Parameters, answer.Drawn.Seed.Span, answer.Ids.AsSpan(0, prompt), answer.Ids.AsSpan(prompt, position + 1 - prompt), default) != answer.Ids[position + 1]);
    }

    // The node shows the rows that the judge asks for, by the tokens that its receipt tells.
    private LogitsEvidence Logits(AttackedAnswer answer, in OpeningPlan plan)
    {
        StepOpening step = answer.Computed.Step((int)plan.LogitsStep);
        int[] ids = LogitsJudge.RowsToOpen(step.Logits, answer.Ids[(int)plan.LogitsStep + 1]);
        return new LogitsEvidence(step, context.Rows.Open(false, step.InputId), [.. ids.Select(id => context.Rows.Open(true, id))]);
    }

    private static bool HasLogits(AttackedAnswer answer, long step) => answer.Computed.Step((int)step).Logits.Length > 0;

    private static LayerMatrix MatrixOf(OpeningCheck check) => check switch
    {
        OpeningCheck.Query => LayerMatrix.Query,
        OpeningCheck.Key => LayerMatrix.Key,
        OpeningCheck.Value => LayerMatrix.Value,
        OpeningCheck.AttentionOutput => LayerMatrix.AttentionOutput,
        OpeningCheck.Gate => LayerMatrix.Gate,
        OpeningCheck.Up => LayerMatrix.Up,
        _ => LayerMatrix.Down,
    };

    private void Reject(OpeningCheck check)
    {
        Note("T1");
        First[check.ToString()] = First.GetValueOrDefault(check.ToString()) + 1;
    }

    private void NoteIf(string test, bool caught)
    {
        if (caught)
        {
            Note(test);
        }
    }

    private void Note(string test) => Tests[test]++;
}
