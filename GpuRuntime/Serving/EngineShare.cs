namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// What the engines of a node share: places, the queue, memory for keys and values, and processors. Requests of all engines
/// begin in one order, that of arrival: whatever model a request asks for, it is not overtaken for ever by smaller ones for another.
/// </summary>
public sealed class EngineShare
{
    private readonly Lock _gate = new();
    private readonly LinkedList<ActiveRequest> _waiting = new();
    private readonly HashSet<InferenceEngine> _full = [];
    private int _begun;

    /// <summary>A share for one node.</summary>
    /// <param name="memory">For the keys and values of all running requests.</param>
    /// <param name="maxActive">Sequences that are computed in turn, at least 1.</param>
    /// <param name="queueCapacity">Requests that may wait; one more is refused.</param>
    public EngineShare(KvBudget memory, int maxActive, int queueCapacity)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxActive, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(queueCapacity);
        (Memory, MaxActive, QueueCapacity) = (memory, maxActive, queueCapacity);
    }

    /// <summary>Memory for keys and values.</summary>
    public KvBudget Memory { get; }

    /// <summary>Sequences that are computed in turn.</summary>
    public int MaxActive { get; }

    /// <summary>Requests that may wait.</summary>
    public int QueueCapacity { get; }

    /// <summary>Hands out the processors.</summary>
    internal TurnGate Turns { get; } = new(Environment.ProcessorCount, TimeProvider.System);

    /// <summary>Puts a request at the end of the queue, or lets it begin.</summary>
    /// <returns>False where as many wait as may.</returns>
    internal bool TryEnter(ActiveRequest entry)
    {
        lock (_gate)
        {
            DropCancelled();

            // A free place counts too: with no place to wait at all, a request can still be served at once.
            if (_waiting.Count >= QueueCapacity + Math.Max(0, MaxActive - _begun))
            {
                return false;
            }

            _waiting.AddLast(entry);
            Begin();
            return true;
        }
    }

    /// <summary>Frees the places of requests that ended while they waited.</summary>
    internal void Refresh()
    {
        lock (_gate)
        {
            DropCancelled();
            Begin();
        }
    }

    /// <summary>Requests of one engine that wait.</summary>
    internal int CountWaiting(InferenceEngine engine)
    {
        lock (_gate)
        {
            DropCancelled();
            Begin();
            return _waiting.Count(entry => entry.Engine == engine);
        }
    }

    /// <summary>Gives back what a request that began had.</summary>
    internal void End(ActiveRequest entry)
    {
        lock (_gate)
        {
            _begun--;
            Memory.Release(entry.Memory);
            entry.Engine.Part?.Release(entry.Memory);
            DropCancelled();
            Begin();
        }
    }

    /// <summary>Takes memory for something that is no request and is soon over, where so much is free.</summary>
    internal bool TryBorrow(InferenceEngine engine, long bytes)
    {
        lock (_gate)
        {
            if (engine.Part is { } part && !part.TryReserve(bytes))
            {
                return false;
            }

            if (Memory.TryReserve(bytes))
            {
                return true;
            }

            engine.Part?.Release(bytes);
            return false;
        }
    }

    /// <summary>Gives borrowed memory back.</summary>
    internal void GiveBack(InferenceEngine engine, long bytes)
    {
        lock (_gate)
        {
            Memory.Release(bytes);
            engine.Part?.Release(bytes);
            DropCancelled();
            Begin();
        }
    }

    /// <summary>Takes an engine's requests out of the queue; none of them begins any more.</summary>
    internal IReadOnlyList<ActiveRequest> Withdraw(InferenceEngine engine)
    {
        lock (_gate)
        {
            ActiveRequest[] taken = [.. _waiting.Where(entry => entry.Engine == engine)];
            foreach (ActiveRequest entry in taken)
            {
                _waiting.Remove(entry);
            }

            Begin();
            return taken;
        }
    }

    private void DropCancelled()
    {
        for (LinkedListNode<ActiveRequest>? node = _waiting.First, next; node is not null; node = next)
        {
            next = node.Next;
            if (node.Value.IsCancelled)
            {
                _waiting.Remove(node);
                node.Value.EndUnbegun(new OperationCanceledException());
            }
        }
    }

    /// <summary>
    /// Lets requests begin in order of arrival. One that waits for memory is not overtaken; one that waits only for its own
    /// engine's part is, by those for other engines.
    /// </summary>
    private void Begin()
    {
        _full.Clear();
        for (LinkedListNode<ActiveRequest>? node = _waiting.First, next; node is not null && _begun < MaxActive; node = next)
        {
            next = node.Next;
            ActiveRequest entry = node.Value;
            if (_full.Contains(entry.Engine))
            {
                continue;
            }

            if (entry.Engine.Part is { } part && !part.TryReserve(entry.Memory))
            {
                _full.Add(entry.Engine);
                continue;
            }

            if (!Memory.TryReserve(entry.Memory))
            {
                entry.Engine.Part?.Release(entry.Memory);
                return;
            }

            _waiting.Remove(node);
            _begun++;
            entry.Engine.Take(entry);
        }
    }
}
