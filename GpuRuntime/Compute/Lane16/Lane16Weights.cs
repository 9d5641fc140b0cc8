using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>A model's weights: matrices as bfloat16, norms as binary32, biases rounded to bfloat16; projections that read the same input are joined.</summary>
internal sealed class Lane16Weights : IDisposable
{
    private readonly List<PackedMatrix> _matrices = [];

    public Lane16Weights(ModelSource source)
    {
        ModelConfig config = source.Config;
        Embedding = Matrix(source, ModelTensors.Embedding);
        Output = config.TiedEmbeddings ? Embedding : Matrix(source, ModelTensors.Output);
        FinalNorm = Row(source, ModelTensors.FinalNorm);
        Layers = new Layer[config.Layers];
        for (int i = 0; i < Layers.Length; i++)
        {
            string Name(string part) => ModelTensors.Layer(i, part);
            Layers[i] = new Layer
            {
                InputNorm = Row(source, Name("input_layernorm")),
                QueryKeyValue = Matrix(source, Name("self_attn.q_proj"), Name("self_attn.k_proj"), Name("self_attn.v_proj")),
                Bias = config.AttentionBias ? Bias(source, i) : null,
                QueryNorm = config.QueryKeyNorm ? Row(source, Name("self_attn.q_norm")) : null,
                KeyNorm = config.QueryKeyNorm ? Row(source, Name("self_attn.k_norm")) : null,
                AttentionOutput = Matrix(source, Name("self_attn.o_proj")),
                FeedForwardNorm = Row(source, Name("post_attention_layernorm")),
                FeedForward = config.Experts is null ? Expert(source, part => Name("mlp." + part)) : null,
                Experts = config.Experts is { } experts ? MakeExperts(source, i, experts) : null,
            };
        }
    }

    public PackedMatrix Embedding { get; }

    public PackedMatrix Output { get; }

    public float[] FinalNorm { get; }

    public Layer[] Layers { get; }

    public long Bytes => _matrices.Sum(static matrix => matrix.Bytes);

    /// <summary>Floats that a worker needs for a part of any of the matrices.</summary>
    public long RoomSize => _matrices.Max(static matrix => matrix.RoomSize);

    public void Dispose() => _matrices.ForEach(static matrix => matrix.Dispose());

    private static unsafe float[] Row(ModelSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Info.Elements];
        fixed (float* start = values)
        {
            source.Tensors[name].CopyToSingle(start);
        }

        return values;
    }

    private static float[] Bias(ModelSource source, int layer)
    {
        string[] parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
        return [.. parts.SelectMany(part => Row(source, ModelTensors.Bias(layer, part))).Select(Lanes.Round)];
    }

    private PackedMatrix Matrix(ModelSource source, params string[] names)
    {
        PackedMatrix matrix = new(source, names);
        _matrices.Add(matrix);
        return matrix;
    }

    private FeedForward Expert(ModelSource source, Func<string, string> name) =>
        new(Matrix(source, name("gate_proj"), name("up_proj")), Matrix(source, name("down_proj")));

    private ExpertLayer MakeExperts(ModelSource source, int layer, ExpertConfig config)
    {
        bool shared = config.SharedIntermediateSize > 0;
        FeedForward[] experts = new FeedForward[config.Count];
        for (int i = 0; i < experts.Length; i++)
        {
            experts[i] = Expert(source, part => ModelTensors.Expert(layer, i, part));
        }

        return new ExpertLayer(
            Matrix(source, ModelTensors.Layer(layer, "mlp.gate")),
            experts,
            shared ? Expert(source, part => ModelTensors.Layer(layer, "mlp.shared_expert." + part)) : null,
            shared ? Matrix(source, ModelTensors.Layer(layer, "mlp.shared_expert_gate")) : null);
    }

    /// <summary>One block's weights.</summary>
    internal sealed record Layer
    {
        public required float[] InputNorm { get; init; }

        public required PackedMatrix QueryKeyValue { get; init; }

        /// <summary>Of queries, keys and values, or null.</summary>
        public required float[]? Bias { get; init; }

        public required float[]? QueryNorm { get; init; }

        public required float[]? KeyNorm { get; init; }

        public required PackedMatrix AttentionOutput { get; init; }

        public required float[] FeedForwardNorm { get; init; }

        /// <summary>Null where <see cref="Experts"/> take its place.</summary>
        public required FeedForward? FeedForward { get; init; }

        public required ExpertLayer? Experts { get; init; }
    }

    /// <summary>A feed-forward part, or one expert.</summary>
    internal sealed record FeedForward(PackedMatrix GateUp, PackedMatrix Down);

    /// <summary>A block's experts; the shared one, which all rows pass, has a gate of one row.</summary>
    internal sealed record ExpertLayer(PackedMatrix Router, FeedForward[] Experts, FeedForward? Shared, PackedMatrix? SharedGate);
}
