using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>A committed answer with everything that was computed of it. Opens what its node computed, as its node would.</summary>
internal sealed class RecordedAnswer(RecordedPass pass, byte[] traceSecret)
{
    private readonly Dictionary<int, (StepOpening Step, MerkleLevels Leaves)> _steps = [];
    private byte[][]? _links;
    private MerkleLevels? _tree;

    public required AnswerTask Task { get; init; }

    public required int[] Ids { get; init; }

    public int PromptTokens => Task.Prompt.Length;

    public required DrawnToken Drawn { get; init; }

    public required CommittedTrace Trace { get; init; }

    public required IReadOnlyList<byte[]> StepHashes { get; init; }

    public required IReadOnlyList<byte[]> Toploc { get; init; }

    public required IReadOnlyList<byte[]> Sketches { get; init; }

    public required byte[] ToplocRoot { get; init; }

    public required byte[] SketchRoot { get; init; }

    public RecordedPass Pass => pass;

    private TraceShape Shape => Trace.Shape;

    /// <summary>A commitment over a pass as it was recorded, whatever its node committed to while it computed.</summary>
    /// <param name="pass">Of all positions but the last.</param>
    /// <param name="shape">The model's.</param>
    /// <param name="task">What was asked for.</param>
    /// <param name="ids">Prompt and answer.</param>
    /// <param name="shown">Whose proofs and draws are kept.</param>
    public static RecordedAnswer Commit(RecordedPass pass, TraceShape shape, AnswerTask task, int[] ids, RecordedAnswer shown)
    {
        RecordedAnswer Make(IReadOnlyList<byte[]> hashes, byte[] root) => new(pass, task.TraceSecret)
        {
            Task = task,
            Ids = ids,
            Drawn = shown.Drawn with { PromptTokens = task.Prompt.Length },
            Trace = new CommittedTrace(shape, ids.Length - 1, root),
            StepHashes = hashes,
            Toploc = shown.Toploc,
            Sketches = shown.Sketches,
            ToplocRoot = shown.ToplocRoot,
            SketchRoot = shown.SketchRoot,
        };

        byte[] none = new byte[TraceHash.Size];
        RecordedAnswer empty = Make([.. Enumerable.Repeat(none, ids.Length - 1)], none);
        byte[][] steps = new byte[ids.Length - 1][];
        for (int position = 0; position < steps.Length; position++)
        {
            TraceHash.Step(position, ids[position], MerkleTree.Root(empty.Step(position).LeafHashes(shape)), steps[position] = new byte[TraceHash.Size]);
        }

        byte[] root = new byte[TraceHash.Size];
        TraceHash.Root(shape, steps.Length, MerkleTree.Root(steps), root);
        return Make(steps, root);
    }

    private MerkleLevels Tree => _tree ??= new MerkleLevels([.. StepHashes]);

    /// <summary>A layer as its node opens it.</summary>
    public LayerEvidence Layer(in OpeningPlan plan, ModelConstants model, Func<bool, int, OpenedRow> rows)
    {
        (int step, int link) = ((int)plan.Step, (int)plan.LinkStep);
        (int head, int kvHeads, int layer) = (Shape.HeadSize, Shape.KvHeads, plan.Layer);
        (int queries, int keys, int inner) = (model.Heads * head, kvHeads * head, model.IntermediateSize);
        byte[] chains = new byte[kvHeads * TraceSalts.Size];
        using (TraceSalts salts = new(traceSecret))
        {
            salts.Write(TraceSalts.ChainPosition, (long)layer * kvHeads, chains);
        }

        int opened = plan.Head / (model.Heads / kvHeads);
        ReadOnlySpan<ushort> projected = pass.Projected(layer, step);
        ReadOnlySpan<ushort> gateUp = pass.GateUp(layer, step);
        LeafProof? previous = step > 0 ? Leaf(step - 1, layer) : null;
        LayerOpening opening = new()
        {
            PreviousLinks = previous?.Links ?? chains,
            Query = projected[..queries].ToArray(),
            Key = projected.Slice(queries, keys).ToArray(),
            Value = projected[(queries + keys)..].ToArray(),
            Attended = pass.Attended(layer, step).ToArray(),
            Gate = gateUp[..inner].ToArray(),
            Up = gateUp[inner..].ToArray(),
            ChainSalt = chains[(opened * TraceSalts.Size)..((opened + 1) * TraceSalts.Size)],
            HeadKeys = pass.Keys(layer, opened)[..((step + 1) * head)].ToArray(),
            HeadValues = pass.Values(layer, opened)[..((step + 1) * head)].ToArray(),
        };
        return new LayerEvidence(Step(step), opening, rows(false, Ids[step]), previous, Leaf(link, layer));
    }

    /// <summary>A row of logits as its node opens it.</summary>
    public LogitsEvidence Logits(in OpeningPlan plan, Func<bool, int, OpenedRow> rows)
    {
        StepOpening step = Step((int)plan.LogitsStep);
        int[] ids = LogitsJudge.RowsToOpen(step.Logits, Ids[(int)plan.LogitsStep + 1]);
        return new LogitsEvidence(step, rows(false, step.InputId), [.. ids.Select(id => rows(true, id))]);
    }

    /// <summary>All leaves of a step.</summary>
    public StepOpening Step(int position) => Opened(position).Step;

    private LeafProof Leaf(int position, int layer)
    {
        (StepOpening step, MerkleLevels leaves) = Opened(position);
        return new LeafProof
        {
            Position = position,
            InputId = step.InputId,
            Layer = layer,
            Outputs = step.OutputsHash(layer, Shape),
            Links = step.LayerLinks(layer, Shape).ToArray(),
            LeafPath = leaves.InclusionProof(layer),
            StepPath = step.Path,
        };
    }

    private (StepOpening Step, MerkleLevels Leaves) Opened(int position)
    {
        if (_steps.TryGetValue(position, out (StepOpening, MerkleLevels) known))
        {
            return known;
        }

        byte[] own = new byte[Shape.Leaves * TraceSalts.Size];
        using (TraceSalts salts = new(traceSecret))
        {
            salts.Write(position, own);
        }

        StepOpening step = new()
        {
            Position = position,
            InputId = Ids[position],
            Salts = own,
            AttentionOutputs = [.. Enumerable.Range(0, Shape.Layers).SelectMany(layer => pass.AttentionOutput(layer, position).ToArray())],
            DownOutputs = [.. Enumerable.Range(0, Shape.Layers).SelectMany(layer => pass.DownOutput(layer, position).ToArray())],
            Links = Links()[position],
            Logits = position >= PromptTokens - 1 ? pass.Logits[position]! : [],
            Path = Tree.InclusionProof(position),
        };
        return _steps[position] = (step, new MerkleLevels(step.LeafHashes(Shape)));
    }

    /// <summary>By position, those of all layers and heads.</summary>
    private byte[][] Links()
    {
        if (_links is not null)
        {
            return _links;
        }

        (int size, int head, int steps) = (TraceHash.Size, Shape.HeadSize, StepHashes.Count);
        byte[] chains = new byte[Shape.Layers * Shape.KvHeads * size];
        using (TraceSalts salts = new(traceSecret))
        {
            salts.Write(TraceSalts.ChainPosition, chains);
        }

        byte[][] links = new byte[steps][];
        for (int position = 0; position < steps; position++)
        {
            for (int chain = 0; chain < Shape.Layers * Shape.KvHeads; chain++)
            {
                (int layer, int kvHead) = (chain / Shape.KvHeads, chain % Shape.KvHeads);
                Span<byte> link = chains.AsSpan(chain * size, size);
                TraceHash.Link(link, pass.Keys(layer, kvHead).Slice(position * head, head), pass.Values(layer, kvHead).Slice(position * head, head), link);
            }

            links[position] = [.. chains];
        }

        return _links = links;
    }
}
