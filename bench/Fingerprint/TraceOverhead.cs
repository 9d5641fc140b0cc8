using Verathos.Bench.Statistics;

namespace Verathos.Bench.Fingerprint;

/// <summary>What committing every step does to generation.</summary>
/// <param name="Workload">What was generated.</param>
/// <param name="Plain">Tokens a second without a trace.</param>
/// <param name="Traced">Tokens a second with one.</param>
/// <param name="Time">Time with a trace over time without, in interleaved pairs.</param>
public sealed record TraceOverhead(string Workload, Spread Plain, Spread Traced, PairedRatio Time);
