using Verathos.Bench.Statistics;

namespace Verathos.Bench.Fingerprint;

/// <summary>What fingerprints do to generation.</summary>
/// <param name="Workload">What was generated.</param>
/// <param name="Fingerprints">Which were made: the trace of every step and sketches, or TOPLOC proofs as well.</param>
/// <param name="Plain">Tokens a second without fingerprints.</param>
/// <param name="Traced">Tokens a second with them.</param>
/// <param name="Time">Time with them over time without, in interleaved pairs.</param>
/// <param name="Processor">The same of processor time, which other work on the machine disturbs less; threads that wait for one another count.</param>
public sealed record TraceOverhead(string Workload, string Fingerprints, Spread Plain, Spread Traced, PairedRatio Time, PairedRatio Processor);
