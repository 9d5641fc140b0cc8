using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Openings;

/// <summary>A node that runs a <see cref="TinyModel"/>, commits to what it computes, and opens what it is asked for.</summary>
public sealed class TinyRun
{
    private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 3))];
    private readonly TinyModel _model;
    private readonly List<StepState> _steps = [];
    private readonly List<byte[]> _stepHashes = [];

    public TinyRun(TinyModel model, int[] prompt, int count, SamplingParameters parameters, Action<StepState>? tamper = null)
    {
        _model = model;
        Drawn = new DrawnToken(parameters, SamplingSeed.Derive(5, new byte[16]), prompt.Length, Array.Empty<ulong>());
        Ids = [.. prompt];
        for (int position = 0; position < prompt.Length + count - 1; position++)
        {
            Step(position, tamper);
        }

        byte[] root = new byte[32];
        TraceHash.Root(model.Constants.Shape, _stepHashes.Count, MerkleTree.Root(_stepHashes), root);
        Trace = new CommittedTrace(model.Constants.Shape, _stepHashes.Count, root);
    }

    public List<int> Ids { get; }

    public CommittedTrace Trace { get; }

    public DrawnToken Drawn { get; }


    public OpeningPlan Plan(int number) => OpeningPlan.Derive(
        [.. Enumerable.Repeat((byte)9, 32)], [.. Enumerable.Repeat((byte)4, 32)], number, _model.Constants.Shape, TinyModel.Heads, Drawn.PromptTokens, Trace.Steps);

    public LayerEvidence Open(OpeningPlan plan)
    {
        StepState state = _steps[(int)plan.Step];
        LayerState layer = state.Layers[plan.Layer];
        int kvHead = plan.Head / (TinyModel.Heads / TinyModel.KvHeads);
        ushort[] Rows(Func<LayerState, ushort[]> of) =>
            [.. _steps.Take((int)plan.Step + 1).SelectMany(s => of(s.Layers[plan.Layer]).AsSpan(kvHead * TinyModel.HeadSize, TinyModel.HeadSize).ToArray())];
        LayerOpening opening = new()
        {
            PreviousLinks = plan.Step > 0 ? _steps[(int)plan.Step - 1].Layers[plan.Layer].Links : Salts(-1, plan.Layer * TinyModel.KvHeads, TinyModel.KvHeads),
            Query = layer.Query,
            Key = layer.Key,
            Value = layer.Value,
            Attended = layer.Attended,
            Gate = layer.Gate,
            Up = layer.Up,
            ChainSalt = Salts(-1, (plan.Layer * TinyModel.KvHeads) + kvHead, 1),
            HeadKeys = Rows(l => l.TurnedKey),
            HeadValues = Rows(l => l.Value),
        };
        return new LayerEvidence(OpenStep(plan.Step), opening, Row(_model.Embedding, _model.EmbeddingTree, state.InputId), plan.Step > 0 ? Leaf(plan.Step - 1, plan.Layer) : null, Leaf(plan.LinkStep, plan.Layer));
    }

    public LogitsEvidence OpenLogits(OpeningPlan plan)
    {
        StepState state = _steps[(int)plan.LogitsStep];
        int[] ids = LogitsJudge.RowsToOpen(state.Logits, Ids[(int)plan.LogitsStep + 1]);
        return new LogitsEvidence(OpenStep(plan.LogitsStep), Row(_model.Embedding, _model.EmbeddingTree, state.InputId), [.. ids.Select(id => Row(_model.Output, _model.OutputTree, id))]);
    }

    private static OpenedRow Row(float[][] matrix, MerkleLevels tree, int index) => new(index, matrix[index], tree.InclusionProof(index));

    private static byte[] Salts(long position, long first, int count)
    {
        using TraceSalts salts = new(s_secret);
        byte[] bytes = new byte[32 * count];
        salts.Write(position, first, bytes);
        return bytes;
    }

    private StepOpening OpenStep(long position) => Leaves(_steps[(int)position], position) with { Path = MerkleTree.InclusionProof(_stepHashes, (int)position) };

    private static StepOpening Leaves(StepState state, long position)
    {
        return new StepOpening
        {
            Position = position,
            InputId = state.InputId,
            Salts = Salts(position, 0, TinyModel.Layers + 1),
            AttentionOutputs = [.. state.Layers.SelectMany(l => l.AttentionOutput)],
            DownOutputs = [.. state.Layers.SelectMany(l => l.DownOutput)],
            Links = [.. state.Layers.SelectMany(l => l.Links)],
            Logits = state.Logits,
            Path = [],
        };
    }

    private LeafProof Leaf(long position, int layer)
    {
        StepState state = _steps[(int)position];
        StepOpening step = OpenStep(position);
        return new LeafProof
        {
            Position = position,
            InputId = state.InputId,
            Layer = layer,
            Outputs = step.OutputsHash(layer, _model.Constants.Shape),
            Links = state.Layers[layer].Links,
            LeafPath = MerkleTree.InclusionProof(step.LeafHashes(_model.Constants.Shape), layer),
            StepPath = MerkleTree.InclusionProof(_stepHashes, (int)position),
        };
    }

    private void Step(int position, Action<StepState>? tamper)
    {
        ModelConstants constants = _model.Constants;
        StepState state = new(Ids[position]);
        _steps.Add(state);
        float[] stream = [.. _model.Embedding[state.InputId]];
        float[] normed = new float[TinyModel.Hidden];
        for (int layer = 0; layer < TinyModel.Layers; layer++)
        {
            (float[][][] weights, float[][]? biases, float[][] norms) = (_model.Served[layer], _model.Biases[layer], _model.Norms[layer]);
            LayerState own = new();
            state.Layers.Add(own);
            Lane16Math.Norm(stream, norms[0], constants.Epsilon, normed);
            own.Query = Multiply(weights[0], normed, biases?[0]);
            own.Key = Multiply(weights[1], normed, biases?[1]);
            own.Value = Multiply(weights[2], normed, biases?[2]);
            float[] query = Turn(own.Query, _model.HeadNorms ? norms[2] : null, position);
            own.TurnedKey = Array.ConvertAll(Turn(own.Key, _model.HeadNorms ? norms[3] : null, position), BFloat16.FromSingle);
            own.Attended = Attend(layer, position, query);
            own.AttentionOutput = Multiply(weights[3], Widen(own.Attended), null);
            Lane16Math.Add(stream, own.AttentionOutput);
            Lane16Math.Norm(stream, norms[1], constants.Epsilon, normed);
            (own.Gate, own.Up) = (Multiply(weights[4], normed, null), Multiply(weights[5], normed, null));
            float[] activated = new float[TinyModel.Inner];
            Lane16Math.Activate(Widen(own.Gate), Widen(own.Up), activated);
            own.DownOutput = Multiply(weights[6], activated, null);
            Lane16Math.Add(stream, own.DownOutput);
        }

        if (position >= Drawn.PromptTokens - 1)
        {
            Lane16Math.Norm(stream, constants.FinalNorm, constants.Epsilon, normed);
            state.Logits = [.. _model.Output.Select(row => Lane16Dot.Compute(row, normed))];
        }

        tamper?.Invoke(state);
        Commit(state);
        if (position >= Drawn.PromptTokens - 1)
        {
            Ids.Add(state.NextId ?? Sampler.Sample(state.Logits, Drawn.Parameters, Drawn.Seed.Span, position - Drawn.PromptTokens + 1));
        }
    }

    private void Commit(StepState state)
    {
        for (int layer = 0; layer < TinyModel.Layers; layer++)
        {
            LayerState own = state.Layers[layer];
            own.Links = new byte[TinyModel.KvHeads * 32];
            byte[] before = _steps.Count > 1 ? _steps[^2].Layers[layer].Links : Salts(-1, layer * TinyModel.KvHeads, TinyModel.KvHeads);
            for (int head = 0; head < TinyModel.KvHeads; head++)
            {
                ReadOnlySpan<ushort> key = own.TurnedKey.AsSpan(head * TinyModel.HeadSize, TinyModel.HeadSize);
                ReadOnlySpan<ushort> value = own.Value.AsSpan(head * TinyModel.HeadSize, TinyModel.HeadSize);
                TraceHash.Link(before.AsSpan(head * 32, 32), key, value, own.Links.AsSpan(head * 32, 32));
            }
        }

        byte[] hash = new byte[32];
        StepOpening step = Leaves(state, _steps.Count - 1);
        TraceHash.Step(step.Position, state.InputId, MerkleTree.Root(step.LeafHashes(_model.Constants.Shape)), hash);
        _stepHashes.Add(hash);
    }

    private ushort[] Attend(int layer, int position, float[] query)
    {
        ushort[] attended = new ushort[TinyModel.Heads * TinyModel.HeadSize];
        int first = (int)_model.Constants.FirstSeen(layer, position);
        for (int head = 0; head < TinyModel.Heads; head++)
        {
            int kvHead = head / (TinyModel.Heads / TinyModel.KvHeads);
            ushort[] Rows(Func<LayerState, ushort[]> of) => [.. _steps.Skip(first).SelectMany(s => of(s.Layers[layer]).AsSpan(kvHead * TinyModel.HeadSize, TinyModel.HeadSize).ToArray())];
            float[] mixed = new float[TinyModel.HeadSize];
            float[] own = [.. query.AsSpan(head * TinyModel.HeadSize, TinyModel.HeadSize).ToArray().Select(BFloat16.Round)];
            Lane16Math.Attend(own, Rows(l => l.TurnedKey), Rows(l => l.Value), mixed);
            Array.ConvertAll(mixed, BFloat16.FromSingle).CopyTo(attended, head * TinyModel.HeadSize);
        }

        return attended;
    }

    private float[] Turn(ushort[] projected, float[]? norm, int position)
    {
        (float[] cosines, float[] sines) = (new float[TinyModel.HeadSize / 2], new float[TinyModel.HeadSize / 2]);
        RotaryAngles.Write(position, _model.Constants.Frequencies, 1, cosines, sines);
        float[] turned = Widen(projected);
        for (int at = 0; at < turned.Length; at += TinyModel.HeadSize)
        {
            Span<float> head = turned.AsSpan(at, TinyModel.HeadSize);
            if (norm is not null)
            {
                Lane16Math.Norm(head, norm, _model.Constants.Epsilon, head);
            }

            Lane16Math.Turn(head, cosines, sines);
        }

        return turned;
    }

    private static ushort[] Multiply(float[][] weights, float[] input, float[]? bias) =>
        [.. weights.Select((row, i) => BFloat16.FromSingle(bias is null ? Lane16Dot.Compute(row, input) : Lane16Dot.Compute(row, input) + bias[i]))];

    private static float[] Widen(ushort[] bits) => Array.ConvertAll(bits, BFloat16.ToSingle);

    public sealed class StepState(int inputId)
    {
        public int InputId { get; } = inputId;

        public List<LayerState> Layers { get; } = [];

        public float[] Logits { get; set; } = [];

        public int? NextId { get; set; }
    }

    public sealed class LayerState
    {
        public ushort[] Query { get; set; } = [];

        public ushort[] Key { get; set; } = [];

        public ushort[] Value { get; set; } = [];

        public ushort[] TurnedKey { get; set; } = [];

        public ushort[] Attended { get; set; } = [];

        public ushort[] AttentionOutput { get; set; } = [];

        public ushort[] Gate { get; set; } = [];

        public ushort[] Up { get; set; } = [];

        public ushort[] DownOutput { get; set; } = [];

        public byte[] Links { get; set; } = [];
    }
}
