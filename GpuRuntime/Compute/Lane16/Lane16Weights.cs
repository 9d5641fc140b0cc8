using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>A model's weights: matrices as bfloat16, norms as binary32; projections that read the same input are joined.</summary>
internal sealed class Lane16Weights : IDisposable
{
    public Lane16Weights(ModelSource source)
    {
        ModelConfig config = source.Config;
        Embedding = new PackedMatrix(source, LlamaTensors.Embedding);
        Output = config.TiedEmbeddings ? Embedding : new PackedMatrix(source, LlamaTensors.Output);
        FinalNorm = Norm(source, LlamaTensors.FinalNorm);
        Layers = new Layer[config.Layers];
        for (int i = 0; i < Layers.Length; i++)
        {
            string Name(string part) => LlamaTensors.Layer(i, part);
            Layers[i] = new Layer(
                Norm(source, Name("input_layernorm")),
                new PackedMatrix(source, Name("self_attn.q_proj"), Name("self_attn.k_proj"), Name("self_attn.v_proj")),
                new PackedMatrix(source, Name("self_attn.o_proj")),
                Norm(source, Name("post_attention_layernorm")),
                new PackedMatrix(source, Name("mlp.gate_proj"), Name("mlp.up_proj")),
                new PackedMatrix(source, Name("mlp.down_proj")));
        }
    }

    public PackedMatrix Embedding { get; }

    public PackedMatrix Output { get; }

    public float[] FinalNorm { get; }

    public Layer[] Layers { get; }

    public long Bytes => Embedding.Bytes + (Output == Embedding ? 0 : Output.Bytes)
        + Layers.Sum(static l => l.QueryKeyValue.Bytes + l.AttentionOutput.Bytes + l.GateUp.Bytes + l.Down.Bytes);

    public void Dispose()
    {
        Embedding.Dispose();
        Output.Dispose();
        foreach (Layer layer in Layers)
        {
            layer.QueryKeyValue.Dispose();
            layer.AttentionOutput.Dispose();
            layer.GateUp.Dispose();
            layer.Down.Dispose();
        }
    }

    private static unsafe float[] Norm(ModelSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Info.Elements];
        fixed (float* start = values)
        {
            source.Tensors[name].CopyToSingle(start);
        }

        return values;
    }

    /// <summary>One block's weights.</summary>
    internal sealed record Layer(float[] InputNorm, PackedMatrix QueryKeyValue, PackedMatrix AttentionOutput, float[] FeedForwardNorm, PackedMatrix GateUp, PackedMatrix Down);
}
