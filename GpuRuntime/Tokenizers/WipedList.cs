using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A growing list in pinned memory, of which the collector leaves no copies behind; zeroed on growth and at the end.</summary>
internal sealed class WipedList<T>(int capacity) : IDisposable
    where T : unmanaged
{
    private T[] _items = GC.AllocateArray<T>(Math.Max(16, capacity), pinned: true);

    public int Count { get; private set; }

    public Span<T> Span => _items.AsSpan(0, Count);

    /// <summary>The array behind, for tests that look whether it is zero afterwards.</summary>
    internal T[] Backing => _items;

    public void Add(T item)
    {
        Reserve(1);
        _items[Count++] = item;
    }

    public void AddRange(ReadOnlySpan<T> items)
    {
        Reserve(items.Length);
        items.CopyTo(_items.AsSpan(Count));
        Count += items.Length;
    }

    /// <summary>Appends room to write into.</summary>
    public Span<T> AddRoom(int count)
    {
        Reserve(count);
        Count += count;
        return _items.AsSpan(Count - count, count);
    }

    /// <summary>Puts an item before the others.</summary>
    public void Insert(T item)
    {
        Add(item);
        _items.AsSpan(0, Count - 1).CopyTo(_items.AsSpan(1));
        _items[0] = item;
    }

    /// <summary>Takes the last item off.</summary>
    public T RemoveLast()
    {
        T last = _items[--Count];
        _items[Count] = default;
        return last;
    }

    /// <summary>Zeroes the content and keeps the room.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(Span));
        Count = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private void Reserve(int more)
    {
        if (more > _items.Length - Count)
        {
            T[] larger = GC.AllocateArray<T>((int)Math.Min(Array.MaxLength, Math.Max(checked(Count + more), 2L * _items.Length)), pinned: true);
            Span.CopyTo(larger);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_items.AsSpan()));
            _items = larger;
        }
    }
}
