namespace Verathos.Bench.Memory;

/// <summary>The process's memory after some requests, right after a full collection.</summary>
/// <param name="Requests">Requests so far.</param>
/// <param name="ResidentBytes">Resident memory.</param>
/// <param name="ManagedBytes">Live objects.</param>
public sealed record MemorySample(int Requests, long ResidentBytes, long ManagedBytes);
