using TorchSharp;
using Verathos.GpuRuntime.Models;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>A model's weights as tensors; projections that read the same input are joined into one.</summary>
internal sealed class TorchWeights : IDisposable
{
    public TorchWeights(ModelSource source, ScalarType type)
    {
        ModelConfig config = source.Config;
        Embedding = Join(source, type, LlamaTensors.Embedding);
        Output = config.TiedEmbeddings ? Embedding : Join(source, type, LlamaTensors.Output);
        FinalNorm = Join(source, ScalarType.Float32, LlamaTensors.FinalNorm);
        Layers = new TorchLayer[config.Layers];
        for (int i = 0; i < Layers.Length; i++)
        {
            string Name(string part) => LlamaTensors.Layer(i, part);
            Layers[i] = new TorchLayer(
                Join(source, ScalarType.Float32, Name("input_layernorm")),
                Join(source, type, Name("self_attn.q_proj"), Name("self_attn.k_proj"), Name("self_attn.v_proj")),
                Join(source, type, Name("self_attn.o_proj")),
                Join(source, ScalarType.Float32, Name("post_attention_layernorm")),
                Join(source, type, Name("mlp.gate_proj"), Name("mlp.up_proj")),
                Join(source, type, Name("mlp.down_proj")));
        }
    }

    public Tensor Embedding { get; }

    public Tensor Output { get; }

    public Tensor FinalNorm { get; }

    public TorchLayer[] Layers { get; }

    /// <summary>Bytes of all weights.</summary>
    public long Bytes { get; private set; }

    public void Dispose()
    {
        Embedding.Dispose();
        Output.Dispose();
        FinalNorm.Dispose();
        foreach (TorchLayer layer in Layers)
        {
            layer.Dispose();
        }
    }

    private unsafe Tensor Join(ModelSource source, ScalarType type, params string[] names)
    {
        StoredTensor[] parts = Array.ConvertAll(names, name => source.Tensors[name]);
        long rows = parts.Sum(static p => p.Rows);
        long columns = parts[0].Columns;
        Tensor joined = (parts[0].Info.Shape.Count == 1 ? empty(columns, type) : empty(rows, columns, type)).DetachFromDisposeScope();
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
                    part.CopyToBFloat16((ushort*)start + written, columns);
                }

                written += part.Info.Elements;
            }

            Bytes += joined.bytes.Length;
        }

        return joined;
    }
}
