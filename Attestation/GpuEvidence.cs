namespace Verathos.Attestation;

/// <summary>What one GPU gives: its SPDM measurement exchange and its device certificate chain.</summary>
/// <param name="Report">The 37-byte request followed by the signed response.</param>
/// <param name="CertificateChain">The device certificates as PEM, leaf first.</param>
public sealed record GpuEvidence(ReadOnlyMemory<byte> Report, ReadOnlyMemory<byte> CertificateChain);
