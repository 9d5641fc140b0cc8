using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>Numbers that stay where they are, at a multiple of 64 bytes; whoever uses the address keeps the object.</summary>
internal sealed unsafe class AlignedFloats
{
    private const int Alignment = 64;

    private readonly float[] _memory;
    private readonly int _skipped;

    /// <summary>Zeros.</summary>
    public AlignedFloats(int count)
    {
        Count = count;
        _memory = GC.AllocateArray<float>(count + (Alignment / sizeof(float)), pinned: true);
        nint address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _skipped = (int)((Alignment - (address % Alignment)) % Alignment) / sizeof(float);
    }

    /// <summary>How many.</summary>
    public int Count { get; }

    /// <summary>Where they are.</summary>
    public float* Address => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory)) + _skipped;

    /// <summary>The same, with their number.</summary>
    public Span<float> Values => _memory.AsSpan(_skipped, Count);
}
