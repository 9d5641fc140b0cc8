using System.Buffers.Binary;
using Verathos.Attestation.Tdx;

namespace Verathos.Attestation.Dcap;

/// <summary>
/// A quote of Intel's DCAP: version 3 (SGX), 4 (SGX and TDX) or 5 (body types 1 to 4), with attestation key type 2 (ECDSA P-256)
/// or 3 (ECDSA P-384). Layout: Intel SGX ECDSA Quote Library API, appendix A, and Intel TDX DCAP Quoting Library API, appendix 3.
/// Little-endian. Parsing checks lengths and constants and nothing else.
/// </summary>
public sealed class DcapQuote
{
    internal const int HeaderLength = 48;
    internal const int MaximumLength = 64 * 1024;
    private const int DescriptorLength = 6;

    private DcapQuote(DcapBodyType bodyType, ReadOnlyMemory<byte> body, DcapSignatureData signature)
    {
        BodyType = bodyType;
        Body = body;
        Signature = signature;
    }

    /// <summary>3, 4 or 5.</summary>
    public int Version { get; private init; }

    /// <summary>What signed the quote.</summary>
    public AttestationKeyType KeyType { get; private init; }

    /// <summary>What the quote is about.</summary>
    public DcapBodyType BodyType { get; }

    /// <summary>The quoting enclave's vendor, 16 bytes.</summary>
    public ReadOnlyMemory<byte> QeVendorId { get; private init; }

    /// <summary>Vendor data of the header, 20 bytes.</summary>
    public ReadOnlyMemory<byte> UserData { get; private init; }

    /// <summary>The report, in the length of <see cref="BodyType"/>.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Header, in version 5 the body's type and size, and body: what the attestation key signed.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; private init; }

    /// <summary>What proves the quote.</summary>
    public DcapSignatureData Signature { get; }

    /// <summary>True for a TDX guest's quote, false for an SGX enclave's.</summary>
    public bool IsTdx => BodyType != DcapBodyType.Sgx;

    /// <summary>The report of an SGX enclave; null for a TDX guest.</summary>
    public EnclaveReport? Enclave => IsTdx ? null : new EnclaveReport(Body);

    /// <summary>The part that every TDX report has; null for an SGX enclave.</summary>
    public TdReport? Td => IsTdx ? new TdReport(Body[..TdReport.Length]) : null;

    /// <summary>TEE_TCB_SVN2, the SVNs of the module that runs now, 16 bytes; null before TDX 1.5.</summary>
    public ReadOnlyMemory<byte>? TeeTcbSvn2 => BodyType >= DcapBodyType.Tdx15 ? Body.Slice(584, 16) : (ReadOnlyMemory<byte>?)null;

    /// <summary>MRSERVICETD, 48 bytes; null before TDX 1.5.</summary>
    public ReadOnlyMemory<byte>? MrServiceTd => BodyType >= DcapBodyType.Tdx15 ? Body.Slice(600, 48) : (ReadOnlyMemory<byte>?)null;

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => IsTdx ? Td!.Value.ReportData : Body.Slice(320, 64);

    /// <summary>True where the host can read the guest or enclave.</summary>
    public bool IsDebug => IsTdx ? Td!.Value.IsDebug : Enclave!.Value.IsDebug;

    /// <summary>Parses a quote. Zero bytes may follow its end; anything else there is an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out DcapQuote? quote, out ParseError error)
    {
        quote = null;
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderLength)
        {
            error = new ParseError("Header", $"{span.Length} bytes are too few", 0);
            return false;
        }

        if (span.Length > MaximumLength)
        {
            error = new ParseError("Quote", $"{span.Length} bytes are more than {MaximumLength}", 0);
            return false;
        }

        if (!TryReadHeader(span, out int version, out AttestationKeyType keyType, out bool tdx, out error)
            || !TryReadBody(span, version, tdx, out DcapBodyType bodyType, out int bodyStart, out int bodyLength, out error))
        {
            return false;
        }

        int end = bodyStart + bodyLength;
        if (span.Length < end + 4)
        {
            error = new ParseError("Body", "the quote ends inside it", span.Length);
            return false;
        }

        uint signatureLength = BinaryPrimitives.ReadUInt32LittleEndian(span[end..]);
        int start = end + 4;
        if (signatureLength > span.Length - start)
        {
            error = new ParseError("Quote Signature Data Len", $"{signatureLength} is more than the quote holds", end);
            return false;
        }

        ParseSteps.Add(span.Length);
        if (span[(start + (int)signatureLength)..].ContainsAnyExcept((byte)0))
        {
            error = new ParseError("Quote", "bytes other than zero follow its end", start + (int)signatureLength);
            return false;
        }

        if (!DcapSignatureData.TryParse(bytes.Slice(start, (int)signatureLength), start, version, keyType, out DcapSignatureData? signature, out error))
        {
            return false;
        }

        quote = new DcapQuote(bodyType, bytes.Slice(bodyStart, bodyLength), signature!)
        {
            Version = version,
            KeyType = keyType,
            QeVendorId = bytes.Slice(12, 16),
            UserData = bytes.Slice(28, 20),
            SignedBytes = bytes[..end],
        };
        return true;
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> span, out int version, out AttestationKeyType keyType, out bool tdx, out ParseError error)
    {
        error = default;
        tdx = false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(span);
        keyType = (AttestationKeyType)BinaryPrimitives.ReadUInt16LittleEndian(span[2..]);
        if (version is < 3 or > 5)
        {
            error = new ParseError("Version", $"{version}; this build verifies 3, 4 and 5", 0);
            return false;
        }

        if (keyType is not (AttestationKeyType.EcdsaP256 or AttestationKeyType.EcdsaP384))
        {
            // 0 and 1 are EPID, which has no certificates to verify here.
            error = new ParseError("Attestation Key Type", $"{(int)keyType}; this build verifies 2 and 3 (ECDSA P-256 and P-384)", 2)
            {
                IsUnsupported = (int)keyType is 0 or 1,
            };
            return false;
        }

        uint teeType = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
        tdx = teeType == 0x81;
        if (!tdx && teeType != 0)
        {
            error = new ParseError("TEE Type", $"0x{teeType:x}; 0 is SGX and 0x81 is TDX", 4);
            return false;
        }

        if (tdx && version == 3)
        {
            error = new ParseError("TEE Type", "version 3 is for SGX only", 4);
            return false;
        }

        return true;
    }

    private static bool TryReadBody(
        ReadOnlySpan<byte> span, int version, bool tdx, out DcapBodyType type, out int start, out int length, out ParseError error)
    {
        error = default;
        type = tdx ? DcapBodyType.Tdx10 : DcapBodyType.Sgx;
        start = HeaderLength;
        length = LengthOf(type);
        if (version < 5)
        {
            return true;
        }

        if (span.Length < HeaderLength + DescriptorLength)
        {
            error = new ParseError("Quote Body Descriptor", "the quote ends inside it", HeaderLength);
            return false;
        }

        type = (DcapBodyType)BinaryPrimitives.ReadUInt16LittleEndian(span[HeaderLength..]);
        start = HeaderLength + DescriptorLength;
        length = LengthOf(type);
        if (length == 0 || type == DcapBodyType.Sgx == tdx)
        {
            error = new ParseError("Quote Body Type", $"{(int)type} is not a body of {(tdx ? "TDX" : "SGX")}", HeaderLength);
            return false;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(span[(HeaderLength + 2)..]) != length)
        {
            error = new ParseError("Quote Body Size", $"a body of type {(int)type} has {length} bytes", HeaderLength + 2);
            return false;
        }

        return true;
    }

    private static int LengthOf(DcapBodyType type) => type switch
    {
        DcapBodyType.Sgx => EnclaveReport.Length,
        DcapBodyType.Tdx10 => TdReport.Length,
        DcapBodyType.Tdx15 => 648,
        DcapBodyType.TdxMigratable => 885,
        _ => 0,
    };
}
