using System.Runtime.InteropServices;
using TorchSharp;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// A network with its weights in libtorch's memory, computed by a crew: losses without gradients, and summed gradients. Each thread has
/// leaves of its own on the same weights, and room for one gradient.
/// </summary>
internal sealed class TrainedNetwork : IDisposable
{
    private readonly LlamaNetwork _network;
    private readonly TrainingCrew _crew;
    private readonly List<Tensor> _kept = [];
    private readonly Scalar _adapterScale;
    private readonly TensorSet[] _sets;
    private readonly Tensor[] _gradients;

    /// <summary>Lays the weights out.</summary>
    public TrainedNetwork(ModelWeights start, ParameterLayout layout, float[] values, InnerSettings settings, TrainingCrew crew)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable none = no_grad();
        (_crew, Layout) = (crew, layout);
        _network = new LlamaNetwork(start.Config, settings.Precision);
        _adapterScale = settings.Lora is { } lora ? (float)(lora.Alpha / lora.Rank) : 1f;
        Weights = Kept(Copy(values));
        Gradient = Kept(zeros(layout.Count));
        Tensor? frozen = settings.Lora is null ? null : Kept(Copy(start.Values));
        _gradients = [.. Enumerable.Range(0, crew.Size).Select(_ => Kept(zeros(layout.Count)))];
        Tensor?[] products = [.. start.Layout.Tensors.Select((tensor, i) => frozen is not null && settings.Precision == TrainingPrecision.Bf16 && !start.Layout.IsVector(i)
            ? Kept(View(frozen, start.Layout, i).to(ScalarType.BFloat16)) : null)];
        _sets = [.. Enumerable.Range(0, crew.Size).Select(slot => Set(slot, start.Layout, frozen, products, settings))];
    }

    /// <summary>Where what is trained lies.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>What is trained, f32, flat.</summary>
    public Tensor Weights { get; }

    /// <summary>The last summed gradient, f32, flat.</summary>
    public Tensor Gradient { get; }

    /// <summary>A flat tensor's elements, live.</summary>
    public static Span<float> Span(Tensor flat) => MemoryMarshal.Cast<byte, float>(flat.bytes);

    /// <summary>Losses of the learned tokens of passes, in nats, each pass's in the order of its places.</summary>
    public float[][] Losses(IReadOnlyList<Batch> passes)
    {
        float[][] losses = new float[passes.Count][];
        _crew.ForEach(passes.Count, (slot, pass) =>
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable none = no_grad();
            losses[pass] = passes[pass].Places.Length == 0 ? [] : Span(Loss(slot, passes[pass], nn.Reduction.None)).ToArray();
        });
        return losses;
    }

    /// <summary>Fills <see cref="Gradient"/> with that of the mean loss over all passes' learned tokens.</summary>
    /// <param name="passes">Summed in this order.</param>
    /// <returns>Sum of losses, learned tokens, and the gradient's norm.</returns>
    public (double Sum, int Tokens, double Norm) SumGradient(IReadOnlyList<Batch> passes)
    {
        int tokens = passes.Sum(static pass => pass.Places.Length);
        if (tokens == 0)
        {
            throw new TrainingException("The batch has no token to learn.");
        }

        double[] losses = new double[passes.Count];
        var sum = new GradientSum(Gradient, passes.Count);
        using Scalar share = 1.0 / tokens;
        _crew.ForEach(passes.Count, (slot, pass) =>
        {
            try
            {
                losses[pass] = Backward(slot, passes[pass], share);
                using IDisposable none = no_grad();
                sum.Add(pass, passes[pass].Places.Length == 0 ? null : _gradients[slot]);
            }
            catch
            {
                sum.Abandon();
                throw;
            }
        });
        double norm = 0;
        _crew.RunAlone(() =>
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable none = no_grad();
            norm = Math.Sqrt(Gradient.Squared().sum(ScalarType.Float64).item<double>());
        });
        return (losses.Sum(), tokens, norm);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _kept)
        {
            tensor.Dispose();
        }

        _network.Dispose();
        _adapterScale.Dispose();
    }

    // The copy lies in libtorch's own aligned memory: sums over a managed array can differ in the last bit with its address.
    private static Tensor Copy(float[] values)
    {
        using Tensor managed = tensor(values);
        return managed.clone();
    }

    private static Tensor View(Tensor flat, ParameterLayout layout, int tensor) =>
        flat.narrow(0, layout.Offset(tensor), layout.Length(tensor)).view(layout.Shape(tensor));

    private Tensor Kept(Tensor tensor)
    {
        _kept.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    private TensorSet Set(int slot, ParameterLayout model, Tensor? frozen, Tensor?[] products, InnerSettings settings)
    {
        Tensor Leaf(int tensor)
        {
            Tensor leaf = Kept(View(Weights, Layout, tensor).detach());
            leaf.requires_grad = true;

            // A gradient that is there already is added to in place, so that it lands in the flat vector.
            leaf.grad = View(_gradients[slot], Layout, tensor);
            return leaf;
        }

        int next = 0;
        Tensor[] full = [.. model.Tensors.Select((_, i) => frozen is null ? Leaf(i) : Kept(View(frozen, model, i)))];
        (Tensor, Tensor)?[] adapters =
        [
            .. model.Tensors.Select(tensor => settings.Lora?.Covers(tensor.Name) == true ? (Leaf(next++), Leaf(next++)) : ((Tensor, Tensor)?)null),
        ];
        return new TensorSet(full, products, adapters, _adapterScale, settings.Precision);
    }

    private Tensor Loss(int slot, Batch pass, nn.Reduction reduction)
    {
        Tensor ids = tensor(pass.Inputs, [pass.Rows, pass.Length]);
        Tensor logits = _network.Forward(_sets[slot], ids, tensor(pass.Places));
        return nn.functional.cross_entropy(logits, tensor(pass.Targets), reduction: reduction);
    }

    private double Backward(int slot, Batch pass, Scalar share)
    {
        if (pass.Places.Length == 0)
        {
            return 0;
        }

        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
        {
            _gradients[slot].zero_();
        }

        Tensor loss = Loss(slot, pass, nn.Reduction.Sum);
        loss.mul(share).backward();
        return loss.item<float>();
    }
}
