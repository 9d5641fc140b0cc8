using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// The bytes that keys and values of running requests may take. A request takes its whole share, prompt and answer, before it
/// begins, so that nothing runs out of memory half-way.
/// </summary>
public sealed class KvBudget
{
    private readonly Lock _gate = new();
    private long _reserved;

    /// <summary>A budget of so many bytes.</summary>
    public KvBudget(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        Bytes = bytes;
    }

    /// <summary>All bytes.</summary>
    public long Bytes { get; }

    /// <summary>Bytes that running requests hold.</summary>
    public long Reserved
    {
        get
        {
            lock (_gate)
            {
                return _reserved;
            }
        }
    }

    /// <summary>Half of the machine's memory that is free now; called after the weights were loaded.</summary>
    public static KvBudget OfMachine() => new(Math.Max(1, MachineMemory.Read().Free / 2));

    /// <summary>Half of the memory that is free now where a backend keeps its sequences.</summary>
    public static KvBudget Of(Compute.IComputeBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return backend.FreeDeviceBytes is { } free ? new(Math.Max(1, free / 2)) : OfMachine();
    }

    /// <summary>Takes bytes where so many are left.</summary>
    internal bool TryReserve(long bytes)
    {
        lock (_gate)
        {
            if (bytes > Bytes - _reserved)
            {
                return false;
            }

            _reserved += bytes;
            return true;
        }
    }

    /// <summary>Gives bytes back.</summary>
    internal void Release(long bytes)
    {
        lock (_gate)
        {
            _reserved -= bytes;
        }
    }
}
