using Verathos.Attestation.Batch;

namespace Verathos.Attestation.Collateral;

/// <summary>Evidence for which collateral is wanted.</summary>
public sealed record CollateralRequest
{
    /// <summary>The evidence.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>Its format.</summary>
    public required EvidenceFormat Format { get; init; }

    /// <summary>AMD's product name, for reports that do not say it; null where it is not known.</summary>
    public string? Product { get; init; }

    /// <summary>Which of Intel's evaluations.</summary>
    public TcbSelection Selection { get; init; } = TcbSelection.Default;

    /// <summary>The certificate chain of a lone GPU report, PEM; empty where it is in the evidence or in <see cref="Given"/>.</summary>
    public ReadOnlyMemory<byte> GpuChainPem { get; init; }

    /// <summary>What is at hand already, in the form of a batch's line; what it has is not asked for. Empty where there is nothing.</summary>
    public ReadOnlyMemory<byte> Given { get; init; }
}
