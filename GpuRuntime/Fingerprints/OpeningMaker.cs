using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Opens committed answers by computing them again, which is exact in the served profile. For the engine's thread, or a backend of its own.</summary>
/// <param name="backend">Runs the model that the answer was committed with.</param>
/// <param name="rows">The embedding's and the output's rows.</param>
internal sealed class OpeningMaker(Lane16Backend backend, ValidatorKeyMaker rows)
{
    /// <summary>Opens a layer and a row of logits.</summary>
    /// <param name="answer">What was kept.</param>
    /// <param name="plan">What is asked for.</param>
    /// <exception cref="InvalidOperationException">The steps computed again are not those committed to: another model or profile.</exception>
    public (LayerEvidence Layer, LogitsEvidence Logits) Open(CommittedAnswer answer, in OpeningPlan plan)
    {
        TraceShape shape = rows.Constants.Shape;
        (int step, int link, int logits, int layer) = ((int)plan.Step, (int)plan.LinkStep, (int)plan.LogitsStep, plan.Layer);
        int[] wanted = [.. new[] { step - 1, step, link, logits }.Where(static position => position >= 0).Distinct().Order()];
        OpeningRecorder recorder = new(shape, wanted, layer, step);
        using TraceCommitment trace = new(shape, answer.TraceSecret);
        using TraceSalts salts = new(answer.TraceSecret);
        using SequenceState state = backend.CreateSequence(wanted[^1] + 1);
        state.Trace = new SequenceTrace(trace, answer.PromptTokens) { Recorder = recorder };
        float[] room = new float[shape.VocabularySize];
        foreach (int position in wanted)
        {
            // Each wanted step ends a pass, because only a pass's last row has logits.
            backend.Forward(state, answer.Ids.AsSpan(state.Length, position + 1 - state.Length), room);
            if (!trace.StepHashes[position].AsSpan().SequenceEqual(answer.StepHashes[position]))
            {
                throw new InvalidOperationException($"step {position} is not the one that was committed");
            }
        }

        StepOpening Step(int position) => recorder.Open(position, answer.Ids[position], salts, MerkleTree.InclusionProof(answer.StepHashes, position));
        LeafProof Leaf(int position) => recorder.OpenLeaf(position, answer.Ids[position], salts, MerkleTree.InclusionProof(answer.StepHashes, position));
        StepOpening logitsStep = Step(logits);
        LayerEvidence evidence = new(
            Step(step), OpenLayer(plan, recorder, salts, (Lane16Sequence)state, step > 0 ? Leaf(step - 1).Links : null),
            rows.Open(output: false, answer.Ids[step]), step > 0 ? Leaf(step - 1) : null, Leaf(link));
        int[] ids = LogitsJudge.RowsToOpen(logitsStep.Logits, answer.Ids[logits + 1]);
        return (evidence, new LogitsEvidence(logitsStep, rows.Open(output: false, answer.Ids[logits]), [.. ids.Select(id => rows.Open(output: true, id))]));
    }

    private unsafe LayerOpening OpenLayer(in OpeningPlan plan, OpeningRecorder recorder, TraceSalts salts, Lane16Sequence state, byte[]? previousLinks)
    {
        TraceShape shape = rows.Constants.Shape;
        (int head, int kvHeads) = (shape.HeadSize, shape.KvHeads);
        (int queries, int keys, int inner) = (rows.Constants.Heads * head, kvHeads * head, rows.Constants.IntermediateSize);
        byte[] chains = new byte[kvHeads * TraceSalts.Size];
        salts.Write(TraceSalts.ChainPosition, (long)plan.Layer * kvHeads, chains);
        int opened = plan.Head / (rows.Constants.Heads / kvHeads);
        int count = (int)plan.Step + 1;
        (ushort[] headKeys, ushort[] headValues) = (new ushort[count * head], new ushort[count * head]);
        PagedRows pages = state.Rows(plan.Layer, opened);
        for (int position = 0; position < count; position++)
        {
            new ReadOnlySpan<ushort>(pages.Key(position), head).CopyTo(headKeys.AsSpan(position * head));
            new ReadOnlySpan<ushort>(pages.Value(position), head).CopyTo(headValues.AsSpan(position * head));
        }

        return new LayerOpening
        {
            PreviousLinks = previousLinks ?? chains,
            Query = recorder.Projected[..queries],
            Key = recorder.Projected[queries..(queries + keys)],
            Value = recorder.Projected[(queries + keys)..],
            Attended = recorder.Attended,
            Gate = recorder.GateUp[..inner],
            Up = recorder.GateUp[inner..],
            ChainSalt = chains[(opened * TraceSalts.Size)..((opened + 1) * TraceSalts.Size)],
            HeadKeys = headKeys,
            HeadValues = headValues,
        };
    }
}
