using System.Buffers.Binary;
using Verathos.Attestation.Tdx;

namespace Verathos.Attestation.Dcap;

/// <summary>
/// The signature data of a quote. Version 3: signature, key, QE report, its signature, authentication data, certification data.
/// Versions 4 and 5: signature, key, and certification data of type 6 that holds the rest.
/// </summary>
public sealed class DcapSignatureData
{
    private const int QeSignatureLength = 64;

    private DcapSignatureData()
    {
    }

    /// <summary>The attestation key's signature, r || s, 64 or 96 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>The attestation key, x || y, 64 or 96 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> AttestationKey { get; private init; }

    /// <summary>The quoting enclave's report.</summary>
    public EnclaveReport QeReport { get; private init; }

    /// <summary>The PCK's signature over <see cref="QeReport"/>, r || s, 64 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> QeReportSignature { get; private init; }

    /// <summary>The quoting enclave's authentication data.</summary>
    public ReadOnlyMemory<byte> QeAuthenticationData { get; private init; }

    /// <summary>How the PCK is named; never <see cref="CertificationDataType.QeReport"/>.</summary>
    public CertificationDataType CertificationType { get; private init; }

    /// <summary>What names the PCK, by <see cref="CertificationType"/>.</summary>
    public ReadOnlyMemory<byte> CertificationData { get; private init; }

    internal static bool TryParse(
        ReadOnlyMemory<byte> data, int offset, int version, AttestationKeyType keyType, out DcapSignatureData? result, out ParseError error)
    {
        result = null;
        error = default;
        int half = keyType == AttestationKeyType.EcdsaP384 ? 96 : 64;
        int reportStart = (2 * half) + (version == 3 ? 0 : 6);
        int authenticationStart = reportStart + EnclaveReport.Length + QeSignatureLength;
        ReadOnlySpan<byte> span = data.Span;
        if (span.Length < authenticationStart + 2)
        {
            error = new ParseError("Quote Signature Data", "too short", offset);
            return false;
        }

        if (version > 3 && !TryReadOuter(span, 2 * half, offset, out error))
        {
            return false;
        }

        int innerStart = authenticationStart + 2 + BinaryPrimitives.ReadUInt16LittleEndian(span[authenticationStart..]);
        if (span.Length < innerStart + 6)
        {
            error = new ParseError("QE Authentication Data", "too long", offset + authenticationStart);
            return false;
        }

        CertificationDataType type = (CertificationDataType)BinaryPrimitives.ReadUInt16LittleEndian(span[innerStart..]);
        if (type is < CertificationDataType.PpidClear or > CertificationDataType.PckChain)
        {
            // 7 is a platform manifest, by which a registration service and no verifier goes.
            error = new ParseError("Certification Data Type", $"{(int)type}; 1 to 5 name a PCK", offset + innerStart) { IsUnsupported = (int)type == 7 };
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[(innerStart + 2)..]);
        if (length != span.Length - innerStart - 6)
        {
            error = new ParseError("Certification Data Size", "does not fill the certification data", offset + innerStart + 2);
            return false;
        }

        if (PckIdentity.LengthOf(type) is { } required && length != required)
        {
            error = new ParseError("Certification Data", $"{length} bytes where type {(int)type} has {required}", offset + innerStart + 6);
            return false;
        }

        result = new DcapSignatureData
        {
            Signature = data[..half],
            AttestationKey = data.Slice(half, half),
            QeReport = new EnclaveReport(data.Slice(reportStart, EnclaveReport.Length)),
            QeReportSignature = data.Slice(reportStart + EnclaveReport.Length, QeSignatureLength),
            QeAuthenticationData = data[(authenticationStart + 2)..innerStart],
            CertificationType = type,
            CertificationData = data[(innerStart + 6)..],
        };
        return true;
    }

    private static bool TryReadOuter(ReadOnlySpan<byte> span, int start, int offset, out ParseError error)
    {
        error = default;
        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(span[start..]);
        if (type != (int)CertificationDataType.QeReport)
        {
            error = new ParseError("QE Certification Data Type", $"{type}; versions 4 and 5 carry 6 here", offset + start)
            {
                IsUnsupported = type is >= 1 and <= 7,
            };
            return false;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(span[(start + 2)..]) != span.Length - start - 6)
        {
            error = new ParseError("QE Certification Data Size", "does not fill the signature data", offset + start + 2);
            return false;
        }

        return true;
    }
}
