using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>
/// One opening of a committed answer under way: the answer is computed again in pieces of any size, so that others' turns come in between.
/// For the thread that runs the backend; overwrites what it computed when disposed, its results included where they need not stay.
/// </summary>
internal sealed class OpeningRun : IDisposable
{
    private readonly Lane16Backend _backend;
    private readonly IOpenedRows _rows;
    private readonly CommittedAnswer _answer;
    private readonly OpeningPlan _plan;
    private readonly int[] _wanted;
    private readonly OpeningRecorder _recorder;
    private readonly TraceCommitment _trace;
    private readonly TraceSalts _salts;
    private readonly SequenceState _state;
    private readonly float[] _room;
    private readonly bool _stepOnly;
    private LayerEvidence? _layer;
    private int _reached;

    /// <summary>Begins the opening of a layer and a row of logits.</summary>
    /// <param name="backend">Runs the model that the answer was committed with.</param>
    /// <param name="rows">The embedding's and the output's rows.</param>
    /// <param name="answer">What was kept.</param>
    /// <param name="plan">What is asked for.</param>
    public OpeningRun(Lane16Backend backend, IOpenedRows rows, CommittedAnswer answer, in OpeningPlan plan)
        : this(backend, rows, answer, plan, stepOnly: false)
    {
    }

    private OpeningRun(Lane16Backend backend, IOpenedRows rows, CommittedAnswer answer, in OpeningPlan plan, bool stepOnly)
    {
        (_backend, _rows, _answer, _plan, _stepOnly) = (backend, rows, answer, plan, stepOnly);
        int step = (int)plan.Step;
        _wanted = stepOnly ? [step] : [.. new[] { step - 1, step, (int)plan.LinkStep, (int)plan.LogitsStep }.Where(static position => position >= 0).Distinct().Order()];
        if (step < 0 || _wanted[^1] >= answer.StepHashes.Count || (uint)plan.Layer >= (uint)rows.Shape.Layers || (uint)plan.Head >= (uint)rows.Heads
            || (!stepOnly && (plan.LinkStep < 0 || plan.LinkStep > plan.Step || plan.LogitsStep < answer.PromptTokens - 1)))
        {
            throw new ArgumentException("the answer has no such step, layer or head", nameof(plan));
        }

        _recorder = new OpeningRecorder(rows.Shape, _wanted, plan.Layer, stepOnly ? -1 : step);
        _trace = new TraceCommitment(rows.Shape, answer.TraceSecret);
        _salts = new TraceSalts(answer.TraceSecret);
        _state = backend.CreateSequence(_wanted[^1] + 1);
        _state.Trace = new SequenceTrace(_trace, answer.PromptTokens) { Recorder = _recorder };
        _room = new float[rows.Shape.VocabularySize];
    }

    /// <summary>Whether results stay after the run's end.</summary>
    public bool KeepsResults { get; set; }

    /// <summary>Begins the opening of one step's leaves alone.</summary>
    public static OpeningRun OfStep(Lane16Backend backend, IOpenedRows rows, CommittedAnswer answer, long step) =>
        new(backend, rows, answer, new OpeningPlan(step, 0, 0, 0, step), stepOnly: true);

    /// <summary>The positions that a run computes, whose keys and values it holds.</summary>
    public static int PositionsOf(in OpeningPlan plan) => (int)Math.Max(plan.Step, plan.LogitsStep) + 1;

    /// <summary>Computes on.</summary>
    /// <param name="positions">The most of this call, at least 1.</param>
    /// <returns>Whether everything is computed.</returns>
    /// <exception cref="InvalidOperationException">The steps computed again are not those committed to: another model or profile.</exception>
    public bool Advance(int positions)
    {
        for (int left = positions; left > 0 && _reached < _wanted.Length;)
        {
            // Each wanted step ends a pass, because only a pass's last row has logits.
            int position = _wanted[_reached];
            int count = Math.Min(left, position + 1 - _state.Length);
            _backend.Forward(_state, _answer.Ids.AsSpan(_state.Length, count), _room);
            left -= count;
            if (_state.Length <= position)
            {
                return false;
            }

            if (!_trace.StepHashes[position].AsSpan().SequenceEqual(_answer.StepHashes[position]))
            {
                throw new InvalidOperationException($"step {position} is not the one that was committed");
            }

            _reached++;
        }

        return _reached == _wanted.Length;
    }

    /// <summary>What a validator judges, once everything is computed. Overwritten when the run is disposed.</summary>
    public (LayerEvidence Layer, LogitsEvidence Logits) Result()
    {
        (int step, int link, int logits) = ((int)_plan.Step, (int)_plan.LinkStep, (int)_plan.LogitsStep);
        LeafProof? previous = step > 0 ? Leaf(step - 1) : null;
        StepOpening logitsStep = Step(logits);
        _layer = new LayerEvidence(
            Step(step), OpenLayer(previous?.Links), _rows.Open(output: false, _answer.Ids[step]), previous, Leaf(link));
        int[] ids = LogitsJudge.RowsToOpen(logitsStep.Logits, _answer.Ids[logits + 1]);
        return (_layer, new LogitsEvidence(logitsStep, _rows.Open(output: false, _answer.Ids[logits]), [.. ids.Select(id => _rows.Open(output: true, id))]));
    }

    /// <summary>The leaves of the step of <see cref="OfStep"/>, once everything is computed. Overwritten when the run is disposed.</summary>
    public StepOpening StepResult() => _stepOnly ? Step((int)_plan.Step) : throw new InvalidOperationException("the run opens more than a step");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!KeepsResults)
        {
            WipeResults();
        }

        Array.Clear(_room);
        _state.Dispose();
        _trace.Dispose();
        _salts.Dispose();
    }

    private void WipeResults()
    {
        _recorder.Wipe();
        if (_layer?.Layer is { } layer)
        {
            foreach (ushort[] rows in (ushort[][])[layer.HeadKeys, layer.HeadValues, layer.Query, layer.Key, layer.Value, layer.Gate, layer.Up])
            {
                Array.Clear(rows);
            }

            Array.ForEach(layer.Experts?.Rows ?? [], Array.Clear);
        }
    }

    private StepOpening Step(int position) => _recorder.Open(position, _answer.Ids[position], _salts, MerkleTree.InclusionProof(_answer.StepHashes, position));

    private LeafProof Leaf(int position) => _recorder.OpenLeaf(position, _answer.Ids[position], _salts, MerkleTree.InclusionProof(_answer.StepHashes, position));

    private unsafe LayerOpening OpenLayer(byte[]? previousLinks)
    {
        TraceShape shape = _rows.Shape;
        (int head, int kvHeads) = (shape.HeadSize, shape.KvHeads);
        (int queries, int keys) = (_rows.Heads * head, kvHeads * head);
        int inner = _recorder.GateUp.Length / 2;
        byte[] chains = new byte[kvHeads * TraceSalts.Size];
        _salts.Write(TraceSalts.ChainPosition, (long)_plan.Layer * kvHeads, chains);
        int opened = _plan.Head / (_rows.Heads / kvHeads);
        int count = (int)_plan.Step + 1;
        (ushort[] headKeys, ushort[] headValues) = (new ushort[count * head], new ushort[count * head]);
        PagedRows pages = ((Lane16Sequence)_state).Rows(_plan.Layer, opened);
        for (int position = 0; position < count; position++)
        {
            new ReadOnlySpan<ushort>(pages.Key(position), head).CopyTo(headKeys.AsSpan(position * head));
            new ReadOnlySpan<ushort>(pages.Value(position), head).CopyTo(headValues.AsSpan(position * head));
        }

        return new LayerOpening
        {
            PreviousLinks = previousLinks ?? chains,
            Query = _recorder.Projected[..queries],
            Key = _recorder.Projected[queries..(queries + keys)],
            Value = _recorder.Projected[(queries + keys)..],
            Attended = _recorder.Attended,
            Gate = _recorder.GateUp[..inner],
            Up = _recorder.GateUp[inner..],
            Experts = _recorder.OpenExperts(),
            ChainSalt = chains[(opened * TraceSalts.Size)..((opened + 1) * TraceSalts.Size)],
            HeadKeys = headKeys,
            HeadValues = headValues,
        };
    }
}
