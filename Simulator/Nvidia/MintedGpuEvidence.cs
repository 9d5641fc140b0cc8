namespace Verathos.Simulator.Nvidia;

/// <summary>What one GPU hands out.</summary>
/// <param name="Report">SPDM request, response and signature, concatenated.</param>
/// <param name="CertificateChain">The GPU's five certificates as PEM (ASCII), leaf first.</param>
public sealed record MintedGpuEvidence(byte[] Report, byte[] CertificateChain);
