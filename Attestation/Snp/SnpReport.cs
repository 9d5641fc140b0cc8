using System.Buffers.Binary;

namespace Verathos.Attestation.Snp;

/// <summary>
/// An SEV-SNP attestation report of version 2 to 5, 1,184 bytes, little-endian (SEV-SNP ABI specification 56860, section 7.3,
/// table 23). Parsing checks lengths and constants and nothing else.
/// </summary>
public sealed class SnpReport
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 1184;

    private const int SignedLength = 0x2A0;
    private const int ComponentLength = 72;

    private readonly ReadOnlyMemory<byte> _bytes;

    private SnpReport(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    /// <summary>2 to 5.</summary>
    public int Version => (int)Word(0);

    /// <summary>GUEST_SVN.</summary>
    public uint GuestSvn => Word(4);

    /// <summary>POLICY, 8 bytes.</summary>
    public ReadOnlyMemory<byte> Policy => _bytes.Slice(8, 8);

    /// <summary>FAMILY_ID, 16 bytes.</summary>
    public ReadOnlyMemory<byte> FamilyId => _bytes.Slice(0x10, 16);

    /// <summary>IMAGE_ID, 16 bytes.</summary>
    public ReadOnlyMemory<byte> ImageId => _bytes.Slice(0x20, 16);

    /// <summary>The privilege level that asked for the report, 0 to 3; 0xFFFFFFFF where the host asked.</summary>
    public uint Vmpl => Word(0x30);

    /// <summary>CURRENT_TCB, 8 bytes in the product's order.</summary>
    public ReadOnlyMemory<byte> CurrentTcb => _bytes.Slice(0x38, 8);

    /// <summary>PLATFORM_INFO, 8 bytes.</summary>
    public ReadOnlyMemory<byte> PlatformInfo => _bytes.Slice(0x40, 8);

    /// <summary>True where <see cref="AuthorKeyDigest"/> has meaning.</summary>
    public bool HasAuthorKey => (_bytes.Span[0x48] & 0x01) != 0;

    /// <summary>True where CHIP_ID was left out by the host.</summary>
    public bool IsChipIdMasked => (_bytes.Span[0x48] & 0x02) != 0;

    /// <summary>The key that signed.</summary>
    public SnpSigningKey SigningKey => (SnpSigningKey)((_bytes.Span[0x48] >> 2) & 0x07);

    /// <summary>REPORT_DATA, 64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => _bytes.Slice(0x50, 64);

    /// <summary>MEASUREMENT, 48 bytes.</summary>
    public ReadOnlyMemory<byte> Measurement => _bytes.Slice(0x90, 48);

    /// <summary>HOST_DATA, 32 bytes.</summary>
    public ReadOnlyMemory<byte> HostData => _bytes.Slice(0xC0, 32);

    /// <summary>ID_KEY_DIGEST, 48 bytes; zero without an ID block.</summary>
    public ReadOnlyMemory<byte> IdKeyDigest => _bytes.Slice(0xE0, 48);

    /// <summary>AUTHOR_KEY_DIGEST, 48 bytes.</summary>
    public ReadOnlyMemory<byte> AuthorKeyDigest => _bytes.Slice(0x110, 48);

    /// <summary>REPORT_ID, 32 bytes.</summary>
    public ReadOnlyMemory<byte> ReportId => _bytes.Slice(0x140, 32);

    /// <summary>REPORT_ID_MA, 32 bytes; all ones without a migration agent.</summary>
    public ReadOnlyMemory<byte> MigrationAgentId => _bytes.Slice(0x160, 32);

    /// <summary>REPORTED_TCB, 8 bytes in the product's order: the one that the key is derived from.</summary>
    public ReadOnlyMemory<byte> ReportedTcb => _bytes.Slice(0x180, 8);

    /// <summary>CPUID family; null before version 3.</summary>
    public int? Family => Version >= 3 ? _bytes.Span[0x188] : null;

    /// <summary>CPUID model; null before version 3.</summary>
    public int? Model => Version >= 3 ? _bytes.Span[0x189] : null;

    /// <summary>CPUID stepping; null before version 3.</summary>
    public int? Stepping => Version >= 3 ? _bytes.Span[0x18A] : null;

    /// <summary>CHIP_ID, 64 bytes; Turin uses the first eight.</summary>
    public ReadOnlyMemory<byte> ChipId => _bytes.Slice(0x1A0, 64);

    /// <summary>COMMITTED_TCB, 8 bytes: below which the platform cannot be rolled back.</summary>
    public ReadOnlyMemory<byte> CommittedTcb => _bytes.Slice(0x1E0, 8);

    /// <summary>The firmware that runs: major, minor, build.</summary>
    public Version CurrentFirmware => new(_bytes.Span[0x1EA], _bytes.Span[0x1E9], _bytes.Span[0x1E8]);

    /// <summary>The firmware below which the platform cannot be rolled back.</summary>
    public Version CommittedFirmware => new(_bytes.Span[0x1EE], _bytes.Span[0x1ED], _bytes.Span[0x1EC]);

    /// <summary>LAUNCH_TCB, 8 bytes: the TCB when the guest was launched.</summary>
    public ReadOnlyMemory<byte> LaunchTcb => _bytes.Slice(0x1F0, 8);

    /// <summary>LAUNCH_MIT_VECTOR, 8 bytes; null before version 5.</summary>
    public ReadOnlyMemory<byte>? LaunchMitigations => Version >= 5 ? _bytes.Slice(0x1F8, 8) : (ReadOnlyMemory<byte>?)null;

    /// <summary>CURRENT_MIT_VECTOR, 8 bytes; null before version 5.</summary>
    public ReadOnlyMemory<byte>? CurrentMitigations => Version >= 5 ? _bytes.Slice(0x200, 8) : (ReadOnlyMemory<byte>?)null;

    /// <summary>True where the host may read the guest: bit 19 of <see cref="Policy"/>.</summary>
    public bool IsDebug => (Policy.Span[2] & 0x08) != 0;

    /// <summary>True where a migration agent may take the guest elsewhere: bit 18 of <see cref="Policy"/>.</summary>
    public bool AllowsMigration => (Policy.Span[2] & 0x04) != 0;

    /// <summary>What the key signed.</summary>
    public ReadOnlyMemory<byte> SignedBytes => _bytes[..SignedLength];

    /// <summary>True where every bit that the version reserves has its prescribed value.</summary>
    public bool IsReservedAsPrescribed
    {
        get
        {
            ReadOnlySpan<byte> span = _bytes.Span;
            bool reservedPolicy = (span[8 + 2] & 0x02) == 0 || (span[8 + 3] & 0xFC) != 0 || span.Slice(8 + 4, 4).ContainsAnyExcept((byte)0);
            int afterCpuid = Version >= 3 ? 0x18B : 0x188;
            int afterLaunch = Version >= 5 ? 0x208 : 0x1F8;
            return !reservedPolicy && (span[0x48] & 0xE0) == 0 && !span[0x49..0x50].ContainsAnyExcept((byte)0)
                && !span[afterCpuid..0x1A0].ContainsAnyExcept((byte)0) && span[0x1EB] == 0 && span[0x1EF] == 0
                && !span[afterLaunch..SignedLength].ContainsAnyExcept((byte)0);
        }
    }

    /// <summary>Parses a report.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out SnpReport? report, out ParseError error)
    {
        report = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        ParseSteps.Add(span.Length);
        if (span.Length != Length)
        {
            error = new ParseError("report", $"{span.Length} bytes where {Length} are required", 0);
            return false;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(span);
        if (version is < 2 or > 5)
        {
            error = new ParseError("VERSION", $"{version}; this build verifies 2 to 5", 0) { IsUnsupported = version is 1 or (> 5 and < 16) };
            return false;
        }

        uint algorithm = BinaryPrimitives.ReadUInt32LittleEndian(span[0x34..]);
        if (algorithm != 1)
        {
            error = new ParseError("SIGNATURE_ALGO", $"{algorithm}; 1 is ECDSA P-384 with SHA-384", 0x34);
            return false;
        }

        // r and s have 72 bytes, of which P-384 fills 48; nothing signs the rest, so nothing may stand there.
        if (span[(SignedLength + 48)..(SignedLength + ComponentLength)].ContainsAnyExcept((byte)0)
            || span[(SignedLength + ComponentLength + 48)..].ContainsAnyExcept((byte)0))
        {
            error = new ParseError("SIGNATURE", "bytes beyond r and s are not zero", SignedLength + 48);
            return false;
        }

        report = new SnpReport(bytes);
        return true;
    }

    /// <summary>The signature as r || s, 96 bytes big-endian; in the report both are little-endian.</summary>
    public byte[] GetSignature()
    {
        byte[] signature = new byte[96];
        _bytes.Span.Slice(SignedLength, 48).CopyTo(signature);
        _bytes.Span.Slice(SignedLength + ComponentLength, 48).CopyTo(signature.AsSpan(48));
        signature.AsSpan(0, 48).Reverse();
        signature.AsSpan(48).Reverse();
        return signature;
    }

    private uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[offset..]);
}
