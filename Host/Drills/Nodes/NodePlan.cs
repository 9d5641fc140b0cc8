using System.Collections.Immutable;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Ocsp;
using Verathos.Simulator.Tdx;
using NodeIdentity = Verathos.Attestation.Binding.NodeIdentity;

namespace Verathos.Host.Drills.Nodes;

/// <summary>How a node answers a nonce. The defaults are an honest node; a drill changes what the attack changes.</summary>
internal sealed record NodePlan
{
    /// <summary>The quote's fields; its report data is the binding unless <see cref="ReportData"/> is set.</summary>
    public TdxQuoteSpec Quote { get; init; } = new() { ReportData = new byte[64] };

    /// <summary>What the quote binds instead of the binding, 64 bytes.</summary>
    public byte[]? ReportData { get; init; }

    /// <summary>The model that is bound, where it is not the one that is shown, 32 bytes.</summary>
    public byte[]? BoundManifestRoot { get; init; }

    /// <summary>The collateral beside the quote; null for none.</summary>
    public CollateralSpec? Collateral { get; init; } = new();

    /// <summary>The reports' fields; the nonce is replaced by the one that belongs to the binding.</summary>
    public ImmutableArray<GpuReportSpec> Gpus { get; init; } = [new() { Nonce = new byte[32] }];

    /// <summary>Turns a report's fields, the right nonce among them, into those that are minted and bound.</summary>
    public Func<GpuReportSpec, GpuReportSpec> GpuEdit { get; init; } = gpu => gpu;

    /// <summary>What the OCSP answers about the GPUs say; null for no answers.</summary>
    public OcspSpec? Ocsp { get; init; } = new();

    public RimSpec DriverRim { get; init; } = new() { Kind = RimKind.Driver };

    public RimSpec VbiosRim { get; init; } = new() { Kind = RimKind.Vbios };

    public NodeConfiguration Configuration { get; init; } = new(
        NodeConfiguration.Split, "verathos-runtime/0.1.0", CommittedProfiles.Served, new NodeLimits(1 << 20, 4096, 1024, 8), Simulated: true, GpuConfidentialMode: true, GpuDevTools: false);

    public NodeIdentity? Identity { get; init; }

    /// <summary>The key encapsulation mechanisms that the keyset offers.</summary>
    public ImmutableArray<HpkeKem> Kems { get; init; } = [HpkeKem.XWing];

    /// <summary>Lifetime of the keyset from a minute before the clock's now.</summary>
    public TimeSpan KeysetLifetime { get; init; } = TimeSpan.FromHours(1);
}
