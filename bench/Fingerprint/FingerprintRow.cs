using Verathos.Bench.Statistics;

namespace Verathos.Bench.Fingerprint;

/// <summary>One cost on one thread.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Shape">The model's shape.</param>
/// <param name="Bytes">What was hashed, or read of the key.</param>
/// <param name="Milliseconds">Time of each.</param>
public sealed record FingerprintRow(string Name, string Shape, long Bytes, Spread Milliseconds);
