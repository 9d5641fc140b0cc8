namespace Verathos.Bench.Evidence;

/// <summary>A quote as the peers take it.</summary>
/// <param name="Quote">The quote.</param>
/// <param name="Collateral">QuoteCollateralV3 JSON.</param>
/// <param name="At">The time of judgement, Unix seconds.</param>
/// <param name="Root">The root certificate, DER; null for Intel's, which the peers have built in.</param>
internal sealed record PeerInput(ReadOnlyMemory<byte> Quote, ReadOnlyMemory<byte> Collateral, long At, ReadOnlyMemory<byte>? Root);
