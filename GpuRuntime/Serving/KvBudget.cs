namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// The bytes that keys and values of running requests may take, of one engine or of several together. A request takes its whole
/// share, prompt and answer, before it begins, so that nothing runs out of memory half-way.
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

    /// <summary>Called after bytes were given back, from any thread.</summary>
    internal event Action? Freed;

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

    /// <summary>Half of the memory that is free now; called after the weights were loaded.</summary>
    public static KvBudget OfMachine() => new(Math.Max(1, FreeMemory() / 2));

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

        Freed?.Invoke();
    }

    /// <summary>Bytes that the process can still take: what the system has left, and never more than the process's own limit.</summary>
    private static long FreeMemory()
    {
        GCMemoryInfo info = GC.GetGCMemoryInfo();
        long limit = info.TotalAvailableMemoryBytes - Environment.WorkingSet;
        const string statistics = "/proc/meminfo";
        const string field = "MemAvailable:";
        if (!File.Exists(statistics))
        {
            return limit;
        }

        foreach (string line in File.ReadLines(statistics))
        {
            if (line.StartsWith(field, StringComparison.Ordinal) &&
                long.TryParse(line.AsSpan(field.Length).Trim().TrimEnd("kB").TrimEnd(), out long kibibytes))
            {
                return Math.Min(limit, kibibytes * 1024);
            }
        }

        return limit;
    }
}
