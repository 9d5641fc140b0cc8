using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Keys and values as bfloat16 [layers, 2, key/value heads, capacity, padded head size].</summary>
internal sealed unsafe class Lane16Sequence(Lane16Backend owner, int layers, int kvHeads, int headStride, int capacity) : SequenceState(capacity)
{
    private bool _disposed;

    /// <summary>The memory.</summary>
    public PrivateMemory Memory { get; } = new((long)layers * 2 * kvHeads * headStride * capacity * sizeof(ushort));

    /// <summary>The first position's key of a head.</summary>
    public ushort* Keys(int layer, int head) => At(layer, 0, head);

    /// <summary>The first position's value of a head.</summary>
    public ushort* Values(int layer, int head) => At(layer, 1, head);

    protected override void Dispose(bool disposing)
    {
        if (!_disposed)
        {
            _disposed = true;
            Memory.Clear();
            owner.ClearScratch();
            owner.Released?.Invoke(Memory);
            Memory.Dispose();
        }
    }

    private ushort* At(int layer, int kind, int head) =>
        (ushort*)Memory.Pointer + ((((((long)layer * 2) + kind) * kvHeads) + head) * Capacity * headStride);
}
