namespace Verathos.GpuRuntime.Compute;

/// <summary>The keys and values of one sequence. Belongs to one request, is never shared, and is overwritten with zeros when disposed.</summary>
public abstract class SequenceState : IDisposable
{
    /// <summary>A state for at most <paramref name="capacity"/> positions.</summary>
    protected SequenceState(int capacity) => Capacity = capacity;

    /// <summary>The most positions that fit.</summary>
    public int Capacity { get; }

    /// <summary>Positions computed so far.</summary>
    public int Length { get; internal set; }

    /// <summary>Where what this sequence computes is committed, or null; set before its first token.</summary>
    /// <exception cref="NotSupportedException">The backend commits nothing.</exception>
    public virtual SequenceTrace? Trace
    {
        get => null;
        set => throw new NotSupportedException("only the served profile commits what it computes");
    }

    /// <summary>Overwrites and frees the keys and values.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Overwrites and frees the keys and values.</summary>
    protected abstract void Dispose(bool disposing);
}
