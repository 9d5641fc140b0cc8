using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>
/// An X.509 version 3 certificate (RFC 5280 section 4) with an elliptic-curve or RSA key and signature, parsed strictly as DER.
/// </summary>
public sealed class Certificate
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _extensions;
    private readonly SignatureScheme _scheme;
    private readonly ReadOnlyMemory<byte> _tbs;
    private readonly ReadOnlyMemory<byte> _signature;
    private readonly byte[] _spki;
    private EcPublicKey? _key;

    private Certificate(
        byte[] der, ReadOnlyMemory<byte> tbs, ReadOnlyMemory<byte> serial, ReadOnlyMemory<byte> issuer, ReadOnlyMemory<byte> subject,
        DateTimeOffset notBefore, DateTimeOffset notAfter, byte[] spki, Dictionary<string, ReadOnlyMemory<byte>> extensions,
        SignatureScheme scheme, ReadOnlyMemory<byte> signature)
    {
        Der = der;
        Thumbprint = SHA256.HashData(der);
        _tbs = tbs;
        SerialNumber = serial;
        IssuerName = issuer;
        SubjectName = subject;
        NotBefore = notBefore;
        NotAfter = notAfter;
        _spki = spki;
        SpkiDigest = SHA256.HashData(spki);
        _extensions = extensions;
        _scheme = scheme;
        _signature = signature;
    }

    /// <summary>The certificate's bytes.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>SHA-256 of <see cref="Der"/>.</summary>
    public ReadOnlyMemory<byte> Thumbprint { get; }

    /// <summary>The serial number's content octets, big-endian two's complement.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; }

    /// <summary>The issuer's name as DER.</summary>
    public ReadOnlyMemory<byte> IssuerName { get; }

    /// <summary>The subject's name as DER.</summary>
    public ReadOnlyMemory<byte> SubjectName { get; }

    /// <summary>Start of validity, inclusive.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>End of validity, inclusive.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> SpkiDigest { get; }

    /// <summary>True where basicConstraints says cA.</summary>
    public bool IsAuthority { get; private set; }

    /// <summary>pathLenConstraint; null where absent.</summary>
    public int? PathLength { get; private set; }

    /// <summary>True where keyUsage is absent or holds keyCertSign.</summary>
    public bool MaySignCertificates { get; private set; } = true;

    /// <summary>True where keyUsage is absent or holds cRLSign.</summary>
    public bool MaySignCrls { get; private set; } = true;

    /// <summary>True where keyUsage is absent or holds digitalSignature.</summary>
    public bool MaySignData { get; private set; } = true;

    /// <summary>The object identifiers of extendedKeyUsage; empty where absent.</summary>
    public IReadOnlyList<string> Purposes { get; private set; } = [];

    /// <summary>True where extendedKeyUsage is critical: the key is for those purposes and no other.</summary>
    public bool HasCriticalPurposes { get; private set; }

    /// <summary>The subjectPublicKey's bits, without algorithm and length, as OCSP names keys by.</summary>
    internal ReadOnlyMemory<byte> KeyBits
    {
        get
        {
            AsnReader reader = new AsnReader(_spki, AsnEncodingRules.DER).ReadSequence();
            reader.ReadEncodedValue();
            return reader.ReadBitString(out _);
        }
    }

    /// <summary>The subject's common name; empty where it has none.</summary>
    public string CommonName { get; private set; } = "";

    /// <summary>The serial number in lower-case hexadecimal without a leading zero octet.</summary>
    public string SerialHex => Convert.ToHexStringLower(
        SerialNumber.Length > 1 && SerialNumber.Span[0] == 0 ? SerialNumber.Span[1..] : SerialNumber.Span);

    /// <summary>The value of an extension (the OCTET STRING's content), or null.</summary>
    /// <remarks>The cast matters: without it null converts to an empty memory, and "absent" reads as "there, and empty".</remarks>
    public ReadOnlyMemory<byte>? Extension(string oid) => _extensions.TryGetValue(oid, out ReadOnlyMemory<byte> value) ? value : (ReadOnlyMemory<byte>?)null;

    /// <summary>True within the validity period.</summary>
    public bool IsValidAt(DateTimeOffset at) => at >= NotBefore && at <= NotAfter;

    internal bool TryGetKey(out EcPublicKey? key)
    {
        key = _key;
        if (key is null && EcPublicKey.TryImportSpki(_spki, Der.Span, out key))
        {
            _key = key;
        }

        return key is not null;
    }

    internal bool TryGetRsaKey(out RsaPublicKey? key) => RsaPublicKey.TryImportSpki(_spki, out key);

    /// <summary>True where the issuer's key made this certificate's signature; the result is kept.</summary>
    internal bool IsSignedBy(Certificate issuer)
    {
        Span<byte> link = stackalloc byte[64];
        Thumbprint.Span.CopyTo(link);
        issuer.SpkiDigest.Span.CopyTo(link[32..]);
        Span<byte> id = stackalloc byte[32];
        SHA256.HashData(link, id);
        if (VerificationCache.Links.TryGet(id, out _))
        {
            return true;
        }

        if (!_scheme.Verify(issuer, _tbs.Span, _signature.Span))
        {
            return false;
        }

        VerificationCache.Links.Add(id, this);
        return true;
    }

    /// <summary>
    /// Parses one certificate from DER; trailing bytes are an error. One that is part of a verified path is found again; others
    /// are not kept.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> der, out Certificate? certificate, out ParseError error)
    {
        ParseSteps.Add(der.Length);
        byte[] id = SHA256.HashData(der.Span);
        error = default;
        if (VerificationCache.Certificates.TryGet(id, out certificate))
        {
            return true;
        }

        try
        {
            certificate = Parse(der.ToArray());
            return true;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or OverflowException)
        {
            certificate = null;
            error = new ParseError("Certificate", e.Message);
            return false;
        }
    }

    internal static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private static Certificate Parse(byte[] der)
    {
        // Copied, read, its key's part read again.
        ParseSteps.Add(3 * der.Length);
        AsnReader outer = new(der, AsnEncodingRules.DER);
        AsnReader whole = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> tbsBytes = whole.PeekEncodedValue();
        AsnReader tbs = whole.ReadSequence();
        ReadOnlyMemory<byte> outerAlgorithm = whole.PeekEncodedValue();
        AsnReader algorithm = whole.ReadSequence();
        SignatureScheme scheme = SignatureScheme.Read(algorithm);
        byte[] signature = whole.ReadBitString(out int unused);
        whole.ThrowIfNotEmpty();
        Require(unused == 0, "signatureValue has unused bits");

        Asn1Tag versionTag = new(TagClass.ContextSpecific, 0);
        Require(tbs.HasData && tbs.PeekTag().HasSameClassAndValue(versionTag), "version 3 is required");
        AsnReader version = tbs.ReadSequence(versionTag);
        Require(version.TryReadInt32(out int number) && number == 2, "version 3 is required");
        version.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> serial = tbs.ReadIntegerBytes();
        Require(serial.Length <= 21, "serialNumber is longer than 20 octets");
        Require(tbs.ReadEncodedValue().Span.SequenceEqual(outerAlgorithm.Span), "signature and signatureAlgorithm differ");
        ReadOnlyMemory<byte> issuer = tbs.ReadEncodedValue();
        AsnReader validity = tbs.ReadSequence();
        DateTimeOffset notBefore = ReadTime(validity);
        DateTimeOffset notAfter = ReadTime(validity);
        validity.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> subject = tbs.ReadEncodedValue();
        byte[] spki = tbs.ReadEncodedValue().ToArray();
        AsnReader keyInfo = new AsnReader(spki, AsnEncodingRules.DER).ReadSequence();
        keyInfo.ReadSequence();
        keyInfo.ReadBitString(out _);
        keyInfo.ThrowIfNotEmpty();
        Dictionary<string, ReadOnlyMemory<byte>> extensions = new(StringComparer.Ordinal);
        HashSet<string> critical = new(StringComparer.Ordinal);
        while (tbs.HasData)
        {
            Asn1Tag tag = tbs.PeekTag();
            if (!tag.HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 3)))
            {
                throw new AsnContentException("unique identifiers are not supported");
            }

            AsnReader wrapper = tbs.ReadSequence(tag);
            AsnReader list = wrapper.ReadSequence();
            wrapper.ThrowIfNotEmpty();
            ReadExtensions(list, extensions, critical);
        }

        Certificate certificate = new(
            der, tbsBytes, serial, issuer, subject, notBefore, notAfter, spki, extensions, scheme, signature)
        {
            CommonName = ReadCommonName(subject),
        };
        certificate.ReadConstraints();
        foreach (string oid in critical)
        {
            Require(oid is BasicConstraints or KeyUsage or ExtendedKeyUsage, $"critical extension {oid} is not understood");
        }

        certificate.HasCriticalPurposes = critical.Contains(ExtendedKeyUsage);

        return certificate;
    }

    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";
    private const string ExtendedKeyUsage = "2.5.29.37";

    internal static void ReadExtensions(AsnReader list, Dictionary<string, ReadOnlyMemory<byte>> extensions, HashSet<string> critical)
    {
        while (list.HasData)
        {
            AsnReader extension = list.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
            {
                critical.Add(oid);
            }

            byte[] value = extension.ReadOctetString();
            ParseSteps.Add(oid.Length + value.Length);
            extension.ThrowIfNotEmpty();
            Require(extensions.TryAdd(oid, value), $"extension {oid} appears twice");
        }
    }

    private void ReadConstraints()
    {
        if (Extension(BasicConstraints) is { } constraints)
        {
            AsnReader outer = new(constraints, AsnEncodingRules.DER);
            AsnReader reader = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            if (reader.HasData && reader.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
            {
                IsAuthority = reader.ReadBoolean();
            }

            if (reader.HasData)
            {
                Require(reader.TryReadInt32(out int length) && length >= 0, "pathLenConstraint is out of range");
                PathLength = length;
            }

            reader.ThrowIfNotEmpty();
        }

        if (Extension(ExtendedKeyUsage) is { } purposes)
        {
            AsnReader outer = new(purposes, AsnEncodingRules.DER);
            AsnReader reader = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            List<string> list = [];
            while (reader.HasData)
            {
                list.Add(reader.ReadObjectIdentifier());
                ParseSteps.Add(list[^1].Length);
            }

            Purposes = list;
        }

        if (Extension(KeyUsage) is { } usage)
        {
            AsnReader reader = new(usage, AsnEncodingRules.DER);
            byte[] bits = reader.ReadBitString(out _);
            reader.ThrowIfNotEmpty();
            byte first = bits.Length > 0 ? bits[0] : (byte)0;
            MaySignData = (first & 0x80) != 0;
            MaySignCertificates = (first & 0x04) != 0;
            MaySignCrls = (first & 0x02) != 0;
        }
    }

    private static string ReadCommonName(ReadOnlyMemory<byte> name)
    {
        string result = "";
        AsnReader outer = new(name, AsnEncodingRules.DER);
        AsnReader rdns = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        while (rdns.HasData)
        {
            AsnReader set = rdns.ReadSetOf();
            ParseSteps.Add(1);
            while (set.HasData)
            {
                AsnReader attribute = set.ReadSequence();
                string oid = attribute.ReadObjectIdentifier();
                Asn1Tag tag = attribute.PeekTag();
                if (oid == "2.5.4.3" && tag.TagClass == TagClass.Universal
                    && (UniversalTagNumber)tag.TagValue is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString)
                {
                    Require(result.Length == 0, "the subject has several common names");
                    result = attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue);
                }
                else
                {
                    attribute.ReadEncodedValue();
                }

                attribute.ThrowIfNotEmpty();
            }
        }

        return result;
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new AsnContentException(problem);
        }
    }
}
