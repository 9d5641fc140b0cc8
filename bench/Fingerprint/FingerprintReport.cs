namespace Verathos.Bench.Fingerprint;

/// <summary>What fingerprints cost.</summary>
/// <param name="Rows">Single operations on one thread.</param>
/// <param name="Keys">Sizes of keys, computed.</param>
/// <param name="Overheads">Generation on a random model of SmolLM2-135M's shape.</param>
public sealed record FingerprintReport(IReadOnlyList<FingerprintRow> Rows, IReadOnlyList<KeySize> Keys, IReadOnlyList<TraceOverhead> Overheads);
