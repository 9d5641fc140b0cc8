namespace Verathos.Simulator.Tdx;

/// <summary>
/// The quoting enclave's report body (384 bytes, "Intel TDX DCAP Quoting Library API" A.3.10) and the authentication
/// data that follows it. Defaults satisfy the default TD_QE identity.
/// </summary>
public sealed record QeReportSpec
{
    /// <summary>CPUSVN, 16 bytes.</summary>
    public byte[] CpuSvn { get; init; } = [9, 9, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>MISCSELECT, written little-endian.</summary>
    public uint MiscSelect { get; init; }

    /// <summary>The 28 reserved bytes after MISCSELECT.</summary>
    public byte[] ReservedAfterMiscSelect { get; init; } = new byte[28];

    /// <summary>ATTRIBUTES, 16 bytes: flags and XFRM.</summary>
    public byte[] Attributes { get; init; } = [0x15, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>MRENCLAVE, 32 bytes.</summary>
    public byte[] MrEnclave { get; init; } = ReferenceMeasurement.Sha256("td-qe.mrenclave");

    /// <summary>The 32 reserved bytes after MRENCLAVE.</summary>
    public byte[] ReservedAfterMrEnclave { get; init; } = new byte[32];

    /// <summary>MRSIGNER, 32 bytes; the TD_QE identity names it.</summary>
    public byte[] MrSigner { get; init; } = ReferenceMeasurement.QeMrSigner;

    /// <summary>The 96 reserved bytes after MRSIGNER.</summary>
    public byte[] ReservedAfterMrSigner { get; init; } = new byte[96];

    /// <summary>ISVPRODID, written little-endian; 2 is the TD quoting enclave.</summary>
    public ushort IsvProdId { get; init; } = 2;

    /// <summary>ISVSVN, written little-endian.</summary>
    public ushort IsvSvn { get; init; } = 6;

    /// <summary>The 60 reserved bytes after ISVSVN.</summary>
    public byte[] ReservedAfterIsvSvn { get; init; } = new byte[60];

    /// <summary>64 bytes; SHA-256(attestation key || authentication data) and 32 zero bytes where null.</summary>
    public byte[]? ReportData { get; init; }

    /// <summary>Authentication data, at most 65,535 bytes; usually these 32.</summary>
    public byte[] AuthenticationData { get; init; } =
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    ];

    /// <summary>What is wrong with the PCK's signature over the report.</summary>
    public SignatureFault Signature { get; init; }
}
