using TorchSharp;
using Verathos.GpuRuntime.Models;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>A model's weights as tensors; projections that read the same input are joined into one.</summary>
internal sealed class TorchWeights : IDisposable
{
    private readonly List<Tensor> _tensors = [];
    private readonly ModelSource _source;
    private readonly ScalarType _type;
    private readonly Device _device;

    public TorchWeights(ModelSource source, ScalarType type, Device device)
    {
        (_source, _type, _device) = (source, type, device);
        ModelConfig config = source.Config;
        Embedding = Matrix(ModelTensors.Embedding);
        Output = config.TiedEmbeddings ? Embedding : Matrix(ModelTensors.Output);
        FinalNorm = Norm(ModelTensors.FinalNorm);
        Layers = new TorchLayer[config.Layers];
        for (int i = 0; i < Layers.Length; i++)
        {
            string Name(string part) => ModelTensors.Layer(i, part);
            string Bias(string part) => ModelTensors.Bias(i, "self_attn." + part);
            Layers[i] = new TorchLayer
            {
                InputNorm = Norm(Name("input_layernorm")),
                QueryKeyValue = Matrix(Name("self_attn.q_proj"), Name("self_attn.k_proj"), Name("self_attn.v_proj")),
                Bias = config.AttentionBias ? Join(type, Bias("q_proj"), Bias("k_proj"), Bias("v_proj")) : null,
                QueryNorm = config.QueryKeyNorm ? Norm(Name("self_attn.q_norm")) : null,
                KeyNorm = config.QueryKeyNorm ? Norm(Name("self_attn.k_norm")) : null,
                AttentionOutput = Matrix(Name("self_attn.o_proj")),
                FeedForwardNorm = Norm(Name("post_attention_layernorm")),
                FeedForward = config.Experts is null ? FeedForward(part => Name("mlp." + part)) : null,
                Experts = config.Experts is { } experts ? MakeExperts(i, experts) : null,
            };
        }
    }

    public Tensor Embedding { get; }

    public Tensor Output { get; }

    public Tensor FinalNorm { get; }

    public TorchLayer[] Layers { get; }

    /// <summary>Bytes of all weights.</summary>
    public long Bytes { get; private set; }

    public void Dispose() => _tensors.ForEach(static tensor => tensor.Dispose());

    private Tensor Norm(string name) => Join(ScalarType.Float32, name);

    private Tensor Matrix(params string[] names) => Join(_type, names);

    private TorchFeedForward FeedForward(Func<string, string> name) =>
        new(Matrix(name("gate_proj"), name("up_proj")), Matrix(name("down_proj")));

    private TorchExperts MakeExperts(int layer, ExpertConfig config)
    {
        bool shared = config.SharedIntermediateSize > 0;
        TorchFeedForward[] experts = new TorchFeedForward[config.Count];
        for (int i = 0; i < experts.Length; i++)
        {
            experts[i] = FeedForward(part => ModelTensors.Expert(layer, i, part));
        }

        return new TorchExperts(
            config,
            Matrix(ModelTensors.Layer(layer, "mlp.gate")),
            experts,
            shared ? FeedForward(part => ModelTensors.Layer(layer, "mlp.shared_expert." + part)) : null,
            shared ? Matrix(ModelTensors.Layer(layer, "mlp.shared_expert_gate")) : null);
    }

    /// <summary>Puts tensors of one width below each other, or rows of one dimension behind each other.</summary>
    private unsafe Tensor Join(ScalarType type, params string[] names)
    {
        StoredTensor[] parts = Array.ConvertAll(names, name => _source.Tensors[name]);
        long columns = parts[0].Columns;
        Tensor joined = (parts[0].Info.Shape.Count == 1 ? empty(parts.Sum(static p => p.Columns), type) : empty(parts.Sum(static p => p.Rows), columns, type)).DetachFromDisposeScope();
        fixed (byte* start = joined.bytes)
        {
            long written = 0;
            foreach (StoredTensor part in parts)
            {
                if (type == ScalarType.Float32)
                {
                    part.CopyToSingle((float*)start + written);
                }
                else
                {
                    part.CopyToBFloat16((ushort*)start + written, part.Columns);
                }

                written += part.Info.Elements;
            }

            Bytes += joined.bytes.Length;
        }

        if (_device.type != DeviceType.CPU)
        {
            using Tensor here = joined;
            joined = here.to(_device).DetachFromDisposeScope();
        }

        _tensors.Add(joined);
        return joined;
    }
}
