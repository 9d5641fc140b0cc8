namespace Verathos.Client.Bundles;

/// <summary>What a file of evidence is, by its first bytes.</summary>
public enum EvidenceFileKind
{
    /// <summary>Nothing that is known here.</summary>
    Unknown = 0,

    /// <summary>A <see cref="ProofBundle"/>.</summary>
    Bundle,

    /// <summary>A node's evidence collection in CBOR.</summary>
    Collection,

    /// <summary>An SGX or TDX quote.</summary>
    Quote,

    /// <summary>An NVIDIA GPU report: SPDM request and response.</summary>
    GpuReport,

    /// <summary>An AMD SEV-SNP report.</summary>
    SnpReport,
}
