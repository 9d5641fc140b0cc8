using Verathos.Simulator.Dcap;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// Every field of a TDX guest's quote of version 4 or 5 ("Intel TDX DCAP Quoting Library API" appendix A.3). Defaults describe a guest
/// that the shipped policies accept; an attack is one <c>with</c> expression.
/// </summary>
public sealed record TdxQuoteSpec : QuoteSpec
{
    /// <summary>TEE_TCB_SVN, 16 bytes: module ISVSVN, module major version, then microcode.</summary>
    public byte[] TeeTcbSvn { get; init; } = [13, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Measurement of the TDX module, 48 bytes.</summary>
    public byte[] MrSeam { get; init; } = ReferenceMeasurement.MrSeam;

    /// <summary>Signer of the TDX module, 48 bytes; zero is Intel's.</summary>
    public byte[] MrSignerSeam { get; init; } = new byte[48];

    /// <summary>Attributes of the TDX module, 8 bytes.</summary>
    public byte[] SeamAttributes { get; init; } = new byte[8];

    /// <summary>Attributes of the guest, 8 bytes: bit 0 is DEBUG, bit 28 is SEPT_VE_DISABLE, bit 29 is MIGRATABLE.</summary>
    public byte[] TdAttributes { get; init; } = [0, 0, 0, 0x10, 0, 0, 0, 0];

    /// <summary>XFAM, 8 bytes.</summary>
    public byte[] Xfam { get; init; } = [0xE7, 0x02, 0x06, 0, 0, 0, 0, 0];

    /// <summary>Measurement of the guest's initial contents, 48 bytes.</summary>
    public byte[] MrTd { get; init; } = ReferenceMeasurement.Mrtd;

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public byte[] MrConfigId { get; init; } = new byte[48];

    /// <summary>MROWNER, 48 bytes.</summary>
    public byte[] MrOwner { get; init; } = new byte[48];

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public byte[] MrOwnerConfig { get; init; } = new byte[48];

    /// <summary>RTMR0, 48 bytes.</summary>
    public byte[] Rtmr0 { get; init; } = ReferenceMeasurement.Rtmr0;

    /// <summary>RTMR1, 48 bytes.</summary>
    public byte[] Rtmr1 { get; init; } = ReferenceMeasurement.Rtmr1;

    /// <summary>RTMR2, 48 bytes.</summary>
    public byte[] Rtmr2 { get; init; } = ReferenceMeasurement.Rtmr2;

    /// <summary>RTMR3, 48 bytes.</summary>
    public byte[] Rtmr3 { get; init; } = ReferenceMeasurement.Rtmr3;

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public required byte[] ReportData { get; init; }

    /// <summary>TEE_TCB_SVN2, 16 bytes: the module that runs now, in bodies of type 3 and 4; <see cref="TeeTcbSvn"/> where null.</summary>
    public byte[]? TeeTcbSvn2 { get; init; }

    /// <summary>MRSERVICETD, 48 bytes, in bodies of type 3 and 4.</summary>
    public byte[] MrServiceTd { get; init; } = new byte[48];

    /// <summary>The members that a body of type 4 has beyond one of type 3.</summary>
    public TdMigrationSpec Migration { get; init; } = new();

    internal override byte[] Body()
    {
        byte[] first =
        [
            .. Sized(TeeTcbSvn, 16, nameof(TeeTcbSvn)), .. Sized(MrSeam, 48, nameof(MrSeam)), .. Sized(MrSignerSeam, 48, nameof(MrSignerSeam)),
            .. Sized(SeamAttributes, 8, nameof(SeamAttributes)), .. Sized(TdAttributes, 8, nameof(TdAttributes)), .. Sized(Xfam, 8, nameof(Xfam)),
            .. Sized(MrTd, 48, nameof(MrTd)), .. Sized(MrConfigId, 48, nameof(MrConfigId)), .. Sized(MrOwner, 48, nameof(MrOwner)),
            .. Sized(MrOwnerConfig, 48, nameof(MrOwnerConfig)), .. Sized(Rtmr0, 48, nameof(Rtmr0)), .. Sized(Rtmr1, 48, nameof(Rtmr1)),
            .. Sized(Rtmr2, 48, nameof(Rtmr2)), .. Sized(Rtmr3, 48, nameof(Rtmr3)), .. Sized(ReportData, 64, nameof(ReportData)),
        ];
        if (Version < 5 || BodyType <= 2)
        {
            return first;
        }

        byte[] second = [.. first, .. Sized(TeeTcbSvn2 ?? TeeTcbSvn, 16, nameof(TeeTcbSvn2)), .. Sized(MrServiceTd, 48, nameof(MrServiceTd))];
        return BodyType == 3 ? second : [.. second, .. Migration.Body()];
    }
}
