namespace Verathos.Attestation.Collateral;

/// <summary>What a plan collected.</summary>
/// <param name="Json">QuoteCollateralV3, or the forms of SEV-SNP or GPUs, UTF-8; empty where nothing was collected.</param>
/// <param name="Documents">Every document that was asked for.</param>
/// <param name="Failure">What ended it before its time; null where nothing did.</param>
public sealed record CollectedCollateral(ReadOnlyMemory<byte> Json, IReadOnlyList<CollectedDocument> Documents, CollateralException? Failure);
