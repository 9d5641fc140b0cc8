namespace Verathos.Client.Receipts;

/// <summary>How a receipt fits those seen before it.</summary>
internal enum LedgerResult
{
    /// <summary>Nothing contradicts it.</summary>
    Consistent,

    /// <summary>Its counter is not above one that had been seen before the request left.</summary>
    NotMonotone,

    /// <summary>Its neighbour's hash is not the one that it, or its successor, names.</summary>
    BrokenLink,

    /// <summary>Another receipt carries the same counter.</summary>
    Equivocation,
}
