using System.Numerics;

namespace Verathos.Attestation.Collateral.Cache;

/// <summary>The highest number that a cache has seen of one issuer.</summary>
/// <param name="Issuer"><c>crl/</c> and the SHA-256 of the signer's SubjectPublicKeyInfo, or <c>tcb/</c>, the root, the TEE and the line of evaluations.</param>
/// <param name="Number">The number.</param>
/// <param name="Issued">When the document that brought it was issued.</param>
public sealed record HighestSeen(string Issuer, BigInteger Number, DateTimeOffset Issued);
