using Verathos.Attestation.Snp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Snp;

/// <summary>
/// Every field of an SEV-SNP report of version 2 to 5 (SEV-SNP ABI specification 56860, section 7.3, table 23). Defaults describe a
/// guest that the shipped policies accept.
/// </summary>
public sealed record SnpReportSpec
{
    /// <summary>VERSION: 2 to 5.</summary>
    public uint Version { get; init; } = 5;

    /// <summary>GUEST_SVN.</summary>
    public uint GuestSvn { get; init; } = 1;

    /// <summary>POLICY, 8 bytes: SMT allowed and the reserved bit that is one.</summary>
    public byte[] Policy { get; init; } = [0, 0, 3, 0, 0, 0, 0, 0];

    /// <summary>FAMILY_ID, 16 bytes.</summary>
    public byte[] FamilyId { get; init; } = new byte[16];

    /// <summary>IMAGE_ID, 16 bytes.</summary>
    public byte[] ImageId { get; init; } = new byte[16];

    /// <summary>VMPL.</summary>
    public uint Vmpl { get; init; }

    /// <summary>SIGNATURE_ALGO; 1 is ECDSA P-384 with SHA-384.</summary>
    public uint SignatureAlgorithm { get; init; } = 1;

    /// <summary>CURRENT_TCB; the authority's own where null.</summary>
    public SnpTcb? CurrentTcb { get; init; }

    /// <summary>PLATFORM_INFO, 8 bytes: ECC on, and memory checked for aliases.</summary>
    public byte[] PlatformInfo { get; init; } = [0x24, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>AUTHOR_KEY_EN.</summary>
    public bool HasAuthorKey { get; init; }

    /// <summary>MASK_CHIP_KEY.</summary>
    public bool MaskChipKey { get; init; }

    /// <summary>SIGNING_KEY: 0 VCEK, 1 VLEK, 7 none.</summary>
    public byte SigningKey { get; init; }

    /// <summary>The reserved 4 bytes at 0x4C.</summary>
    public byte[] ReservedAfterFlags { get; init; } = new byte[4];

    /// <summary>REPORT_DATA, 64 bytes.</summary>
    public byte[] ReportData { get; init; } = new byte[64];

    /// <summary>MEASUREMENT, 48 bytes.</summary>
    public byte[] Measurement { get; init; } = ReferenceMeasurement.SnpMeasurement;

    /// <summary>HOST_DATA, 32 bytes.</summary>
    public byte[] HostData { get; init; } = new byte[32];

    /// <summary>ID_KEY_DIGEST, 48 bytes.</summary>
    public byte[] IdKeyDigest { get; init; } = new byte[48];

    /// <summary>AUTHOR_KEY_DIGEST, 48 bytes.</summary>
    public byte[] AuthorKeyDigest { get; init; } = new byte[48];

    /// <summary>REPORT_ID, 32 bytes.</summary>
    public byte[] ReportId { get; init; } = new byte[32];

    /// <summary>REPORT_ID_MA, 32 bytes; all ones without a migration agent.</summary>
    public byte[] MigrationAgentId { get; init; } = [.. Enumerable.Repeat((byte)0xFF, 32)];

    /// <summary>REPORTED_TCB; the authority's own where null.</summary>
    public SnpTcb? ReportedTcb { get; init; }

    /// <summary>CPUID family, model and stepping, in versions 3 and up; the product's where null.</summary>
    public (byte Family, byte Model, byte Stepping)? Cpuid { get; init; }

    /// <summary>CHIP_ID, 64 bytes; the authority's chip where null.</summary>
    public byte[]? ChipId { get; init; }

    /// <summary>COMMITTED_TCB; the authority's own where null.</summary>
    public SnpTcb? CommittedTcb { get; init; }

    /// <summary>Build, minor and major of the firmware that runs.</summary>
    public (byte Build, byte Minor, byte Major) CurrentFirmware { get; init; } = (40, 55, 1);

    /// <summary>Build, minor and major of the committed firmware.</summary>
    public (byte Build, byte Minor, byte Major) CommittedFirmware { get; init; } = (40, 55, 1);

    /// <summary>LAUNCH_TCB; the authority's own where null.</summary>
    public SnpTcb? LaunchTcb { get; init; }

    /// <summary>LAUNCH_MIT_VECTOR, 8 bytes, in version 5.</summary>
    public byte[] LaunchMitigations { get; init; } = [0x0B, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>CURRENT_MIT_VECTOR, 8 bytes, in version 5.</summary>
    public byte[] CurrentMitigations { get; init; } = [0x0B, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Rewrites the finished report before it is signed.</summary>
    public Action<byte[]>? Edit { get; init; }

    /// <summary>What is wrong with the signature.</summary>
    public SignatureFault Signature { get; init; }
}
