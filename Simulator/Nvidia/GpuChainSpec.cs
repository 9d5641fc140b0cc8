using System.Collections.Immutable;
using Verathos.Simulator.Certificates;

namespace Verathos.Simulator.Nvidia;

/// <summary>
/// Every field of a GPU's certificate chain: device root → GH100 identity → provisioner → boot ROM → firmware (the leaf whose
/// key signs reports).
/// </summary>
public sealed record GpuChainSpec
{
    /// <summary>The chain that every GPU of an installation has.</summary>
    public static GpuChainSpec Standard { get; } = new();

    /// <summary>The chip's name in the device's own certificates, and in its provisioner's.</summary>
    public string Chip { get; init; } = "GH100";

    /// <summary>The firmware's certificate.</summary>
    public CertificateSpec Leaf { get; init; } = CertificateSpec.Standard;

    /// <summary>The boot ROM's certificate.</summary>
    public CertificateSpec BootRom { get; init; } = CertificateSpec.Standard;

    /// <summary>The provisioner's certificate.</summary>
    public CertificateSpec Provisioner { get; init; } = CertificateSpec.Standard;

    /// <summary>The certificate of the GH100 identity authority.</summary>
    public CertificateSpec Identity { get; init; } = CertificateSpec.Standard;

    /// <summary>The root's certificate.</summary>
    public CertificateSpec Root { get; init; } = CertificateSpec.Standard;

    /// <summary>Further authorities, each with a key of its own, between the provisioner and the boot ROM; the uppermost first.</summary>
    public ImmutableArray<CertificateSpec> FurtherAuthorities { get; init; } = [];

    /// <summary>A certificate that the firmware's key issues; the key in it then signs the report.</summary>
    public CertificateSpec? BelowLeaf { get; init; }

    /// <summary>Which certificates (DER, leaf first) are shown, and in what order; all of them, as they are, where null.</summary>
    public Func<IReadOnlyList<byte[]>, IEnumerable<byte[]>>? Arrange { get; init; }
}
