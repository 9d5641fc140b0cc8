namespace Verathos.Protocol.Evidence;

/// <summary>One GPU's attestation report (SPDM GET_MEASUREMENTS request and response) and its certificate chain in PEM, leaf first.</summary>
public sealed record GpuEvidence(ReadOnlyMemory<byte> Report, ReadOnlyMemory<byte> CertificateChain);
