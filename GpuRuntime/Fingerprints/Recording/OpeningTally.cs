using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Judges honest openings as a validator does, by the whole judge, and counts alarms.</summary>
internal sealed class OpeningTally(ValidatorKeyMaker maker, LayerLimits layer, MatrixLimits logits)
{
    private readonly RowCache _rows = new(maker);

    public long Layers { get; private set; }

    public long Logits { get; private set; }

    public SortedDictionary<OpeningCheck, long> Alarms { get; } = [];

    /// <summary>The greatest residual of each check, over its limit.</summary>
    public SortedDictionary<OpeningCheck, double> Greatest { get; } = [];

    /// <summary>Opens every layer of some steps of an answer once, and their logits where they have any.</summary>
    public void Add(RecordedAnswer answer, KeySet keys, Random random, long most = long.MaxValue)
    {
        (int layers, int heads) = (maker.Constants.Shape.Layers, maker.Constants.Heads);
        for (int step = 0; step < answer.StepHashes.Count; step++)
        {
            for (int i = 0; i < layers && Layers < most; i++)
            {
                OpeningPlan plan = new(step, i, random.Next(heads), random.Next(step + 1), Math.Max(step, answer.PromptTokens - 1));
                Note(new LayerJudge(keys.Layers[i], layer).Judge(plan, answer.Trace, answer.Ids, answer.Layer(plan, maker.Constants, _rows.Open)), m => layer.Matrices[(int)m]);
                Layers++;
            }

            if (step >= answer.PromptTokens - 1)
            {
                OpeningPlan plan = new(step, 0, 0, 0, step);
                Note(new LogitsJudge(maker.Constants, keys.Output, logits).Judge(plan, answer.Trace, answer.Ids, answer.Drawn, answer.Logits(plan, _rows.Open)), _ => logits);
                Logits++;
            }
        }
    }

    private void Note(OpeningVerdict verdict, Func<LayerMatrix, MatrixLimits> limits)
    {
        if (!verdict.IsAccepted)
        {
            Alarms[verdict.Failed] = Alarms.GetValueOrDefault(verdict.Failed) + 1;
        }

        foreach ((OpeningCheck check, MatrixJudgement judgement) in verdict.Measured)
        {
            LayerMatrix matrix = check switch
            {
                OpeningCheck.Query => LayerMatrix.Query,
                OpeningCheck.Key => LayerMatrix.Key,
                OpeningCheck.Value => LayerMatrix.Value,
                OpeningCheck.AttentionOutput => LayerMatrix.AttentionOutput,
                OpeningCheck.Gate => LayerMatrix.Gate,
                OpeningCheck.Up => LayerMatrix.Up,
                _ => LayerMatrix.Down,
            };
            Greatest[check] = Math.Max(Greatest.GetValueOrDefault(check), judgement.Residual * 1000 / limits(matrix).ResidualMilli);
        }
    }
}
