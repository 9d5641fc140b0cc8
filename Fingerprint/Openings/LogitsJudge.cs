using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Openings;

/// <summary>
/// Judges one step's logits: by the output matrix's key, those that matter once more from the rows of the weights (one raised
/// logit hides in the energy of all others), and the token by drawing it again.
/// </summary>
/// <param name="model">The model's constants.</param>
/// <param name="output">The output matrix's key.</param>
/// <param name="limits">Measured for this model and profile.</param>
public sealed class LogitsJudge(ModelConstants model, MatrixKey output, MatrixLimits limits)
{
    /// <summary>How many of the highest logits are recomputed.</summary>
    public const int Highest = 20;

    /// <summary>The ids whose rows an opening must show: the next token and the highest logits, the lowest ids first among equals.</summary>
    public static int[] RowsToOpen(ReadOnlySpan<float> logits, int nextId)
    {
        TokenLogProbability[] highest = new TokenLogProbability[Math.Min(Highest, logits.Length)];
        LogProbabilities.Compute(logits, nextId, highest);
        return [.. highest.Select(static token => token.Id).Append(nextId).Distinct().Order()];
    }

    /// <summary>Judges an opening.</summary>
    /// <param name="plan">What was to be opened.</param>
    /// <param name="trace">What was committed.</param>
    /// <param name="ids">The tokens of prompt and answer that the receipt counts.</param>
    /// <param name="drawn">How the receipt says that they were drawn.</param>
    /// <param name="evidence">What the node shows.</param>
    public OpeningVerdict Judge(in OpeningPlan plan, CommittedTrace trace, ReadOnlySpan<int> ids, DrawnToken drawn, LogitsEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(drawn);
        ArgumentNullException.ThrowIfNull(evidence);
        List<(OpeningCheck, MatrixJudgement)> measured = [];
        OpeningCheck? failed = FindFailure(plan, trace, ids, drawn, evidence, measured);
        return failed is { } check ? OpeningVerdict.Reject(check, measured) : OpeningVerdict.Accept(measured);
    }

    private OpeningCheck? FindFailure(
        in OpeningPlan plan, CommittedTrace trace, ReadOnlySpan<int> ids, DrawnToken drawn, LogitsEvidence evidence, List<(OpeningCheck, MatrixJudgement)> measured)
    {
        StepOpening step = evidence.Step;
        if (trace.Shape != model.Shape || !step.Fits(model.Shape) || step.Position != plan.LogitsStep || step.Logits.Length == 0
            || !Array.TrueForAll(step.Logits, float.IsFinite) || plan.LogitsStep < drawn.PromptTokens - 1 || drawn.PromptTokens < 1
            || plan.LogitsStep + 1 >= ids.Length)
        {
            return OpeningCheck.Form;
        }

        if (!step.IsIn(trace))
        {
            return OpeningCheck.Step;
        }

        int position = (int)plan.LogitsStep;
        if (step.InputId != ids[position])
        {
            return OpeningCheck.Input;
        }

        if (evidence.Embedding.Index != step.InputId || !evidence.Embedding.IsIn(model.EmbeddingRoot, model.Shape.VocabularySize, model.Shape.HiddenSize))
        {
            return OpeningCheck.Embedding;
        }

        float[] normed = step.Stream(Array.ConvertAll(evidence.Embedding.Weights, BFloat16.Round), model.Shape.Layers, model.Shape);
        Lane16Math.Norm(normed, model.FinalNorm, model.Epsilon, normed);
        MatrixJudgement judgement = output.Judge(normed, step.Logits, rounded: false);
        measured.Add((OpeningCheck.Logits, judgement));
        if (!limits.Accepts(judgement))
        {
            return OpeningCheck.Logits;
        }

        int next = ids[position + 1];
        if ((uint)next >= (uint)step.Logits.Length || !evidence.OutputRows.Select(static row => row.Index).SequenceEqual(RowsToOpen(step.Logits, next))
            || !evidence.OutputRows.All(row => Recomputes(row, normed, step.Logits)))
        {
            return OpeningCheck.OutputRows;
        }

        ReadOnlySpan<int> answer = ids[drawn.PromptTokens..(position + 1)];
        int again = Sampler.Sample(step.Logits, drawn.Parameters, drawn.Seed.Span, ids[..drawn.PromptTokens], answer, drawn.Allowed.Span);
        return again == next ? null : OpeningCheck.Sampler;
    }

    private bool Recomputes(OpenedRow row, float[] normed, float[] logits) =>
        row.IsIn(model.OutputRoot, model.Shape.VocabularySize, model.Shape.HiddenSize)
        && BitConverter.SingleToInt32Bits(Lane16Dot.Compute(row.Weights, normed)) == BitConverter.SingleToInt32Bits(logits[row.Index]);
}
