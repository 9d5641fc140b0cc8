namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// Turns text into ids by merging pairs. Keeps nothing of a text: all that depends on it lies in lists that are zeroed, and no
/// result is cached, so that neither memory nor time tells of another request's words.
/// </summary>
internal abstract class TextEncoder
{
    // Below this many parts looking for the lowest rank again after each merge takes less time than a heap.
    private const int Few = 24;

    /// <summary>Appends the ids of a text. Safe for use from several threads.</summary>
    /// <param name="text">The text; no special token is looked for in it.</param>
    /// <param name="first">Whether the sequence begins with it: no token or other text comes before.</param>
    /// <param name="ids">Receives the ids.</param>
    public abstract void Encode(ReadOnlySpan<char> text, bool first, WipedList<int> ids);

    /// <summary>Whether two neighbours make a token, its rank (the lowest merges first, the leftmost of equals) and its id.</summary>
    protected abstract bool TryMerge(ReadOnlySpan<char> text, in Symbol left, in Symbol right, out int rank, out int id);

    /// <summary>Merges until nothing more merges. The parts that are left are those with a length.</summary>
    /// <param name="text">What the parts' places refer to.</param>
    /// <param name="list">The parts in order.</param>
    /// <param name="queue">Scratch; left empty.</param>
    protected void Merge(ReadOnlySpan<char> text, WipedList<Symbol> list, WipedList<ulong> queue)
    {
        Span<Symbol> symbols = list.Span;
        if (symbols.Length <= Few)
        {
            MergeFew(text, symbols);
            return;
        }

        for (int i = 0; i < symbols.Length; i++)
        {
            symbols[i].Previous = i - 1;
            symbols[i].Next = i + 1 < symbols.Length ? i + 1 : -1;
        }

        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            Offer(text, symbols, i, queue);
        }

        while (queue.Count > 0)
        {
            ulong entry = Pop(queue);
            int at = (int)(uint)entry;
            ref Symbol left = ref symbols[at];

            // An entry is out of date where one of its two parts was merged with another meanwhile.
            if (left.Length == 0 || left.Next < 0 || !TryMerge(text, left, symbols[left.Next], out int rank, out int id) || rank != (int)(entry >> 32))
            {
                continue;
            }

            ref Symbol right = ref symbols[left.Next];
            (left.Id, left.Length, left.Next, right.Length) = (id, left.Length + right.Length, right.Next, 0);
            if (left.Next >= 0)
            {
                symbols[left.Next].Previous = at;
                Offer(text, symbols, at, queue);
            }

            if (left.Previous >= 0)
            {
                Offer(text, symbols, left.Previous, queue);
            }
        }
    }

    private void MergeFew(ReadOnlySpan<char> text, Span<Symbol> symbols)
    {
        Span<(int Rank, int Id)> pairs = stackalloc (int Rank, int Id)[Few];
        int count = symbols.Length;
        for (int i = 0; i + 1 < count; i++)
        {
            pairs[i] = Pair(text, symbols, i);
        }

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                best = pairs[i].Rank < pairs[best].Rank ? i : best;
            }

            if (pairs[best].Rank == int.MaxValue)
            {
                break;
            }

            (symbols[best].Id, symbols[best].Length) = (pairs[best].Id, symbols[best].Length + symbols[best + 1].Length);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            pairs[(best + 1)..count].CopyTo(pairs[best..]);
            symbols[--count] = default;
            if (best + 1 < count)
            {
                pairs[best] = Pair(text, symbols, best);
            }

            if (best > 0)
            {
                pairs[best - 1] = Pair(text, symbols, best - 1);
            }
        }

        pairs.Clear();
    }

    private (int Rank, int Id) Pair(ReadOnlySpan<char> text, ReadOnlySpan<Symbol> symbols, int at) =>
        TryMerge(text, symbols[at], symbols[at + 1], out int rank, out int id) ? (rank, id) : (int.MaxValue, -1);

    private void Offer(ReadOnlySpan<char> text, ReadOnlySpan<Symbol> symbols, int at, WipedList<ulong> queue)
    {
        if (TryMerge(text, symbols[at], symbols[symbols[at].Next], out int rank, out _))
        {
            Push(queue, ((ulong)(uint)rank << 32) | (uint)at);
        }
    }

    // A binary heap with the smallest entry first.
    private static void Push(WipedList<ulong> queue, ulong entry)
    {
        queue.Add(entry);
        Span<ulong> heap = queue.Span;
        int at = heap.Length - 1;
        for (int parent = (at - 1) / 2; at > 0 && heap[parent] > entry; parent = (at - 1) / 2)
        {
            heap[at] = heap[parent];
            at = parent;
        }

        heap[at] = entry;
    }

    private static ulong Pop(WipedList<ulong> queue)
    {
        ulong first = queue.Span[0];
        ulong entry = queue.RemoveLast();
        Span<ulong> heap = queue.Span;
        if (heap.IsEmpty)
        {
            return first;
        }

        int at = 0;
        for (int child = 1; child < heap.Length; child = (2 * at) + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
            {
                child++;
            }

            if (heap[child] >= entry)
            {
                break;
            }

            heap[at] = heap[child];
            at = child;
        }

        heap[at] = entry;
        return first;
    }
}
