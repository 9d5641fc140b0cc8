using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>
/// Judges one opened layer: every matrix by its key, and what lies between them recomputed in the profile bf16-lane16/2. Nothing of
/// the forward pass is run but one head's attention.
/// </summary>
/// <param name="key">The layer's key.</param>
/// <param name="limits">Measured for this model and profile.</param>
public sealed class LayerJudge(LayerKey key, LayerLimits limits)
{
    private readonly ModelConstants _model = key.Model;
    private readonly List<(OpeningCheck, MatrixJudgement)> _measured = [];

    /// <summary>Judges an opening.</summary>
    /// <param name="plan">What was to be opened.</param>
    /// <param name="trace">What was committed.</param>
    /// <param name="ids">The tokens of prompt and answer that the receipt counts.</param>
    /// <param name="evidence">What the node shows.</param>
    public OpeningVerdict Judge(in OpeningPlan plan, CommittedTrace trace, ReadOnlySpan<int> ids, LayerEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(evidence);
        _measured.Clear();
        OpeningCheck? failed = FindCommitmentFailure(plan, trace, ids, evidence) ?? FindComputationFailure(plan, evidence);
        return failed is { } check ? OpeningVerdict.Reject(check, [.. _measured]) : OpeningVerdict.Accept([.. _measured]);
    }

    private OpeningCheck? FindCommitmentFailure(in OpeningPlan plan, CommittedTrace trace, ReadOnlySpan<int> ids, LayerEvidence evidence)
    {
        (StepOpening step, LayerOpening layer) = (evidence.Step, evidence.Layer);
        if (plan.Layer != key.Layer || trace.Shape != _model.Shape || step.Position != plan.Step || !step.Fits(_model.Shape) || !layer.Fits(_model, plan.Step)
            || (uint)plan.Head >= (uint)_model.Heads || plan.LinkStep < 0 || plan.LinkStep > plan.Step)
        {
            return OpeningCheck.Form;
        }

        if (!step.IsIn(trace))
        {
            return OpeningCheck.Step;
        }

        if (plan.Step >= ids.Length || step.InputId != ids[(int)plan.Step])
        {
            return OpeningCheck.Input;
        }

        if (evidence.Embedding.Index != step.InputId || !evidence.Embedding.IsIn(_model.EmbeddingRoot, _model.Shape.VocabularySize, _model.Shape.HiddenSize))
        {
            return OpeningCheck.Embedding;
        }

        // At the first step the chains begin with salts, which any bytes may be.
        if (plan.Step > 0 && !(evidence.Previous is { } previous && Shows(previous, plan.Step - 1, trace) && previous.Links.AsSpan().SequenceEqual(layer.PreviousLinks)))
        {
            return OpeningCheck.PreviousLinks;
        }

        return Shows(evidence.Earlier, plan.LinkStep, trace) ? null : OpeningCheck.EarlierLink;
    }

    private OpeningCheck? FindComputationFailure(in OpeningPlan plan, LayerEvidence evidence)
    {
        (StepOpening step, LayerOpening layer) = (evidence.Step, evidence.Layer);
        int hidden = _model.Shape.HiddenSize;
        float[] embedding = Array.ConvertAll(evidence.Embedding.Weights, BFloat16.Round);
        float[] stream = step.Stream(embedding, plan.Layer, _model.Shape);
        float[] normed = new float[hidden];
        Lane16Math.Norm(stream, key.InputNorm, _model.Epsilon, normed);
        (float[] query, float[] keys, float[] value) = (Widen(layer.Query), Widen(layer.Key), Widen(layer.Value));
        if (!Passes(LayerMatrix.Query, OpeningCheck.Query, normed, query))
        {
            return OpeningCheck.Query;
        }

        if (!Passes(LayerMatrix.Key, OpeningCheck.Key, normed, keys))
        {
            return OpeningCheck.Key;
        }

        if (!Passes(LayerMatrix.Value, OpeningCheck.Value, normed, value))
        {
            return OpeningCheck.Value;
        }

        ushort[] turnedKeys = Turn(keys, key.KeyNorm, plan.Step);
        if (FindAttentionFailure(plan, evidence, turnedKeys, Turn(query, key.QueryNorm, plan.Step)) is { } failure)
        {
            return failure;
        }

        if (!Passes(LayerMatrix.AttentionOutput, OpeningCheck.AttentionOutput, Widen(layer.Attended), Widen(step.AttentionOutput(plan.Layer, _model.Shape))))
        {
            return OpeningCheck.AttentionOutput;
        }

        Lane16Math.Add(stream, step.AttentionOutput(plan.Layer, _model.Shape));
        Lane16Math.Norm(stream, key.FeedForwardNorm, _model.Epsilon, normed);
        if (key.Experts is { } experts)
        {
            return new ExpertJudge(experts, _model.Experts!, limits).FindFailure(normed, layer.Experts!, step.DownOutput(plan.Layer, _model.Shape), _measured);
        }

        (float[] gate, float[] up) = (Widen(layer.Gate), Widen(layer.Up));
        if (!Passes(LayerMatrix.Gate, OpeningCheck.Gate, normed, gate))
        {
            return OpeningCheck.Gate;
        }

        if (!Passes(LayerMatrix.Up, OpeningCheck.Up, normed, up))
        {
            return OpeningCheck.Up;
        }

        float[] activated = new float[gate.Length];
        Lane16Math.Activate(gate, up, activated);
        return Passes(LayerMatrix.Down, OpeningCheck.Down, activated, Widen(step.DownOutput(plan.Layer, _model.Shape))) ? null : OpeningCheck.Down;
    }

    private OpeningCheck? FindAttentionFailure(in OpeningPlan plan, LayerEvidence evidence, ushort[] turnedKeys, ushort[] turnedQueries)
    {
        (LayerOpening layer, int head, int size) = (evidence.Layer, _model.Shape.HeadSize, TraceHash.Size);
        ReadOnlySpan<byte> committed = evidence.Step.LayerLinks(plan.Layer, _model.Shape);
        Span<byte> link = stackalloc byte[size];
        for (int kvHead = 0; kvHead < _model.Shape.KvHeads; kvHead++)
        {
            TraceHash.Link(layer.PreviousLinks.AsSpan(kvHead * size, size), turnedKeys.AsSpan(kvHead * head, head), layer.Value.AsSpan(kvHead * head, head), link);
            if (!link.SequenceEqual(committed.Slice(kvHead * size, size)))
            {
                return OpeningCheck.Links;
            }
        }

        int opened = plan.Head / (_model.Heads / _model.Shape.KvHeads);
        layer.ChainSalt.CopyTo(link);
        bool passesEarlier = false;
        for (long position = 0; position <= plan.Step; position++)
        {
            int at = checked((int)(position * head));
            TraceHash.Link(link, layer.HeadKeys.AsSpan(at, head), layer.HeadValues.AsSpan(at, head), link);
            passesEarlier |= position == plan.LinkStep && link.SequenceEqual(evidence.Earlier.Links.AsSpan(opened * size, size));
        }

        if (!link.SequenceEqual(committed.Slice(opened * size, size)))
        {
            return OpeningCheck.HeadChain;
        }

        if (!passesEarlier)
        {
            return OpeningCheck.EarlierLink;
        }

        int first = checked((int)(_model.FirstSeen(plan.Layer, plan.Step) * head));
        float[] mixed = new float[head];
        Lane16Math.Attend(Widen(turnedQueries.AsSpan(plan.Head * head, head)), layer.HeadKeys.AsSpan(first), layer.HeadValues.AsSpan(first), mixed);
        int mismatches = 0;
        for (int i = 0; i < head; i++)
        {
            mismatches += BFloat16.FromSingle(mixed[i]) == layer.Attended[(plan.Head * head) + i] ? 0 : 1;
        }

        return mismatches <= limits.AttentionMismatches ? null : OpeningCheck.Attention;
    }

    private bool Shows(LeafProof proof, long position, CommittedTrace trace) => proof.Position == position && proof.Layer == key.Layer && proof.IsIn(trace);

    private bool Passes(LayerMatrix matrix, OpeningCheck check, float[] input, float[] output)
    {
        MatrixJudgement judgement = key[matrix].Judge(input, output);
        _measured.Add((check, judgement));
        return limits.Matrices[(int)matrix].Accepts(judgement);
    }

    /// <summary>Norms and turns all heads, and rounds them as they are stored.</summary>
    private ushort[] Turn(float[] projected, float[]? norm, long position)
    {
        int head = _model.Shape.HeadSize;
        (float[] cosines, float[] sines) = (new float[head / 2], new float[head / 2]);
        RotaryAngles.Write(checked((int)position), _model.Frequencies, _model.Amplitude, cosines, sines);
        float[] turned = [.. projected];
        for (int at = 0; at < turned.Length; at += head)
        {
            Span<float> one = turned.AsSpan(at, head);
            if (norm is not null)
            {
                Lane16Math.Norm(one, norm, _model.Epsilon, one);
            }

            Lane16Math.Turn(one, cosines, sines);
        }

        return Array.ConvertAll(turned, BFloat16.FromSingle);
    }

    private static float[] Widen(ReadOnlySpan<ushort> bits)
    {
        float[] values = new float[bits.Length];
        BFloat16.ToSingle(bits, values);
        return values;
    }
}
