using Verathos.Bench.Statistics;

namespace Verathos.Bench.Evidence;

/// <summary>What one verifier took for one kind of evidence.</summary>
/// <param name="Evidence">Format and source.</param>
/// <param name="Verifier">Who verified.</param>
/// <param name="Items">Different pieces of evidence, taken in turn.</param>
/// <param name="Milliseconds">From bytes to verdict, one measurement for each pair.</param>
/// <param name="AllocatedBytes">Bytes that one verification allocated; null for other programs.</param>
/// <param name="Slower">How many times as long as ours with everything known, by pairs; null for ours.</param>
public sealed record EvidenceRow(string Evidence, string Verifier, int Items, Spread Milliseconds, Spread? AllocatedBytes, PairedRatio? Slower);
