using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Openings;

/// <summary>
/// Judges the experts of an opened layer: the router's logits bit by bit, the choice that follows from them computed again, each chosen
/// expert's matrices of which a key is held, and the sum of all by their shares, computed again.
/// </summary>
/// <param name="keys">The layer's.</param>
/// <param name="shape">The model's.</param>
/// <param name="limits">Measured for this model and profile; all experts' matrices have the limits of their kind.</param>
internal sealed class ExpertJudge(ExpertKeys keys, ExpertShape shape, LayerLimits limits)
{
    /// <summary>The first check that fails, or null.</summary>
    /// <param name="normed">What the experts read.</param>
    /// <param name="opening">What the node shows; it fits the shape.</param>
    /// <param name="committed">The sum, as it is committed.</param>
    /// <param name="measured">Takes what was measured.</param>
    public OpeningCheck? FindFailure(float[] normed, ExpertOpening opening, ReadOnlySpan<ushort> committed, List<(OpeningCheck, MatrixJudgement)> measured)
    {
        if (!PassesExactly(keys.Router, OpeningCheck.Router, normed, opening.Router, measured))
        {
            return OpeningCheck.Router;
        }

        (int[] chosen, float[] shares) = (new int[shape.PerToken], new float[shape.PerToken]);
        ExpertRouting.Choose(opening.Router, shape.NormalisesShares, chosen, shares);
        if (!chosen.AsSpan().SequenceEqual(opening.Chosen))
        {
            return OpeningCheck.Routing;
        }

        float[] sum = new float[normed.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            float[] down = Part(opening.Downs, i, normed.Length);
            if (keys.Experts.TryGetValue(chosen[i], out FeedForwardKey? key)
                && FindFailure(key, normed, Part(opening.Gates, i, shape.IntermediateSize), Part(opening.Ups, i, shape.IntermediateSize), down, measured) is { } failed)
            {
                return failed;
            }

            ExpertRouting.Mix(down, shares[i], sum);
        }

        if (shape.SharedIntermediateSize > 0)
        {
            if (!PassesExactly(keys.SharedGate!, OpeningCheck.SharedGate, normed, opening.SharedLogit, measured))
            {
                return OpeningCheck.SharedGate;
            }

            float[] down = Part(opening.SharedDown, 0, normed.Length);
            if (FindFailure(keys.Shared!, normed, Part(opening.SharedGate, 0, shape.SharedIntermediateSize), Part(opening.SharedUp, 0, shape.SharedIntermediateSize), down, measured) is { } failed)
            {
                return failed;
            }

            ExpertRouting.Mix(down, ExpertRouting.SharedShare(opening.SharedLogit[0]), sum);
        }

        for (int i = 0; i < sum.Length; i++)
        {
            if (BFloat16.FromSingle(sum[i]) != committed[i])
            {
                return OpeningCheck.ExpertSum;
            }
        }

        return null;
    }

    private OpeningCheck? FindFailure(FeedForwardKey key, float[] normed, float[] gate, float[] up, float[] down, List<(OpeningCheck, MatrixJudgement)> measured)
    {
        if (!Passes(key.Gate, LayerMatrix.Gate, OpeningCheck.Gate, normed, gate, measured))
        {
            return OpeningCheck.Gate;
        }

        if (!Passes(key.Up, LayerMatrix.Up, OpeningCheck.Up, normed, up, measured))
        {
            return OpeningCheck.Up;
        }

        float[] activated = new float[gate.Length];
        Lane16Math.Activate(gate, up, activated);
        return Passes(key.Down, LayerMatrix.Down, OpeningCheck.Down, activated, down, measured) ? null : OpeningCheck.Down;
    }

    private bool Passes(MatrixKey key, LayerMatrix matrix, OpeningCheck check, float[] input, float[] output, List<(OpeningCheck, MatrixJudgement)> measured)
    {
        MatrixJudgement judgement = key.Judge(input, output);
        measured.Add((check, judgement));
        return limits.Matrices[(int)matrix].Accepts(judgement);
    }

    // All rows are compared, so that the residual has nothing to add.
    private static bool PassesExactly(MatrixKey key, OpeningCheck check, float[] input, float[] output, List<(OpeningCheck, MatrixJudgement)> measured)
    {
        MatrixJudgement judgement = key.Judge(input, output, rounded: false);
        measured.Add((check, judgement));
        return judgement.RowsCompared == key.Rows && judgement.RowMismatches == 0;
    }

    private static float[] Part(ushort[] rows, int index, int width)
    {
        float[] values = new float[width];
        BFloat16.ToSingle(rows.AsSpan(index * width, width), values);
        return values;
    }
}
