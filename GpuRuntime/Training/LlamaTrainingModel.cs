using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training.Corpus;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training;

/// <summary>
/// A Llama model in f32 with gradients: token embedding tied to the output, RMS norms, rotary embedding in the
/// half-split form of Hugging Face, grouped-query attention, SwiGLU. Tensor names are those of Hugging Face.
/// </summary>
public sealed class LlamaTrainingModel : IDisposable
{
    private const string EmbeddingName = "model.embed_tokens.weight";
    private readonly ModelShape _shape;
    private readonly Dictionary<string, Tensor> _parameters = [];
    private readonly Tensor _cos;
    private readonly Tensor _sin;
    private readonly Scalar _epsilon;

    private LlamaTrainingModel(ModelShape shape)
    {
        _shape = shape;
        using DisposeScope scope = NewDisposeScope();
        _epsilon = shape.RmsNormEps;
        using Scalar zero = 0;
        using Scalar one = 1.0f;
        using Scalar two = 2;
        using Scalar size = shape.HeadSize;
        using Scalar positions = shape.MaxPositionEmbeddings;
        Tensor exponents = arange(zero, size, two, ScalarType.Float32) / size;
        Tensor frequencies = one / pow(tensor((float)shape.RopeTheta), exponents);
        Tensor angles = outer(arange(zero, positions, ScalarType.Float32), frequencies);
        Tensor doubled = cat([angles, angles], 1);
        _cos = doubled.cos().MoveToOuterDisposeScope();
        _sin = doubled.sin().MoveToOuterDisposeScope();
    }

    /// <summary>The parameters by name, in a fixed order; all f32 with gradients.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters;

    /// <summary>Number of weights.</summary>
    public long Size => _parameters.Values.Sum(p => p.numel());

    /// <summary>A model with random weights from the seed: deviation 0.02, smaller for what writes into the residual stream.</summary>
    public static LlamaTrainingModel Create(ModelShape shape, int vocabularySize, ulong seed)
    {
        var model = new LlamaTrainingModel(shape);
        var random = new CorpusRandom(seed, stream: 2);
        double residual = 0.02 / Math.Sqrt(2.0 * shape.NumHiddenLayers);
        foreach ((string name, long[] size) in Layout(shape, vocabularySize))
        {
            float[] values = new float[size.Aggregate(1L, (a, b) => a * b)];
            bool writes = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = size.Length == 1 ? 1f : (float)(random.NextGaussian() * (writes ? residual : 0.02));
            }

            model.Add(name, values, size);
        }

        return model;
    }

    /// <summary>A model with given weights, by name; each must have the right number of values.</summary>
    /// <exception cref="TrainingException">A tensor is missing or has another size.</exception>
    public static LlamaTrainingModel FromWeights(ModelShape shape, int vocabularySize, Func<string, float[]?> read)
    {
        var model = new LlamaTrainingModel(shape);
        foreach ((string name, long[] size) in Layout(shape, vocabularySize))
        {
            float[]? values = read(name);
            if (values is null || values.LongLength != size.Aggregate(1L, (a, b) => a * b))
            {
                model.Dispose();
                throw new TrainingException($"The tensor {name} is missing or does not have the shape [{string.Join(", ", size)}].");
            }

            model.Add(name, values, size);
        }

        return model;
    }

    /// <summary>Logits of the next token at every position.</summary>
    /// <param name="ids">Token ids, int64 [rows, length].</param>
    /// <param name="places">Places whose logits are wanted, int64, numbered row by row; null for all.</param>
    /// <returns>f32 [rows, length, vocabulary], or [places, vocabulary].</returns>
    public Tensor Forward(Tensor ids, Tensor? places = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long rows = ids.shape[0], length = ids.shape[1];
        Tensor cos = _cos.narrow(0, 0, length), sin = _sin.narrow(0, 0, length);
        Tensor x = _parameters[EmbeddingName].index_select(0, ids.reshape(-1)).view(rows, length, _shape.HiddenSize);
        for (int layer = 0; layer < _shape.NumHiddenLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            Tensor h = Norm(x, prefix + "input_layernorm.weight");
            Tensor q = Heads(h, prefix + "self_attn.q_proj.weight", _shape.NumAttentionHeads, rows, length);
            Tensor k = Heads(h, prefix + "self_attn.k_proj.weight", _shape.NumKeyValueHeads, rows, length);
            Tensor v = Heads(h, prefix + "self_attn.v_proj.weight", _shape.NumKeyValueHeads, rows, length);
            int group = _shape.NumAttentionHeads / _shape.NumKeyValueHeads;
            k = Rotate(k, cos, sin);
            if (group > 1)
            {
                k = k.repeat_interleave(group, 1);
                v = v.repeat_interleave(group, 1);
            }

            Tensor attended = nn.functional.scaled_dot_product_attention(Rotate(q, cos, sin), k, v, is_casual: true);
            Tensor joined = attended.transpose(1, 2).reshape(rows, length, _shape.HiddenSize);
            x = x.Plus(Linear(joined, prefix + "self_attn.o_proj.weight"));
            h = Norm(x, prefix + "post_attention_layernorm.weight");
            Tensor gate = nn.functional.silu(Linear(h, prefix + "mlp.gate_proj.weight"));
            x = x.Plus(Linear(gate * Linear(h, prefix + "mlp.up_proj.weight"), prefix + "mlp.down_proj.weight"));
        }

        if (places is not null)
        {
            x = x.view(rows * length, _shape.HiddenSize).index_select(0, places);
        }

        Tensor logits = Linear(Norm(x, "model.norm.weight"), EmbeddingName);
        return logits.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor parameter in _parameters.Values)
        {
            parameter.Dispose();
        }

        _cos.Dispose();
        _sin.Dispose();
        _epsilon.Dispose();
    }

    private static IEnumerable<(string Name, long[] Size)> Layout(ModelShape shape, int vocabularySize)
    {
        long hidden = shape.HiddenSize, inner = shape.IntermediateSize;
        long keys = (long)shape.NumKeyValueHeads * shape.HeadSize;
        yield return (EmbeddingName, [vocabularySize, hidden]);
        for (int layer = 0; layer < shape.NumHiddenLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [hidden]);
            yield return (prefix + "self_attn.q_proj.weight", [hidden, hidden]);
            yield return (prefix + "self_attn.k_proj.weight", [keys, hidden]);
            yield return (prefix + "self_attn.v_proj.weight", [keys, hidden]);
            yield return (prefix + "self_attn.o_proj.weight", [hidden, hidden]);
            yield return (prefix + "post_attention_layernorm.weight", [hidden]);
            yield return (prefix + "mlp.gate_proj.weight", [inner, hidden]);
            yield return (prefix + "mlp.up_proj.weight", [inner, hidden]);
            yield return (prefix + "mlp.down_proj.weight", [hidden, inner]);
        }

        yield return ("model.norm.weight", [hidden]);
    }

    // The copy lies in libtorch's own aligned memory: sums over a managed array can differ in the last bit with its address.
    private void Add(string name, float[] values, long[] size)
    {
        using Tensor managed = tensor(values, size);
        _parameters.Add(name, managed.clone().requires_grad_().DetachFromDisposeScope());
    }

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, _parameters[name]);

    private Tensor Heads(Tensor x, string name, int heads, long rows, long length) =>
        Linear(x, name).view(rows, length, heads, _shape.HeadSize).transpose(1, 2);

    private Tensor Norm(Tensor x, string name) =>
        x * rsqrt(x.Squared().mean([-1], keepdim: true).Plus(_epsilon)) * _parameters[name];

    private Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = _shape.HeadSize / 2;
        Tensor turned = cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1);
        return (x * cos).Plus(turned * sin);
    }
}
