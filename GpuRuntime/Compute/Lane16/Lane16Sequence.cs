using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Keys and values as bfloat16 in pages of [layers, 2, key/value heads, positions, padded head size]. Pages are taken as the
/// sequence grows, up to its capacity; each is memory of its own, overwritten and freed with the sequence and never passed on.
/// </summary>
internal sealed unsafe class Lane16Sequence : SequenceState
{
    /// <summary>Positions of a page.</summary>
    public const int PagePositions = 32;

    private readonly Lane16Backend _owner;
    private readonly KvLayout _layout;
    private readonly List<PrivateMemory> _pages = [];
    private readonly PrivateMemory _table;
    private bool _disposed;

    public Lane16Sequence(Lane16Backend owner, KvLayout layout, int capacity)
        : base(capacity)
    {
        (_owner, _layout) = (owner, layout);
        _table = new PrivateMemory((long)KvLayout.Pages(capacity) * sizeof(nint));
    }

    /// <summary>The pages taken so far.</summary>
    public IReadOnlyList<PrivateMemory> Pages => _pages;

    /// <inheritdoc/>
    public override SequenceTrace? Trace
    {
        get;
        set
        {
            if (Length > 0 || (value is not null && value.Commitment.Steps > 0))
            {
                throw new InvalidOperationException("a sequence is traced from its first token");
            }

            field = value;
        }
    }

    /// <summary>Takes the pages that the first positions need.</summary>
    public void Reserve(int positions)
    {
        while (_pages.Count < KvLayout.Pages(positions))
        {
            PrivateMemory page = new(_layout.PageBytes);
            ((byte**)_table.Pointer)[_pages.Count] = page.Pointer;
            _pages.Add(page);
        }
    }

    /// <summary>The keys and values of one head.</summary>
    public PagedRows Rows(int layer, int head) => new((byte**)_table.Pointer, _layout.Offset(layer, 0, head), _layout.Offset(layer, 1, head), _layout.HeadStride);

    protected override void Dispose(bool disposing)
    {
        if (!_disposed)
        {
            _disposed = true;
            _pages.ForEach(static page => page.Clear());
            _owner.ClearScratch();
            foreach (PrivateMemory page in _pages)
            {
                _owner.Released?.Invoke(page);
                page.Dispose();
            }

            _pages.Clear();
            _table.Dispose();
        }
    }
}
