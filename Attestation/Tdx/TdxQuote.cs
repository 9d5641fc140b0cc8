using System.Buffers.Binary;

namespace Verathos.Attestation.Tdx;

/// <summary>
/// A TDX quote of version 4 with attestation key type 2 (ECDSA P-256) and certification data type 5 inside type 6
/// (Intel TDX DCAP Quoting Library API, appendix A). Parsing checks lengths and constants and nothing else.
/// </summary>
public sealed class TdxQuote
{
    private const int HeaderLength = 48;
    private const int SignedLength = HeaderLength + TdReport.Length;
    private const int MaximumLength = 64 * 1024;

    private TdxQuote()
    {
    }

    /// <summary>The quoting enclave's vendor, 16 bytes.</summary>
    public ReadOnlyMemory<byte> QeVendorId { get; private init; }

    /// <summary>Vendor data of the header, 20 bytes.</summary>
    public ReadOnlyMemory<byte> UserData { get; private init; }

    /// <summary>The guest's report.</summary>
    public TdReport Body { get; private init; }

    /// <summary>Header and body: what the attestation key signed.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; private init; }

    /// <summary>The attestation key's signature, r || s, 64 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>The attestation key, x || y, 64 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> AttestationKey { get; private init; }

    /// <summary>The quoting enclave's report.</summary>
    public EnclaveReport QeReport { get; private init; }

    /// <summary>The PCK's signature over <see cref="QeReport"/>, r || s, 64 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> QeReportSignature { get; private init; }

    /// <summary>The quoting enclave's authentication data.</summary>
    public ReadOnlyMemory<byte> QeAuthenticationData { get; private init; }

    /// <summary>The PCK certificate chain as PEM, in whatever order.</summary>
    public ReadOnlyMemory<byte> PckChain { get; private init; }

    /// <summary>Parses a quote. Zero bytes may follow its end; anything else there is an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out TdxQuote? quote, out ParseError error)
    {
        quote = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderLength)
        {
            return Fail(ref error, "Header", $"{span.Length} bytes are too few", 0);
        }

        if (span.Length > MaximumLength)
        {
            return Fail(ref error, "Quote", $"{span.Length} bytes are more than {MaximumLength}", 0);
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(span);
        if (version != 4)
        {
            return Unsupported(ref error, "Version", $"{version}; this build verifies 4", 0, known: version is 3 or 5);
        }

        ushort keyType = BinaryPrimitives.ReadUInt16LittleEndian(span[2..]);
        if (keyType != 2)
        {
            return Unsupported(ref error, "Attestation Key Type", $"{keyType}; this build verifies 2 (ECDSA P-256)", 2, known: keyType == 3);
        }

        uint teeType = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
        if (teeType != 0x81)
        {
            return Unsupported(ref error, "TEE Type", $"0x{teeType:x}; this build verifies 0x81 (TDX)", 4, known: teeType == 0);
        }

        if (span.Length < SignedLength + 4)
        {
            return Fail(ref error, "Body", "the quote ends inside it", span.Length);
        }

        uint signatureLength = BinaryPrimitives.ReadUInt32LittleEndian(span[SignedLength..]);
        int start = SignedLength + 4;
        if (signatureLength > span.Length - start)
        {
            return Fail(ref error, "Quote Signature Data Len", $"{signatureLength} is more than the quote holds", SignedLength);
        }

        if (span[(start + (int)signatureLength)..].ContainsAnyExcept((byte)0))
        {
            return Fail(ref error, "Quote", "bytes other than zero follow its end", start + (int)signatureLength);
        }

        return TryParseSignature(bytes, bytes.Slice(start, (int)signatureLength), start, out quote, ref error);
    }

    private static bool TryParseSignature(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> data, int start, out TdxQuote? quote, ref ParseError error)
    {
        quote = null;
        ReadOnlySpan<byte> span = data.Span;
        const int certificationStart = 64 + 64 + 6;
        const int authenticationStart = certificationStart + EnclaveReport.Length + 64;
        if (span.Length < certificationStart)
        {
            return Fail(ref error, "Quote Signature Data", "too short", start);
        }

        ushort outerType = BinaryPrimitives.ReadUInt16LittleEndian(span[128..]);
        if (outerType != 6)
        {
            return Unsupported(ref error, "QE Certification Data Type", $"{outerType}; version 4 carries 6 here", start + 128, known: outerType is >= 1 and <= 7);
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(span[130..]) != span.Length - certificationStart)
        {
            return Fail(ref error, "QE Certification Data Size", "does not fill the signature data", start + 130);
        }

        if (span.Length < authenticationStart + 2)
        {
            return Fail(ref error, "QE Report Certification Data", "too short", start + certificationStart);
        }

        int authenticationLength = BinaryPrimitives.ReadUInt16LittleEndian(span[authenticationStart..]);
        int innerStart = authenticationStart + 2 + authenticationLength;
        if (span.Length < innerStart + 6)
        {
            return Fail(ref error, "QE Authentication Data", "too long", start + authenticationStart);
        }

        ushort innerType = BinaryPrimitives.ReadUInt16LittleEndian(span[innerStart..]);
        if (innerType != 5)
        {
            return Unsupported(ref error, "Certification Data Type", $"{innerType}; this build verifies 5 (PCK chain)", start + innerStart, known: innerType is >= 1 and <= 7);
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(span[(innerStart + 2)..]) != span.Length - innerStart - 6)
        {
            return Fail(ref error, "Certification Data Size", "does not fill the certification data", start + innerStart + 2);
        }

        quote = new TdxQuote
        {
            QeVendorId = bytes.Slice(12, 16),
            UserData = bytes.Slice(28, 20),
            Body = new TdReport(bytes.Slice(HeaderLength, TdReport.Length)),
            SignedBytes = bytes[..SignedLength],
            Signature = data[..64],
            AttestationKey = data.Slice(64, 64),
            QeReport = new EnclaveReport(data.Slice(certificationStart, EnclaveReport.Length)),
            QeReportSignature = data.Slice(certificationStart + EnclaveReport.Length, 64),
            QeAuthenticationData = data.Slice(authenticationStart + 2, authenticationLength),
            PckChain = data[(innerStart + 6)..],
        };
        return true;
    }

    private static bool Fail(ref ParseError error, string field, string problem, int offset)
    {
        error = new ParseError(field, problem, offset);
        return false;
    }

    private static bool Unsupported(ref ParseError error, string field, string problem, int offset, bool known)
    {
        error = new ParseError(field, problem, offset) { IsUnsupported = known };
        return false;
    }
}
