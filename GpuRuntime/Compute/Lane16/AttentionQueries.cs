namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// The queries of one block: some heads, which share keys and values, of some neighbouring positions. They are numbered by
/// position, then by head; what they see begins and ends no earlier from one to the next.
/// </summary>
/// <param name="queries">The first position's first head, packed.</param>
/// <param name="rowStride">Floats from one position's queries to the next one's.</param>
/// <param name="heads">Heads of each position, one after the other.</param>
/// <param name="rows">Positions.</param>
/// <param name="position">The first position.</param>
/// <param name="window">How many positions, its own among them, each sees at most.</param>
internal readonly unsafe struct AttentionQueries(float* queries, long rowStride, int heads, int rows, int position, int window)
{
    /// <summary>How many.</summary>
    public int Count => heads * rows;

    /// <summary>The first position that any of them sees.</summary>
    public int Lowest => First(0);

    /// <summary>The position after the last that any of them sees.</summary>
    public int Highest => End(Count - 1);

    /// <summary>The first position that a query sees.</summary>
    public int First(int query) => Math.Max(0, End(query) - window);

    /// <summary>The position after the last that a query sees, which is its own.</summary>
    public int End(int query) => position + (query / heads) + 1;

    /// <summary>Copies them one after the other.</summary>
    public void CopyTo(float* to, int stride)
    {
        for (int row = 0; row < rows; row++, to += heads * stride)
        {
            new ReadOnlySpan<float>(queries + (row * rowStride), heads * stride).CopyTo(new Span<float>(to, heads * stride));
        }
    }
}
