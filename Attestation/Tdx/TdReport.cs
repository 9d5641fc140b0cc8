namespace Verathos.Attestation.Tdx;

/// <summary>The 584-byte TD quote body of TDX 1.0 (Intel TDX DCAP Quoting Library API, appendix A.3.2). Little-endian where numeric.</summary>
/// <param name="Bytes">The 584 bytes.</param>
public readonly record struct TdReport(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 584;

    /// <summary>TEE_TCB_SVN, 16 bytes: [0] module SVN, [1] module major version.</summary>
    public ReadOnlyMemory<byte> TeeTcbSvn => Bytes[..16];

    /// <summary>MRSEAM, 48 bytes.</summary>
    public ReadOnlyMemory<byte> MrSeam => Bytes.Slice(16, 48);

    /// <summary>MRSIGNERSEAM, 48 bytes; zero for a module of Intel's.</summary>
    public ReadOnlyMemory<byte> MrSignerSeam => Bytes.Slice(64, 48);

    /// <summary>SEAMATTRIBUTES, 8 bytes.</summary>
    public ReadOnlyMemory<byte> SeamAttributes => Bytes.Slice(112, 8);

    /// <summary>TDATTRIBUTES, 8 bytes.</summary>
    public ReadOnlyMemory<byte> TdAttributes => Bytes.Slice(120, 8);

    /// <summary>XFAM, 8 bytes.</summary>
    public ReadOnlyMemory<byte> Xfam => Bytes.Slice(128, 8);

    /// <summary>MRTD, 48 bytes.</summary>
    public ReadOnlyMemory<byte> MrTd => Bytes.Slice(136, 48);

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public ReadOnlyMemory<byte> MrConfigId => Bytes.Slice(184, 48);

    /// <summary>MROWNER, 48 bytes.</summary>
    public ReadOnlyMemory<byte> MrOwner => Bytes.Slice(232, 48);

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public ReadOnlyMemory<byte> MrOwnerConfig => Bytes.Slice(280, 48);

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => Bytes.Slice(520, 64);

    /// <summary>The TUD group of TDATTRIBUTES, byte 0: bit 0 is DEBUG, and any bit set means that the host can read the guest.</summary>
    public bool IsDebug => TdAttributes.Span[0] != 0;

    /// <summary>A runtime measurement register, 48 bytes.</summary>
    /// <param name="index">0 to 3.</param>
    public ReadOnlyMemory<byte> Rtmr(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 3);
        return Bytes.Slice(328 + (48 * index), 48);
    }
}
