namespace Verathos.Enclave.Platform;

/// <summary>One GPU as its driver reports it.</summary>
public sealed record GpuState
{
    /// <summary>Its number on this machine, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Whether confidential computing is on.</summary>
    public required bool ConfidentialMode { get; init; }

    /// <summary>Whether the developer tools mode, which opens the GPU to debuggers, is on.</summary>
    public required bool DevTools { get; init; }

    /// <summary>The attestation report over the nonce: SPDM request and response.</summary>
    public required ReadOnlyMemory<byte> Report { get; init; }

    /// <summary>The report's certificate chain, PEM.</summary>
    public required ReadOnlyMemory<byte> CertificateChain { get; init; }

    /// <summary>SHA-256 over the DER of the device certificate that the driver's session with this GPU was set up with.</summary>
    public required ReadOnlyMemory<byte> SessionLeaf { get; init; }
}
