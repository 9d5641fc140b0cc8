using System.Buffers.Binary;
using Verathos.Simulator.Dcap;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Sgx;

/// <summary>
/// Every field of an SGX enclave's quote of version 3, 4 or 5 ("Intel SGX ECDSA Quote Library API" appendix A). Version 3 is the default.
/// </summary>
public sealed record SgxQuoteSpec : QuoteSpec
{
    /// <summary>A quote of version 3 by Intel's quoting enclave.</summary>
    public SgxQuoteSpec()
    {
        Version = 3;
        TeeType = 0;
        BodyType = 1;
        Qe = new QeReportSpec { IsvProdId = 1 };
    }

    /// <summary>CPUSVN, 16 bytes.</summary>
    public byte[] CpuSvn { get; init; } = [9, 9, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>MISCSELECT, written little-endian.</summary>
    public uint MiscSelect { get; init; }

    /// <summary>ISVEXTPRODID, 16 bytes.</summary>
    public byte[] IsvExtProdId { get; init; } = new byte[16];

    /// <summary>ATTRIBUTES, 16 bytes: flags, of which bit 1 is DEBUG, and XFRM.</summary>
    public byte[] Attributes { get; init; } = [0x05, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>MRENCLAVE, 32 bytes.</summary>
    public byte[] MrEnclave { get; init; } = ReferenceMeasurement.MrEnclave;

    /// <summary>MRSIGNER, 32 bytes.</summary>
    public byte[] MrSigner { get; init; } = ReferenceMeasurement.MrSigner;

    /// <summary>CONFIGID, 64 bytes.</summary>
    public byte[] ConfigId { get; init; } = new byte[64];

    /// <summary>ISVPRODID, written little-endian.</summary>
    public ushort IsvProdId { get; init; } = 1;

    /// <summary>ISVSVN, written little-endian.</summary>
    public ushort IsvSvn { get; init; } = 1;

    /// <summary>CONFIGSVN, written little-endian.</summary>
    public ushort ConfigSvn { get; init; }

    /// <summary>ISVFAMILYID, 16 bytes.</summary>
    public byte[] IsvFamilyId { get; init; } = new byte[16];

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public byte[] ReportData { get; init; } = new byte[64];

    internal override byte[] Body()
    {
        byte[] body = new byte[384];
        Sized(CpuSvn, 16, nameof(CpuSvn)).CopyTo(body, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), MiscSelect);
        Sized(IsvExtProdId, 16, nameof(IsvExtProdId)).CopyTo(body, 32);
        Sized(Attributes, 16, nameof(Attributes)).CopyTo(body, 48);
        Sized(MrEnclave, 32, nameof(MrEnclave)).CopyTo(body, 64);
        Sized(MrSigner, 32, nameof(MrSigner)).CopyTo(body, 128);
        Sized(ConfigId, 64, nameof(ConfigId)).CopyTo(body, 192);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(256), IsvProdId);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(258), IsvSvn);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(260), ConfigSvn);
        Sized(IsvFamilyId, 16, nameof(IsvFamilyId)).CopyTo(body, 304);
        Sized(ReportData, 64, nameof(ReportData)).CopyTo(body, 320);
        return body;
    }
}
