using TorchSharp;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native.Cuda;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch.Cuda;

/// <summary>
/// The forward pass on the first CUDA device. Every pass has <see cref="Rows"/> rows, of one sequence or of many, empty ones
/// filled up: libtorch's products therefore always have the same shapes, for which cuBLASLt takes the same kernel, and everything else is
/// kernels of our own that compute each row by itself. As nothing in a pass but its input changes, it is recorded once and
/// started as a whole, but for layers of experts, whose choice passes through the processor.
/// </summary>
internal sealed class CudaBackend : IComputeBackend
{
    /// <summary>Rows of a pass. So many a weight can serve while it is read from the device's memory, or nearly.</summary>
    public const int Rows = 128;

    private const int WordsOfPlace = 2;
    private readonly ModelConfig _config;
    private readonly ScalarType _type;
    private readonly TorchWeights _weights;
    private readonly CudaKernels _kernels;
    private readonly List<Tensor> _tensors = [];
    private readonly (Tensor Cosines, Tensor Sines) _tables;
    private readonly (int Queries, int Keys, int Size) _heads;
    private readonly long[] _staged = new long[Rows * (WordsOfPlace + 1)];
    private readonly Tensor _placed;
    private readonly Tensor _x;
    private readonly Tensor _normed;
    private readonly Tensor _projected;
    private readonly Tensor _queries;
    private readonly Tensor _attended;
    private readonly Tensor _joined;
    private readonly Tensor _both;
    private readonly Tensor _gated;
    private readonly Tensor _added;
    private readonly Tensor _logits;
    private readonly Tensor _output;
    private readonly Products[] _products;
    private readonly CudaGraph? _graph;
    private readonly float _epsilon;
    private readonly float _scale;

    public CudaBackend(ModelSource source, NumericProfile profile, int maxContext)
    {
        _ = CudaRuntime.Identity;
        _config = source.Config;
        if (_config.HeadSize > CudaKernels.LargestHead)
        {
            throw new Formats.ModelFormatException($"heads of {_config.HeadSize} elements: on CUDA they have at most {CudaKernels.LargestHead}");
        }

        Profile = profile;
        _type = profile == NumericProfile.F32Cuda ? ScalarType.Float32 : ScalarType.BFloat16;
        _kernels = new CudaKernels(_type);
        _weights = new TorchWeights(source, _type, CUDA);
        _heads = (_config.Heads, _config.KvHeads, _config.HeadSize);
        _epsilon = (float)_config.RmsNormEpsilon;
        _scale = 1f / MathF.Sqrt(_config.HeadSize);
        (float[] cosines, float[] sines) = RotaryTable.Make(maxContext, _config);
        _tables = (Keep(tensor(cosines, [maxContext, _config.HeadSize / 2], device: CUDA)), Keep(tensor(sines, [maxContext, _config.HeadSize / 2], device: CUDA)));
        _placed = Keep(zeros(_staged.Length, ScalarType.Int64, CUDA));
        _x = Buffer(_config.HiddenSize);
        _normed = Buffer(_config.HiddenSize);
        _projected = Buffer((_config.Heads + (2 * _config.KvHeads)) * _config.HeadSize);
        _queries = Buffer(_config.Heads * _config.HeadSize);
        _attended = Buffer(_config.Heads * _config.HeadSize);
        _joined = Buffer(_config.HiddenSize);
        _both = Buffer(_config.Experts is null ? 2 * _config.IntermediateSize : 1);
        _gated = Buffer(_config.Experts is null ? _config.IntermediateSize : 1);
        _added = Buffer(_config.HiddenSize);
        _logits = Buffer(_config.VocabularySize);
        _output = Keep(_weights.Output.t());
        _products = [.. _weights.Layers.Select(layer => new Products(
            Keep(layer.QueryKeyValue.t()), Keep(layer.AttentionOutput.t()), Transposed(layer.FeedForward?.GateUp), Transposed(layer.FeedForward?.Down)))];
        _graph = _config.Experts is null ? Record() : null;
    }

    public NumericProfile Profile { get; }

    public long WeightBytes => _weights.Bytes;

    public long? FreeDeviceBytes => CudaDriver.Memory().Free;

    public long SequenceBytes(int capacity) => (long)_config.Layers * 2 * _config.KvHeads * _config.HeadSize * capacity * _type.ElementSize();

    public SequenceState CreateSequence(int capacity) => new TorchSequence(_config, capacity, _type, CUDA);

    public void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits)
    {
        TorchSequence state = (TorchSequence)sequence;
        if (ids.Length == 0 || ids.Length > state.Capacity - state.Length || logits.Length != _config.VocabularySize)
        {
            throw new ArgumentException($"{ids.Length} tokens after {state.Length} of {state.Capacity}, {logits.Length} logits");
        }

        for (int done = 0; done < ids.Length; done += Rows)
        {
            ReadOnlySpan<int> part = ids.Slice(done, Math.Min(Rows, ids.Length - done));
            for (int i = 0; i < part.Length; i++)
            {
                Place(i, state, state.Length + i, part[i]);
            }

            Pass(part.Length, part.Length - 1, done + part.Length == ids.Length ? logits : []);
            state.Length += part.Length;
        }
    }

    public void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits)
    {
        for (int done = 0; done < sequences.Count; done += Rows)
        {
            int count = Math.Min(Rows, sequences.Count - done);
            for (int i = 0; i < count; i++)
            {
                TorchSequence state = (TorchSequence)sequences[done + i];
                if (state.Length == state.Capacity)
                {
                    throw new ArgumentException($"a token after {state.Length} of {state.Capacity}");
                }

                Place(i, state, state.Length, ids[done + i]);
            }

            Pass(count, 0, logits.Slice(done * _config.VocabularySize, count * _config.VocabularySize));
            for (int i = 0; i < count; i++)
            {
                sequences[done + i].Length++;
            }
        }
    }

    public void Dispose()
    {
        _graph?.Dispose();
        _weights.Dispose();
        _tensors.ForEach(static tensor => tensor.Dispose());
    }

    private Tensor Keep(Tensor tensor)
    {
        _tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    private Tensor Buffer(int width) => Keep(zeros(Rows, width, _type, CUDA));

    private Tensor? Transposed(Tensor? matrix) => matrix is null ? null : Keep(matrix.t());

    /// <summary>Writes a row's place, as kernels.cu reads it, and its id behind all places.</summary>
    private void Place(int row, TorchSequence state, int position, int id)
    {
        _staged[row * WordsOfPlace] = (long)_kernels.Address(state.Storage);
        _staged[(row * WordsOfPlace) + 1] = (uint)state.Capacity | ((long)position << 32);
        _staged[(Rows * WordsOfPlace) + row] = id;
    }

    /// <summary>Computes the rows that were placed, and the logits of those from <paramref name="first"/> on where some are asked for.</summary>
    private void Pass(int count, int first, Span<float> logits)
    {
        CudaDriver.Enter();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        CudaDriver.Write<long>(_kernels.Address(_placed), _staged);
        Array.Clear(_staged);
        if (_graph is null)
        {
            Layers(count);
        }
        else
        {
            _graph.Launch();
        }

        if (!logits.IsEmpty)
        {
            _kernels.AddNorm(_x, _added, _weights.FinalNorm, _normed, _epsilon);
            LibtorchShim.Multiply(_normed, _output, _logits);
            Tensor wide = _logits.narrow(0, first, count - first).to(ScalarType.Float32);
            CudaDriver.Read(_kernels.Address(wide), logits);
        }
    }

    private CudaGraph Record()
    {
        using CudaStream stream = new();
        _kernels.Stream = stream;
        try
        {
            return stream.Record(() => Layers(0));
        }
        finally
        {
            _kernels.Stream = null;
        }
    }

    private void Layers(int count)
    {
        _kernels.LookUp(_weights.Embedding, _kernels.Address(_placed) + (Rows * WordsOfPlace * sizeof(long)), _x);
        for (int i = 0; i < _products.Length; i++)
        {
            TorchLayer layer = _weights.Layers[i];
            Products products = _products[i];
            _kernels.AddNorm(_x, i == 0 ? null : _added, layer.InputNorm, _normed, _epsilon);
            LibtorchShim.Multiply(_normed, products.QueryKeyValue, _projected);
            _kernels.PlaceHeads(_projected, layer, _tables, _placed, _queries, i, _heads, _epsilon);
            _kernels.Attend(_queries, _placed, _attended, i, _heads, _config.Window(i), _scale);
            LibtorchShim.Multiply(_attended, products.AttentionOutput, _joined);
            _kernels.AddNorm(_x, _joined, layer.FeedForwardNorm, _normed, _epsilon);
            if (layer.Experts is { } experts)
            {
                _added.copy_(experts.Run(_normed, count));
                continue;
            }

            LibtorchShim.Multiply(_normed, products.GateUp!, _both);
            _kernels.GateUp(_both, _gated);
            LibtorchShim.Multiply(_gated, products.Down!, _added);
        }
    }

    /// <summary>A layer's matrices as right factors; null where experts have their own.</summary>
    private sealed record Products(Tensor QueryKeyValue, Tensor AttentionOutput, Tensor? GateUp, Tensor? Down);
}
