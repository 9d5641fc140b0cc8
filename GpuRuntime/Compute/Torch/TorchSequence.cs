using TorchSharp;
using Verathos.GpuRuntime.Models;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>Keys and values in one tensor [layers, 2, key/value heads, capacity, head size].</summary>
internal sealed class TorchSequence : SequenceState
{
    private readonly torch.Tensor[] _views;
    private bool _disposed;

    public TorchSequence(ModelConfig config, int capacity, ScalarType type, Device device)
        : base(capacity)
    {
        Storage = torch.zeros([config.Layers, 2, config.KvHeads, capacity, config.HeadSize], type, device).DetachFromDisposeScope();
        _views = new torch.Tensor[config.Layers * 2];
        for (int i = 0; i < _views.Length; i++)
        {
            using torch.Tensor layer = Storage.select(0, i / 2);
            _views[i] = layer.select(0, i % 2).DetachFromDisposeScope();
        }
    }

    /// <summary>All keys and values.</summary>
    public torch.Tensor Storage { get; }

    /// <summary>A layer's keys, [key/value heads, capacity, head size].</summary>
    public torch.Tensor Keys(int layer) => _views[layer * 2];

    /// <summary>A layer's values, of the same shape.</summary>
    public torch.Tensor Values(int layer) => _views[(layer * 2) + 1];

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Storage.zero_();
        foreach (torch.Tensor view in _views)
        {
            view.Dispose();
        }

        Storage.Dispose();
    }
}
