using System.Collections.Immutable;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Ocsp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Cases;

/// <summary>A whole node's evidence, field by field. Defaults describe a node that the shipped policies accept.</summary>
public sealed record SimulatedNodeSpec
{
    /// <summary>The time of judgement; everything else is placed relative to it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where that time came from.</summary>
    public TimeSource TimeSource { get; init; } = TimeSource.Verifier;

    /// <summary>How long before <see cref="At"/> the nonce was made.</summary>
    public TimeSpan EvidenceAge { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The quote; its report data is filled in.</summary>
    public TdxQuoteSpec Quote { get; init; } = new() { ReportData = [] };

    /// <summary>The collateral; null for none.</summary>
    public CollateralSpec? Collateral { get; init; } = new();

    /// <summary>Puts the platform's PCK certificate on the CRL.</summary>
    public bool RevokePck { get; init; }

    /// <summary>Number of GPUs.</summary>
    public int GpuCount { get; init; } = 1;

    /// <summary>What each GPU reports; device and nonce are filled in.</summary>
    public GpuReportSpec Gpu { get; init; } = new() { Nonce = [] };

    /// <summary>The nonce that the GPUs sign where it is not the derived one, 32 bytes.</summary>
    public byte[]? GpuNonce { get; init; }

    /// <summary>One device signs every report.</summary>
    public bool SameGpu { get; init; }

    /// <summary>The driver's references.</summary>
    public RimSpec DriverRim { get; init; } = new() { Kind = RimKind.Driver };

    /// <summary>The VBIOS's references.</summary>
    public RimSpec VbiosRim { get; init; } = new() { Kind = RimKind.Vbios };

    /// <summary>Whether references come with the evidence.</summary>
    public bool HasRims { get; init; } = true;

    /// <summary>What the OCSP answers about the devices say; null for no answers.</summary>
    public OcspSpec? Ocsp { get; init; } = new();

    /// <summary>Number of NVSwitches, with the references for their firmware.</summary>
    public int SwitchCount { get; init; }

    /// <summary>The NVSwitches' firmware.</summary>
    public string SwitchFirmware { get; init; } = SwitchReference.FirmwareVersion;

    /// <summary>What the second GPU reports as its feature flag, where it is not what all report.</summary>
    public ushort? SecondFeatureFlag { get; init; }

    /// <summary>How many nonces share the quote.</summary>
    public int NonceBatch { get; init; } = 1;

    /// <summary>The KEMs that the keyset offers, by IANA number.</summary>
    public ImmutableArray<int> Kems { get; init; } = [0x647A];

    /// <summary>How long before <see cref="At"/> the keyset's validity begins.</summary>
    public TimeSpan KeysetAge { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From the keyset's not-before to its not-after.</summary>
    public TimeSpan KeysetLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Merkle root of the model, 32 bytes.</summary>
    public byte[] ManifestRoot { get; init; } = new byte[32];

    /// <summary>The configuration's topology.</summary>
    public string Topology { get; init; } = "split";

    /// <summary>What the configuration says about being simulated.</summary>
    public bool Simulated { get; init; } = true;

    /// <summary>What the enclave found about the GPUs' confidential mode.</summary>
    public bool GpuConfidentialMode { get; init; } = true;

    /// <summary>What the enclave found about the GPUs' DEVTOOLS mode.</summary>
    public bool GpuDevTools { get; init; }

    /// <summary>The subnet identity that is bound.</summary>
    public NodeIdentity? Identity { get; init; }

    /// <summary>Another nonce than the bound one, as the verifier's, 32 bytes.</summary>
    public byte[]? ExpectedNonce { get; init; }

    /// <summary>Another model than the bound one, as shown, 32 bytes.</summary>
    public byte[]? ShownManifestRoot { get; init; }

    /// <summary>Shows another keyset than the bound one.</summary>
    public bool SwapKeyset { get; init; }

    /// <summary>Shows no GPU, though one is bound.</summary>
    public bool WithholdGpus { get; init; }

    /// <summary>Offset of a quote byte whose lowest bit is flipped.</summary>
    public int? FlipQuote { get; init; }

    /// <summary>Offset of a byte of the first GPU report whose lowest bit is flipped, before it is bound.</summary>
    public int? FlipGpu { get; init; }

    /// <summary>The quote comes from a second installation.</summary>
    public bool ForeignQuote { get; init; }

    /// <summary>The GPU reports come from a second installation.</summary>
    public bool ForeignGpu { get; init; }
}
