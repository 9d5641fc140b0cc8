namespace Verathos.Bench.Memory;

/// <summary>Whether a node's memory grows with the requests that it has served.</summary>
/// <param name="Requests">Requests sent.</param>
/// <param name="Answered">Those of them that got a verified answer; the others were left or deserved their refusal.</param>
/// <param name="Unexpected">Failures that were not deserved.</param>
/// <param name="Samples">Every sample.</param>
/// <param name="ResidentBytesPerRequest">Slope of the line of least squares through resident memory after the warm-up.</param>
/// <param name="ManagedBytesPerRequest">The same of live objects.</param>
public sealed record MemoryReport(
    int Requests, int Answered, int Unexpected, IReadOnlyList<MemorySample> Samples, double ResidentBytesPerRequest, double ManagedBytesPerRequest)
{
    /// <summary>
    /// Live objects that a request may leave: the keyset's record of replays keeps 32 bytes of each until the keyset ends, in a table
    /// that doubles as it fills, and is bounded by its capacity.
    /// </summary>
    public const double MostManagedBytesPerRequest = 192;

    /// <summary>Resident memory that a request may leave: that record, and what the collector keeps for later.</summary>
    public const double MostResidentBytesPerRequest = 2048;

    /// <summary>Whether nothing else grows.</summary>
    public bool Passed => Unexpected == 0 && ManagedBytesPerRequest <= MostManagedBytesPerRequest && ResidentBytesPerRequest <= MostResidentBytesPerRequest;
}
