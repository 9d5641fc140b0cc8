using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>
/// A version 2 certificate revocation list (RFC 5280 section 5), parsed strictly as DER. Delta and
/// indirect lists are refused.
/// </summary>
public sealed class RevocationList
{
    private const string CrlNumberOid = "2.5.29.20";
    private const string AuthorityKeyIdentifierOid = "2.5.29.35";

    private readonly HashSet<string> _serials;
    private readonly ReadOnlyMemory<byte> _tbs;
    private readonly byte[] _signature;
    private readonly SignatureScheme _scheme;

    private RevocationList(
        ReadOnlyMemory<byte> tbs, ReadOnlyMemory<byte> issuer, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate,
        HashSet<string> serials, ReadOnlyMemory<byte>? number, SignatureScheme scheme, byte[] signature)
    {
        _tbs = tbs;
        IssuerName = issuer;
        ThisUpdate = thisUpdate;
        NextUpdate = nextUpdate;
        _serials = serials;
        Number = number;
        _scheme = scheme;
        _signature = signature;
    }

    /// <summary>The issuer's name as DER.</summary>
    public ReadOnlyMemory<byte> IssuerName { get; }

    /// <summary>When the list was issued.</summary>
    public DateTimeOffset ThisUpdate { get; }

    /// <summary>When the next list is due; after that this one says nothing.</summary>
    public DateTimeOffset NextUpdate { get; }

    /// <summary>The CRL number's content octets, big-endian; null where absent.</summary>
    public ReadOnlyMemory<byte>? Number { get; }

    /// <summary>Number of revoked certificates.</summary>
    public int Count => _serials.Count;

    /// <summary>True where the certificate's serial number is listed. The caller has checked that the issuers agree.</summary>
    public bool IsRevoked(Certificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return _serials.Contains(Convert.ToHexString(certificate.SerialNumber.Span));
    }

    /// <summary>True where the issuer has the list's issuer name, may sign CRLs, and its key made the signature.</summary>
    internal bool IsSignedBy(Certificate issuer) =>
        issuer.SubjectName.Span.SequenceEqual(IssuerName.Span) && issuer.IsAuthority && issuer.MaySignCrls
        && _scheme.Verify(issuer, _tbs.Span, _signature);

    /// <summary>Parses one list from DER; trailing bytes are an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> der, out RevocationList? list, out ParseError error)
    {
        list = null;
        error = default;
        try
        {
            list = Parse(der);
            return true;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or OverflowException)
        {
            error = new ParseError("CertificateList", e.Message);
            return false;
        }
    }

    private static RevocationList Parse(ReadOnlyMemory<byte> der)
    {
        ParseSteps.Add(2 * der.Length);
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

        Require(tbs.TryReadInt32(out int version) && version == 1, "version 2 is required");
        Require(tbs.ReadEncodedValue().Span.SequenceEqual(outerAlgorithm.Span), "signature and signatureAlgorithm differ");
        ReadOnlyMemory<byte> issuer = tbs.ReadEncodedValue();
        DateTimeOffset thisUpdate = Certificate.ReadTime(tbs);
        Require(tbs.HasData && tbs.PeekTag().TagClass == TagClass.Universal
            && (UniversalTagNumber)tbs.PeekTag().TagValue is UniversalTagNumber.UtcTime or UniversalTagNumber.GeneralizedTime, "nextUpdate is required");
        DateTimeOffset nextUpdate = Certificate.ReadTime(tbs);
        HashSet<string> serials = new(StringComparer.Ordinal);
        if (tbs.HasData && tbs.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            ReadEntries(tbs.ReadSequence(), serials);
        }

        Dictionary<string, ReadOnlyMemory<byte>> extensions = new(StringComparer.Ordinal);
        HashSet<string> critical = new(StringComparer.Ordinal);
        if (tbs.HasData)
        {
            AsnReader wrapper = tbs.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
            Certificate.ReadExtensions(wrapper.ReadSequence(), extensions, critical);
            wrapper.ThrowIfNotEmpty();
        }

        tbs.ThrowIfNotEmpty();
        foreach (string oid in critical)
        {
            Require(oid is CrlNumberOid or AuthorityKeyIdentifierOid, $"critical extension {oid} is not understood");
        }

        ReadOnlyMemory<byte>? number = extensions.TryGetValue(CrlNumberOid, out ReadOnlyMemory<byte> value)
            ? new AsnReader(value, AsnEncodingRules.DER).ReadIntegerBytes()
            : (ReadOnlyMemory<byte>?)null;
        return new RevocationList(tbsBytes.ToArray(), issuer.ToArray(), thisUpdate, nextUpdate, serials, number, scheme, signature);
    }

    private static void ReadEntries(AsnReader entries, HashSet<string> serials)
    {
        while (entries.HasData)
        {
            AsnReader entry = entries.ReadSequence();
            ParseSteps.Add(1);
            serials.Add(Convert.ToHexString(entry.ReadIntegerBytes().Span));
            Certificate.ReadTime(entry);
            if (entry.HasData)
            {
                Dictionary<string, ReadOnlyMemory<byte>> extensions = new(StringComparer.Ordinal);
                HashSet<string> critical = new(StringComparer.Ordinal);
                Certificate.ReadExtensions(entry.ReadSequence(), extensions, critical);
                Require(critical.Count == 0, "an entry has a critical extension");
            }

            entry.ThrowIfNotEmpty();
        }
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new AsnContentException(problem);
        }
    }
}
