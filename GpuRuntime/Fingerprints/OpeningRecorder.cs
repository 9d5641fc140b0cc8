using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What is kept of some steps while a sequence is computed again, so that they can be opened. Wiped by its owner.</summary>
internal sealed class OpeningRecorder
{
    private readonly TraceShape _shape;
    private readonly Dictionary<int, Step> _steps;
    private readonly SortedDictionary<int, (ushort[] GateUp, ushort[] Output)> _experts = [];
    private float[] _router = [];
    private float[] _sharedLogit = [];
    private (ushort[] GateUp, ushort[] Output) _shared = ([], []);

    /// <summary>Keeps the leaves of some positions, and what one layer computes at one of them.</summary>
    public OpeningRecorder(TraceShape shape, IEnumerable<int> positions, int layer, int layerPosition)
    {
        (_shape, Layer, LayerPosition) = (shape, layer, layerPosition);
        _steps = positions.Distinct().ToDictionary(static position => position, _ => new Step(shape));
    }

    public int Layer { get; }

    public int LayerPosition { get; }

    /// <summary>Outputs of the joined query, key and value projection, biases added.</summary>
    public ushort[] Projected { get; private set; } = [];

    public ushort[] Attended { get; private set; } = [];

    /// <summary>Outputs of the joined gate and up projection.</summary>
    public ushort[] GateUp { get; private set; } = [];

    public void RecordAttentionOutput(int position, int layer, ReadOnlySpan<float> output)
    {
        if (_steps.TryGetValue(position, out Step? step))
        {
            Narrow(output, step.AttentionOutputs.AsSpan(layer * _shape.HiddenSize));
        }
    }

    public void RecordDownOutput(int position, int layer, ReadOnlySpan<float> output)
    {
        if (_steps.TryGetValue(position, out Step? step))
        {
            Narrow(output, step.DownOutputs.AsSpan(layer * _shape.HiddenSize));
        }
    }

    public void RecordLinks(int position, int layer, ReadOnlySpan<byte> links)
    {
        if (_steps.TryGetValue(position, out Step? step))
        {
            links.CopyTo(step.Links.AsSpan(layer * links.Length));
        }
    }

    public void RecordLogits(int position, ReadOnlySpan<float> logits)
    {
        if (_steps.TryGetValue(position, out Step? step))
        {
            step.Logits = logits.ToArray();
        }
    }

    public void RecordProjected(ReadOnlySpan<float> rows) => Projected = Narrow(rows);

    public void RecordAttended(ReadOnlySpan<float> rows) => Attended = Narrow(rows);

    public void RecordGateUp(ReadOnlySpan<float> rows) => GateUp = Narrow(rows);

    public void RecordRouter(ReadOnlySpan<float> logits)
    {
        _router = logits.ToArray();
        _experts.Clear();
    }

    public void RecordExpert(int expert, ReadOnlySpan<float> gateUp, ReadOnlySpan<float> output) => _experts[expert] = (Narrow(gateUp), Narrow(output));

    public void RecordShared(float logit, ReadOnlySpan<float> gateUp, ReadOnlySpan<float> output) => (_sharedLogit, _shared) = ([logit], (Narrow(gateUp), Narrow(output)));

    /// <summary>What the layer's experts computed; null where there are none.</summary>
    public ExpertOpening? OpenExperts() => _router.Length == 0 ? null : new ExpertOpening
    {
        Router = _router,
        Chosen = [.. _experts.Keys],
        Gates = [.. _experts.Values.SelectMany(static e => e.GateUp[..(e.GateUp.Length / 2)])],
        Ups = [.. _experts.Values.SelectMany(static e => e.GateUp[(e.GateUp.Length / 2)..])],
        Downs = [.. _experts.Values.SelectMany(static e => e.Output)],
        SharedLogit = _sharedLogit,
        SharedGate = _shared.GateUp[..(_shared.GateUp.Length / 2)],
        SharedUp = _shared.GateUp[(_shared.GateUp.Length / 2)..],
        SharedDown = _shared.Output,
    };

    /// <summary>A step with all its leaves.</summary>
    public StepOpening Open(int position, int inputId, TraceSalts salts, IReadOnlyList<byte[]> path)
    {
        Step step = _steps[position];
        byte[] own = new byte[_shape.Leaves * TraceSalts.Size];
        salts.Write(position, own);
        return new StepOpening
        {
            Position = position,
            InputId = inputId,
            Salts = own,
            AttentionOutputs = step.AttentionOutputs,
            DownOutputs = step.DownOutputs,
            Links = step.Links,
            Logits = step.Logits,
            Path = path,
        };
    }

    /// <summary>The layer's leaf of a step.</summary>
    public LeafProof OpenLeaf(int position, int inputId, TraceSalts salts, IReadOnlyList<byte[]> path)
    {
        StepOpening step = Open(position, inputId, salts, path);
        return new LeafProof
        {
            Position = position,
            InputId = inputId,
            Layer = Layer,
            Outputs = step.OutputsHash(Layer, _shape),
            Links = step.LayerLinks(Layer, _shape).ToArray(),
            LeafPath = MerkleTree.InclusionProof(step.LeafHashes(_shape), Layer),
            StepPath = path,
        };
    }

    /// <summary>Overwrites what was kept.</summary>
    public void Wipe()
    {
        Array.Clear(Projected);
        Array.Clear(Attended);
        Array.Clear(GateUp);
        Array.Clear(_router);
        Array.Clear(_sharedLogit);
        foreach ((ushort[] gateUp, ushort[] output) in _experts.Values.Append(_shared))
        {
            Array.Clear(gateUp);
            Array.Clear(output);
        }

        foreach (Step step in _steps.Values)
        {
            Array.Clear(step.AttentionOutputs);
            Array.Clear(step.DownOutputs);
            Array.Clear(step.Logits);
        }
    }

    private static ushort[] Narrow(ReadOnlySpan<float> values)
    {
        ushort[] bits = new ushort[values.Length];
        Narrow(values, bits);
        return bits;
    }

    private static void Narrow(ReadOnlySpan<float> values, Span<ushort> bits)
    {
        for (int i = 0; i < values.Length; i++)
        {
            bits[i] = BFloat16.FromSingle(values[i]);
        }
    }

    private sealed class Step(TraceShape shape)
    {
        public ushort[] AttentionOutputs { get; } = new ushort[shape.Layers * shape.HiddenSize];

        public ushort[] DownOutputs { get; } = new ushort[shape.Layers * shape.HiddenSize];

        public byte[] Links { get; } = new byte[shape.Layers * shape.KvHeads * TraceHash.Size];

        public float[] Logits { get; set; } = [];
    }
}
