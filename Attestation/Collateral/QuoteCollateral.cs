using System.Text;
using System.Text.Json;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// What Intel publishes to judge one quote by, as the QuoteCollateralV3 JSON object. The signed documents are strings in it,
/// so their exact signed bytes survive.
/// </summary>
public sealed record QuoteCollateral
{
    internal const int MaximumLength = 4 << 20;

    /// <summary>The chain of the PCK CRL's issuer, in whatever order.</summary>
    public required IReadOnlyList<Certificate> PckCrlIssuerChain { get; init; }

    /// <summary>The root's CRL.</summary>
    public required RevocationList RootCaCrl { get; init; }

    /// <summary>The CRL of the CA that issued the PCK certificate.</summary>
    public required RevocationList PckCrl { get; init; }

    /// <summary>The chain of the TCB info's signer.</summary>
    public required IReadOnlyList<Certificate> TcbInfoIssuerChain { get; init; }

    /// <summary>The TCB info.</summary>
    public required TcbInfo TcbInfo { get; init; }

    /// <summary>The signed bytes of the TCB info.</summary>
    public required ReadOnlyMemory<byte> TcbInfoBytes { get; init; }

    /// <summary>The signature over <see cref="TcbInfoBytes"/>, r || s.</summary>
    public required ReadOnlyMemory<byte> TcbInfoSignature { get; init; }

    /// <summary>The chain of the QE identity's signer.</summary>
    public required IReadOnlyList<Certificate> QeIdentityIssuerChain { get; init; }

    /// <summary>The QE identity.</summary>
    public required QeIdentity QeIdentity { get; init; }

    /// <summary>The signed bytes of the QE identity.</summary>
    public required ReadOnlyMemory<byte> QeIdentityBytes { get; init; }

    /// <summary>The signature over <see cref="QeIdentityBytes"/>, r || s.</summary>
    public required ReadOnlyMemory<byte> QeIdentitySignature { get; init; }

    /// <summary>
    /// The PCK certificate, or its chain, for quotes that carry none (<c>pck_certificate_chain</c>); null where it is not there.
    /// </summary>
    public IReadOnlyList<Certificate>? PckCertificateChain { get; init; }

    /// <summary>
    /// Parses the JSON object. Nine members are required, <c>pck_certificate_chain</c> is optional, others are ignored.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out QuoteCollateral? collateral, out ParseError error)
    {
        collateral = null;
        if (json.Length > MaximumLength)
        {
            error = new ParseError("collateral", $"{json.Length} bytes are more than {MaximumLength}");
            return false;
        }

        if (!CollateralJson.TryOpen(json, "collateral", out JsonDocument? document, out error))
        {
            return false;
        }

        using (document)
        {
            CollateralJson reader = new("collateral");
            Members? members = reader.Read(source => new Members(source, document!.RootElement));
            if (members is null)
            {
                error = reader.Error;
                return false;
            }

            if (!TryReadCrl(members.RootCaCrl, "root_ca_crl", out RevocationList? rootList, out error)
                || !TryReadCrl(members.PckCrl, "pck_crl", out RevocationList? pckList, out error)
                || !PemReader.TryRead(members.PckCrlIssuerChain, out IReadOnlyList<Certificate> crlCertificates, out error)
                || !PemReader.TryRead(members.TcbInfoIssuerChain, out IReadOnlyList<Certificate> tcbCertificates, out error)
                || !PemReader.TryRead(members.QeIdentityIssuerChain, out IReadOnlyList<Certificate> qeCertificates, out error)
                || !TcbInfo.TryParse(members.TcbInfo, out TcbInfo? tcbInfo, out error)
                || !QeIdentity.TryParse(members.QeIdentity, out QeIdentity? qeIdentity, out error))
            {
                return false;
            }

            IReadOnlyList<Certificate>? pckCertificates = null;
            if (members.PckCertificateChain is { } pem)
            {
                if (!PemReader.TryRead(pem, out IReadOnlyList<Certificate> read, out error))
                {
                    return false;
                }

                pckCertificates = read;
            }

            collateral = new QuoteCollateral
            {
                PckCrlIssuerChain = crlCertificates,
                RootCaCrl = rootList!,
                PckCrl = pckList!,
                TcbInfoIssuerChain = tcbCertificates,
                TcbInfo = tcbInfo!,
                TcbInfoBytes = members.TcbInfo,
                TcbInfoSignature = members.TcbInfoSignature,
                QeIdentityIssuerChain = qeCertificates,
                QeIdentity = qeIdentity!,
                QeIdentityBytes = members.QeIdentity,
                QeIdentitySignature = members.QeIdentitySignature,
                PckCertificateChain = pckCertificates,
            };
            return true;
        }
    }

    private static bool TryReadCrl(string hex, string name, out RevocationList? list, out ParseError error)
    {
        list = null;
        ParseSteps.Add(hex.Length);
        byte[] der = new byte[hex.Length / 2];
        if (hex.Length == 0 || (hex.Length & 1) != 0 || Convert.FromHexString(hex, der, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            error = new ParseError(name, "not hexadecimal");
            return false;
        }

        return RevocationList.TryParse(der, out list, out error);
    }

    private sealed class Members(CollateralJson reader, JsonElement root)
    {
        public string RootCaCrl { get; } = reader.String(root, "root_ca_crl");

        public string PckCrl { get; } = reader.String(root, "pck_crl");

        public byte[] PckCrlIssuerChain { get; } = Encoding.UTF8.GetBytes(reader.String(root, "pck_crl_issuer_chain"));

        public byte[]? PckCertificateChain { get; } = root.TryGetProperty("pck_certificate_chain", out JsonElement pem) && pem.ValueKind != JsonValueKind.Null
            ? Encoding.UTF8.GetBytes(reader.String(root, "pck_certificate_chain"))
            : null;

        public byte[] TcbInfo { get; } = Encoding.UTF8.GetBytes(reader.String(root, "tcb_info"));

        public byte[] TcbInfoIssuerChain { get; } = Encoding.UTF8.GetBytes(reader.String(root, "tcb_info_issuer_chain"));

        public ReadOnlyMemory<byte> TcbInfoSignature { get; } = reader.Hex(root, "tcb_info_signature", 64);

        public byte[] QeIdentity { get; } = Encoding.UTF8.GetBytes(reader.String(root, "qe_identity"));

        public byte[] QeIdentityIssuerChain { get; } = Encoding.UTF8.GetBytes(reader.String(root, "qe_identity_issuer_chain"));

        public ReadOnlyMemory<byte> QeIdentitySignature { get; } = reader.Hex(root, "qe_identity_signature", 64);
    }
}
