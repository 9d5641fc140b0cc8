using System.Runtime.InteropServices;
using TorchSharp;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// Many copies of one small Llama model with weights of their own, so that one forward and one backward pass do all of them: every tensor
/// is [copies, rows, columns], and every product one over the stack. The arithmetic is that of <see cref="LlamaTrainingModel"/>; all
/// of it runs on the calling thread.
/// </summary>
internal sealed class StackedModel : IDisposable
{
    private readonly ModelShape _shape;
    private readonly Tensor[] _parameters;
    private readonly Tensor _cos;
    private readonly Tensor _sin;
    private readonly Scalar _epsilon;

    /// <summary>Copies with weights of 0.</summary>
    /// <param name="shape">As many key heads as query heads.</param>
    /// <param name="vocabulary">Tokens.</param>
    /// <param name="copies">At least 1.</param>
    /// <param name="learns">Whether gradients are wanted.</param>
    public StackedModel(ModelShape shape, int vocabulary, int copies, bool learns)
    {
        NativeRuntime.Load();
        if (shape.NumKeyValueHeads != shape.NumAttentionHeads || shape.HiddenSize % shape.NumAttentionHeads != 0 || shape.HeadSize % 2 != 0)
        {
            throw new ArgumentException("a stack takes models with as many key heads as query heads, of an even size", nameof(shape));
        }

        (_shape, Vocabulary, Copies) = (shape, vocabulary, copies);
        Tensors = [.. LayoutOf(shape, vocabulary)];
        using DisposeScope scope = NewDisposeScope();
        _parameters = [.. Tensors.Select(t => zeros([copies, t.Rows, t.Columns], ScalarType.Float32, requires_grad: learns).DetachFromDisposeScope())];
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
        _cos = doubled.cos().DetachFromDisposeScope();
        _sin = doubled.sin().DetachFromDisposeScope();
    }

    /// <summary>The tensors in the fixed order of flat vectors, that of a model folder.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Tensors { get; }

    /// <summary>Weights of one copy.</summary>
    public int Count => Tensors.Sum(t => t.Rows * t.Columns);

    /// <summary>Tokens.</summary>
    public int Vocabulary { get; }

    /// <summary>Copies.</summary>
    public int Copies { get; }

    /// <summary>The stacked tensors, in the order of <see cref="Tensors"/>.</summary>
    public IReadOnlyList<Tensor> Parameters => _parameters;

    /// <summary>A stacked tensor's values, live: copy after copy.</summary>
    public Span<float> Values(int tensor) => MemoryMarshal.Cast<byte, float>(_parameters[tensor].bytes);

    /// <summary>Puts a flat vector into one copy.</summary>
    public void Set(int copy, ReadOnlySpan<float> flat)
    {
        int at = 0;
        for (int i = 0; i < _parameters.Length; i++)
        {
            int size = Tensors[i].Rows * Tensors[i].Columns;
            flat.Slice(at, size).CopyTo(Values(i).Slice(copy * size, size));
            at += size;
        }
    }

    /// <summary>Reads one copy into a flat vector.</summary>
    public void Get(int copy, Span<float> flat)
    {
        int at = 0;
        for (int i = 0; i < _parameters.Length; i++)
        {
            int size = Tensors[i].Rows * Tensors[i].Columns;
            Values(i).Slice(copy * size, size).CopyTo(flat[at..]);
            at += size;
        }
    }

    /// <summary>The losses of the next tokens.</summary>
    /// <param name="inputs">Token ids, copy after copy, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="rows">Rows of each copy.</param>
    /// <returns>f32 [copies * rows * length] in nats, to be disposed of by the caller's scope.</returns>
    public Tensor Losses(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int rows)
    {
        using DisposeScope scope = NewDisposeScope();
        int length = inputs.Length / (Copies * rows);
        int tokens = rows * length;
        long[] ids = inputs.ToArray();
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] += (long)(i / tokens) * Vocabulary;
        }

        Tensor cos = _cos.narrow(0, 0, length), sin = _sin.narrow(0, 0, length);
        int next = 0;
        Tensor embedding = _parameters[next++];
        int heads = _shape.NumAttentionHeads, size = _shape.HeadSize;
        Tensor x = embedding.view((long)Copies * Vocabulary, _shape.HiddenSize).index_select(0, tensor(ids)).view(Copies, tokens, _shape.HiddenSize);
        for (int layer = 0; layer < _shape.NumHiddenLayers; layer++)
        {
            Tensor h = Norm(x, _parameters[next++]);
            Tensor q = Rotate(Heads(Linear(h, _parameters[next++])), cos, sin);
            Tensor k = Rotate(Heads(Linear(h, _parameters[next++])), cos, sin);
            Tensor v = Heads(Linear(h, _parameters[next++]));
            Tensor attended = nn.functional.scaled_dot_product_attention(q, k, v, is_casual: true);
            Tensor joined = attended.transpose(1, 2).reshape(Copies, tokens, _shape.HiddenSize);
            x = x.Plus(Linear(joined, _parameters[next++]));
            h = Norm(x, _parameters[next++]);
            Tensor gate = nn.functional.silu(Linear(h, _parameters[next++]));
            Tensor up = Linear(h, _parameters[next++]);
            x = x.Plus(Linear(gate * up, _parameters[next++]));
        }

        Tensor logits = Linear(Norm(x, _parameters[next]), embedding).view(-1, Vocabulary);
        return nn.functional.cross_entropy(logits, tensor(targets.ToArray()), reduction: nn.Reduction.None).MoveToOuterDisposeScope();

        Tensor Heads(Tensor t) => t.view((long)Copies * rows, length, heads, size).transpose(1, 2);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor parameter in _parameters)
        {
            parameter.Dispose();
        }

        _cos.Dispose();
        _sin.Dispose();
        _epsilon.Dispose();
    }

    /// <summary>The tensors of a model, in the order of flat vectors.</summary>
    public static IEnumerable<(string Name, int Rows, int Columns)> LayoutOf(ModelShape shape, int vocabulary)
    {
        int hidden = shape.HiddenSize, inner = shape.IntermediateSize, keys = shape.NumKeyValueHeads * shape.HeadSize;
        yield return ("model.embed_tokens.weight", vocabulary, hidden);
        for (int layer = 0; layer < shape.NumHiddenLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", 1, hidden);
            yield return (prefix + "self_attn.q_proj.weight", hidden, hidden);
            yield return (prefix + "self_attn.k_proj.weight", keys, hidden);
            yield return (prefix + "self_attn.v_proj.weight", keys, hidden);
            yield return (prefix + "self_attn.o_proj.weight", hidden, hidden);
            yield return (prefix + "post_attention_layernorm.weight", 1, hidden);
            yield return (prefix + "mlp.gate_proj.weight", inner, hidden);
            yield return (prefix + "mlp.up_proj.weight", inner, hidden);
            yield return (prefix + "mlp.down_proj.weight", hidden, inner);
        }

        yield return ("model.norm.weight", 1, hidden);
    }

    private static Tensor Linear(Tensor x, Tensor weight) => weight.shape[0] == 1 ? nn.functional.linear(x, weight.squeeze(0)) : x.bmm(weight.transpose(1, 2));

    private Tensor Norm(Tensor x, Tensor weight) => x * rsqrt(x.square().mean([-1], keepdim: true).Plus(_epsilon)) * weight;

    private Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = _shape.HeadSize / 2;
        Tensor turned = cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1);
        return (x * cos).Plus(turned * sin);
    }
}
