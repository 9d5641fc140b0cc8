using System.Buffers.Binary;

namespace Verathos.Attestation.Tdx;

/// <summary>An SGX enclave report body of 384 bytes (Intel SDM volume 3D, REPORT), as a quoting enclave's report is.</summary>
/// <param name="Bytes">The 384 bytes.</param>
public readonly record struct EnclaveReport(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 384;

    /// <summary>MISCSELECT, 4 bytes.</summary>
    public ReadOnlySpan<byte> MiscSelect => Bytes.Span.Slice(16, 4);

    /// <summary>ATTRIBUTES, 16 bytes.</summary>
    public ReadOnlySpan<byte> Attributes => Bytes.Span.Slice(48, 16);

    /// <summary>MRENCLAVE, 32 bytes.</summary>
    public ReadOnlySpan<byte> MrEnclave => Bytes.Span.Slice(64, 32);

    /// <summary>MRSIGNER, 32 bytes.</summary>
    public ReadOnlySpan<byte> MrSigner => Bytes.Span.Slice(128, 32);

    /// <summary>CPUSVN, 16 bytes.</summary>
    public ReadOnlySpan<byte> CpuSvn => Bytes.Span[..16];

    /// <summary>ISVEXTPRODID, 16 bytes.</summary>
    public ReadOnlySpan<byte> IsvExtProdId => Bytes.Span.Slice(32, 16);

    /// <summary>CONFIGID, 64 bytes.</summary>
    public ReadOnlySpan<byte> ConfigId => Bytes.Span.Slice(192, 64);

    /// <summary>CONFIGSVN.</summary>
    public int ConfigSvn => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[260..]);

    /// <summary>ISVFAMILYID, 16 bytes.</summary>
    public ReadOnlySpan<byte> IsvFamilyId => Bytes.Span.Slice(304, 16);

    /// <summary>The DEBUG bit of ATTRIBUTES, bit 1: the host can read the enclave.</summary>
    public bool IsDebug => (Attributes[0] & 0x02) != 0;

    /// <summary>ISVPRODID.</summary>
    public int IsvProdId => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[256..]);

    /// <summary>ISVSVN.</summary>
    public int IsvSvn => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[258..]);

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public ReadOnlySpan<byte> ReportData => Bytes.Span.Slice(320, 64);
}
