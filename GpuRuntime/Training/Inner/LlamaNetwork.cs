using TorchSharp;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// The forward pass of a Llama model by libtorch, made so that it can be followed backwards: RMS norms, rotary positions in the
/// half-split form of Hugging Face, grouped-query attention, SwiGLU. It owns no weights; every pass is given them.
/// </summary>
internal sealed class LlamaNetwork : IDisposable
{
    // Places of a layer's tensors after its first, in the order of ModelTensors.Expected.
    private const int PerLayer = 9;
    private const int InputNorm = 0, Query = 1, Key = 2, Value = 3, Output = 4, PostNorm = 5, Gate = 6, Up = 7, Down = 8;

    private readonly ModelConfig _config;
    private readonly bool _half;
    private readonly Scalar _epsilon;
    private readonly Lock _growing = new();
    private (Tensor Cos, Tensor Sin, int Positions) _rotary;

    public LlamaNetwork(ModelConfig config, TrainingPrecision precision)
    {
        NativeRuntime.Load();
        (_config, _half) = (config, precision == TrainingPrecision.Bf16);
        _epsilon = config.RmsNormEpsilon;
        _rotary = Rotary(Math.Min(config.MaxPositions, 512));
    }

    /// <summary>Logits of the next token at chosen places.</summary>
    /// <param name="weights">The model's tensors in the layout's order.</param>
    /// <param name="ids">Token ids, int64 [rows, length].</param>
    /// <param name="places">Places whose logits are wanted, int64, numbered row by row.</param>
    /// <returns>f32 [places, vocabulary], in the caller's dispose scope.</returns>
    public Tensor Forward(TensorSet weights, Tensor ids, Tensor places)
    {
        using DisposeScope scope = NewDisposeScope();
        long rows = ids.shape[0], length = ids.shape[1];
        (Tensor cos, Tensor sin) = RotaryFor((int)length);
        Tensor x = weights.Full(0).index_select(0, ids.reshape(-1)).view(rows, length, _config.HiddenSize);
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            int first = 1 + (layer * PerLayer);
            Tensor h = Norm(x, weights.Full(first + InputNorm));
            Tensor q = Rotate(Heads(Linear(h, weights, first + Query), _config.Heads, rows, length), cos, sin);
            Tensor k = Rotate(Heads(Linear(h, weights, first + Key), _config.KvHeads, rows, length), cos, sin);
            Tensor v = Heads(Linear(h, weights, first + Value), _config.KvHeads, rows, length);
            Tensor attended = nn.functional.scaled_dot_product_attention(q, ForEveryQuery(k), ForEveryQuery(v), is_casual: true);
            Tensor joined = attended.transpose(1, 2).reshape(rows, length, (long)_config.Heads * _config.HeadSize);
            x = x.Plus(Linear(joined, weights, first + Output));
            h = Norm(x, weights.Full(first + PostNorm));
            Tensor gate = nn.functional.silu(Linear(h, weights, first + Gate));
            x = x.Plus(Linear(gate * Linear(h, weights, first + Up), weights, first + Down));
        }

        x = x.view(rows * length, _config.HiddenSize).index_select(0, places);
        int norm = 1 + (_config.Layers * PerLayer);
        Tensor logits = Linear(Norm(x, weights.Full(norm)), weights, _config.TiedEmbeddings ? 0 : norm + 1);
        return logits.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rotary.Cos.Dispose();
        _rotary.Sin.Dispose();
        _epsilon.Dispose();
    }

    private static Tensor Linear(Tensor x, TensorSet weights, int index)
    {
        Tensor product = nn.functional.linear(x, weights.ForProducts(index));
        return weights.Adapter(index) is not var (a, b)
            ? product
            : product.Plus(nn.functional.linear(nn.functional.linear(x, a), b) * weights.AdapterScale);
    }

    private Tensor Heads(Tensor x, int heads, long rows, long length) => x.view(rows, length, heads, _config.HeadSize).transpose(1, 2);

    private Tensor ForEveryQuery(Tensor x)
    {
        long group = _config.Heads / _config.KvHeads;
        long[] size = x.shape;
        return group == 1 ? x : x.unsqueeze(2).expand(size[0], size[1], group, size[2], size[3]).reshape(size[0], _config.Heads, size[2], size[3]);
    }

    // In binary32 whatever the products are in.
    private Tensor Norm(Tensor x, Tensor weight)
    {
        Tensor normed = x * rsqrt(x.Squared().mean([-1], keepdim: true).Plus(_epsilon)) * weight;
        return _half ? normed.to(ScalarType.BFloat16) : normed;
    }

    private Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = _config.HeadSize / 2;
        Tensor turned = cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1);
        Tensor rotated = (x * cos).Plus(turned * sin);
        return _half ? rotated.to(ScalarType.BFloat16) : rotated;
    }

    private (Tensor Cos, Tensor Sin) RotaryFor(int length)
    {
        lock (_growing)
        {
            if (length > _rotary.Positions)
            {
                (Tensor cos, Tensor sin, _) = _rotary;
                _rotary = Rotary(Math.Min(_config.MaxPositions, Math.Max(length, 2 * _rotary.Positions)));
                cos.Dispose();
                sin.Dispose();
            }

            return (_rotary.Cos.narrow(0, 0, length), _rotary.Sin.narrow(0, 0, length));
        }
    }

    private (Tensor Cos, Tensor Sin, int Positions) Rotary(int positions)
    {
        using DisposeScope scope = NewDisposeScope();
        (float[] cosines, float[] sines) = RotaryTable.Make(positions, _config);
        return (Doubled(cosines), Doubled(sines), positions);

        Tensor Doubled(float[] values)
        {
            Tensor half = tensor(values, [positions, _config.HeadSize / 2]);
            return cat([half, half], 1).DetachFromDisposeScope();
        }
    }
}
