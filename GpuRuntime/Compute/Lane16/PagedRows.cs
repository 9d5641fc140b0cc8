using System.Runtime.CompilerServices;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>One head's keys and values in a sequence's pages.</summary>
internal readonly unsafe struct PagedRows(byte** pages, long keys, long values, int stride)
{
    /// <summary>Elements from one position to the next.</summary>
    public int Stride => stride;

    /// <summary>A position's key; those of the positions after it follow, to the end of its page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort* Key(int position) => Row(position, keys);

    /// <summary>A position's value; those of the positions after it follow, to the end of its page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort* Value(int position) => Row(position, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ushort* Row(int position, long offset) =>
        (ushort*)(pages[position / Lane16Sequence.PagePositions] + offset) + ((long)(position % Lane16Sequence.PagePositions) * stride);
}
