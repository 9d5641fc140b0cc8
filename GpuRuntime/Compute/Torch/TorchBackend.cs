using TorchSharp;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>The forward pass by libtorch on the CPU.</summary>
internal sealed class TorchBackend : IComputeBackend
{
    // Logits of more rows than these are not held at once.
    private const int ReplayRows = 64;
    private readonly ModelConfig _config;
    private readonly TorchWeights _weights;
    private readonly ScalarType _type;
    private readonly Tensor _cosines;
    private readonly Tensor _sines;
    private readonly Scalar _hidden;
    private readonly Scalar _scoreScale;
    private readonly Scalar _epsilon;

    public TorchBackend(ModelSource source, NumericProfile profile, int maxContext, int threads)
    {
        NativeRuntime.Load();
        set_num_threads(threads);
        _config = source.Config;
        _hidden = float.NegativeInfinity;
        _scoreScale = 1f / MathF.Sqrt(_config.HeadSize);
        _epsilon = (float)_config.RmsNormEpsilon;
        Profile = profile;
        _type = profile == NumericProfile.F32 ? ScalarType.Float32 : ScalarType.BFloat16;
        _weights = new TorchWeights(source, _type, CPU);
        (float[] cosines, float[] sines) = RotaryTable.Make(maxContext, _config);
        _cosines = tensor(cosines, [maxContext, 1, _config.HeadSize / 2]).DetachFromDisposeScope();
        _sines = tensor(sines, [maxContext, 1, _config.HeadSize / 2]).DetachFromDisposeScope();
    }

    public NumericProfile Profile { get; }

    public long WeightBytes => _weights.Bytes;

    public long SequenceBytes(int capacity) => (long)_config.Layers * 2 * _config.KvHeads * _config.HeadSize * capacity * _type.ElementSize();

    public SequenceState CreateSequence(int capacity) => new TorchSequence(_config, capacity, _type, CPU);

    public void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits)
    {
        TorchSequence state = (TorchSequence)sequence;
        if (ids.Length == 0 || ids.Length > state.Capacity - state.Length || logits.Length != _config.VocabularySize)
        {
            throw new ArgumentException($"{ids.Length} tokens after {state.Length} of {state.Capacity}, {logits.Length} logits");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        Tensor x = RunLayers(state, ids, _weights.Layers.Length, null);
        Tensor last = Norm(x.narrow(0, ids.Length - 1, 1), _weights.FinalNorm);
        Tensor result = nn.functional.linear(last, _weights.Output).to(ScalarType.Float32).cpu().contiguous();
        result.data<float>().CopyTo(logits);
    }

    /// <summary>Appends tokens whose answer is known already, and gives a collector streams, last hidden states and logits.</summary>
    /// <param name="sequence">This backend's.</param>
    /// <param name="ids">One or more.</param>
    /// <param name="firstLogits">The first position whose logits are wanted.</param>
    /// <param name="depth">Layers to compute.</param>
    /// <param name="collector">Takes what is computed.</param>
    internal void Replay(SequenceState sequence, ReadOnlySpan<int> ids, int firstLogits, int depth, ReplayCollector collector)
    {
        TorchSequence state = (TorchSequence)sequence;
        if (ids.Length == 0 || ids.Length > state.Capacity - state.Length || depth < 1 || depth > _config.Layers)
        {
            throw new ArgumentException($"{ids.Length} tokens after {state.Length} of {state.Capacity} to a depth of {depth}");
        }

        for (int at = 0; at < ids.Length; at += ReplayRows)
        {
            ReadOnlySpan<int> part = ids.Slice(at, Math.Min(ReplayRows, ids.Length - at));
            int position = state.Length;
            using DisposeScope scope = NewDisposeScope();
            using IDisposable mode = inference_mode();
            Tensor x = RunLayers(state, part, depth, collector);
            if (depth < _config.Layers)
            {
                continue;
            }

            Tensor hidden = Norm(x, _weights.FinalNorm);
            collector.AddHidden(position, Rows(hidden), _config.HiddenSize);
            int first = Math.Clamp(firstLogits - position, 0, part.Length);
            if (first < part.Length)
            {
                Tensor logits = nn.functional.linear(hidden.narrow(0, first, part.Length - first), _weights.Output);
                collector.AddLogits(position + first, Rows(logits), _config.VocabularySize);
            }
        }
    }

    private static float[] Rows(Tensor x) => x.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();

    private Tensor RunLayers(TorchSequence state, ReadOnlySpan<int> ids, int depth, ReplayCollector? collector)
    {
        Tensor x = _weights.Embedding.index_select(0, tensor(ids.ToArray(), ScalarType.Int32));
        Tensor cosines = _cosines.narrow(0, state.Length, ids.Length);
        Tensor sines = _sines.narrow(0, state.Length, ids.Length);
        Tensor? full = Mask(ids.Length, state.Length, int.MaxValue);
        Tensor? sliding = _config.SlidingWindow > 0 ? Mask(ids.Length, state.Length, _config.SlidingWindow) : null;
        for (int i = 0; i < depth; i++)
        {
            using DisposeScope layerScope = NewDisposeScope();
            TorchLayer layer = _weights.Layers[i];
            Tensor attended = x.Plus(Attention(layer, Norm(x, layer.InputNorm), state, i, cosines, sines, _config.Window(i) == int.MaxValue ? full : sliding));
            x = attended.Plus(FeedForward(layer, Norm(attended, layer.FeedForwardNorm))).MoveToOuterDisposeScope();
            if (collector?.WantsStream(i + 1) == true)
            {
                collector.AddStream(i + 1, state.Length, Rows(x), _config.HiddenSize);
            }
        }

        state.Length += ids.Length;
        return x;
    }

    public void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits)
    {
        // One at a time: libtorch's products round differently for different numbers of rows.
        for (int i = 0; i < sequences.Count; i++)
        {
            Forward(sequences[i], ids.Slice(i, 1), logits.Slice(i * _config.VocabularySize, _config.VocabularySize));
        }
    }

    public void Dispose()
    {
        _weights.Dispose();
        _cosines.Dispose();
        _sines.Dispose();
        _hidden.Dispose();
        _scoreScale.Dispose();
        _epsilon.Dispose();
    }

    private static Tensor FeedForward(TorchLayer layer, Tensor x) => layer.Experts?.Run(x) ?? layer.FeedForward!.Run(x);

    /// <summary>0 where a position may be seen, negative infinity where it lies ahead or before the window: [new, old + new]; null where all are seen.</summary>
    private Tensor? Mask(int count, int past, int window)
    {
        if (count == 1 && past < window)
        {
            return null;
        }

        Tensor ahead = full(count, past + count, _hidden, ScalarType.Float32).triu(past + 1);
        return past + count <= window ? ahead : ahead.Plus(full(count, past + count, _hidden, ScalarType.Float32).tril(past - window));
    }

    private Tensor Attention(TorchLayer layer, Tensor x, TorchSequence state, int index, Tensor cosines, Tensor sines, Tensor? mask)
    {
        long count = x.shape[0];
        long past = state.Length;
        int heads = _config.Heads;
        int kvHeads = _config.KvHeads;
        int size = _config.HeadSize;
        Tensor projected = nn.functional.linear(x, layer.QueryKeyValue, layer.Bias).view(count, heads + (2 * kvHeads), size);
        Tensor turning = projected.narrow(1, 0, heads + kvHeads);
        if (layer.QueryNorm is not null)
        {
            turning = cat([Norm(projected.narrow(1, 0, heads), layer.QueryNorm), Norm(projected.narrow(1, heads, kvHeads), layer.KeyNorm!)], 1);
        }

        Tensor rotated = Rotate(turning, cosines, sines);
        state.Keys(index).narrow(1, past, count).copy_(rotated.narrow(1, heads, kvHeads).transpose(0, 1));
        state.Values(index).narrow(1, past, count).copy_(projected.narrow(1, heads + kvHeads, kvHeads).transpose(0, 1));
        Tensor keys = state.Keys(index).narrow(1, 0, past + count);
        Tensor values = state.Values(index).narrow(1, 0, past + count);

        // The query heads that share keys are put below each other, so that keys and values are read once.
        int group = heads / kvHeads;
        Tensor queries = rotated.narrow(1, 0, heads).reshape(count, kvHeads, group, size).permute(1, 2, 0, 3).reshape(kvHeads, group * count, size);
        Tensor scores = queries.matmul(keys.transpose(1, 2)).to(ScalarType.Float32).mul(_scoreScale);
        if (mask is not null)
        {
            scores = scores.view(kvHeads, group, count, past + count).Plus(mask).view(kvHeads, group * count, past + count);
        }

        Tensor mixed = scores.softmax(-1).to(_type).matmul(values);
        Tensor joined = mixed.view(kvHeads, group, count, size).permute(2, 0, 1, 3).reshape(count, heads * size);
        return nn.functional.linear(joined, layer.AttentionOutput);
    }

    /// <summary>Rotates the two halves of each head; x is [count, heads, size].</summary>
    private Tensor Rotate(Tensor x, Tensor cosines, Tensor sines)
    {
        int half = _config.HeadSize / 2;
        Tensor wide = x.to(ScalarType.Float32);
        Tensor first = wide.narrow(2, 0, half);
        Tensor second = wide.narrow(2, half, half);
        return cat([(first * cosines) - (second * sines), (second * cosines).Plus(first * sines)], 2).to(_type);
    }

    private Tensor Norm(Tensor x, Tensor weight)
    {
        Tensor wide = x.to(ScalarType.Float32);
        Tensor scale = (wide * wide).mean([-1], keepdim: true).Increase(_epsilon).rsqrt_();
        return (wide * scale).mul_(weight).to(_type);
    }
}
