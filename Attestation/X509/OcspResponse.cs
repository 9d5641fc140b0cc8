using System.Formats.Asn1;
using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.X509;

/// <summary>
/// A signed answer about certificates' revocation (RFC 6960 section 4.2.1), parsed strictly as DER. Only a basic response with the
/// status "successful" parses.
/// </summary>
public sealed class OcspResponse
{
    private const string BasicOid = "1.3.6.1.5.5.7.48.1.1";
    private const string OcspSigning = "1.3.6.1.5.5.7.3.9";
    private const string Sha1Oid = "1.3.14.3.2.26";
    private const string Sha256Oid = "2.16.840.1.101.3.4.2.1";
    private const string Sha384Oid = "2.16.840.1.101.3.4.2.2";
    private const int MaximumAnswers = 64;

    private readonly byte[] _digest;
    private readonly ReadOnlyMemory<byte> _tbs;
    private readonly SignatureScheme _scheme;
    private readonly byte[] _signature;
    private readonly IReadOnlyList<Certificate> _certificates;

    private OcspResponse(
        byte[] digest, ReadOnlyMemory<byte> tbs, SignatureScheme scheme, byte[] signature, IReadOnlyList<Certificate> certificates,
        IReadOnlyList<Answer> answers, ReadOnlyMemory<byte>? nonce)
    {
        _digest = digest;
        _tbs = tbs;
        _scheme = scheme;
        _signature = signature;
        _certificates = certificates;
        Answers = answers;
        Nonce = nonce;
    }

    /// <summary>The nonce of the request, as the responder repeats it (RFC 6960 section 4.4.1): the extension's value; null where absent.</summary>
    internal ReadOnlyMemory<byte>? Nonce { get; }

    /// <summary>The single answers.</summary>
    internal IReadOnlyList<Answer> Answers { get; }

    /// <summary>
    /// What the response says about a certificate at a time; null where it does not speak of it. Anything but a good answer, in
    /// date and signed by the issuer or by whom the issuer named for it, is a problem.
    /// </summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="issuer">Its issuer, trusted.</param>
    /// <param name="at">The time.</param>
    /// <param name="problem">Why the certificate does not count as good; null where it does.</param>
    internal bool TryJudge(Certificate certificate, Certificate issuer, DateTimeOffset at, out string? problem)
    {
        problem = null;
        Answer? answer = Answers.FirstOrDefault(item => item.IsAbout(certificate, issuer));
        if (answer is null)
        {
            return false;
        }

        problem = !IsSignedBy(issuer, at) ? "the answer is not signed by the issuer or its responder"
            : answer.Status != OcspStatus.Good ? $"\"{certificate.CommonName}\" {certificate.SerialHex} is {(answer.Status == OcspStatus.Revoked ? "revoked" : "unknown to its responder")}"
            : at < answer.ThisUpdate ? $"the answer is from {answer.ThisUpdate.Text()}, later than the time of judgement"
            : answer.NextUpdate is not { } next ? "the answer does not say how long it holds"
            : at > next ? $"the answer expired on {next.Text()}"
            : null;
        return true;
    }

    /// <summary>The answer about a certificate, whatever it says, where the issuer or its responder signed it when it says that it was made; otherwise null.</summary>
    internal Answer? SignedAnswer(Certificate certificate, Certificate issuer) =>
        Answers.FirstOrDefault(item => item.IsAbout(certificate, issuer)) is { } answer && IsSignedBy(issuer, answer.ThisUpdate) ? answer : null;

    /// <summary>Parses one response from DER; trailing bytes are an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> der, out OcspResponse? response, out ParseError error)
    {
        response = null;
        error = default;
        try
        {
            response = Parse(der);
            return true;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or OverflowException)
        {
            error = new ParseError("OCSPResponse", e.Message);
            return false;
        }
    }

    // Who signed does not depend on the time, and is kept for these exact bytes: the signature does not cover the responder's
    // certificate beside it, and a changed one must not pass for the one that was verified. Whether it is in date is judged anew.
    private bool IsSignedBy(Certificate issuer, DateTimeOffset at)
    {
        byte[] key = SHA256.HashData([.. _digest, .. issuer.SpkiDigest.Span]);
        if (VerificationCache.OcspSigners.TryGet(key, out Certificate? known))
        {
            return ReferenceEquals(known, issuer) || known.SpkiDigest.Span.SequenceEqual(issuer.SpkiDigest.Span) || known.IsValidAt(at);
        }

        if (issuer.MaySignData && _scheme.Verify(issuer, _tbs.Span, _signature))
        {
            VerificationCache.OcspSigners.Add(key, issuer);
            return true;
        }

        foreach (Certificate responder in _certificates)
        {
            if (responder.IssuerName.Span.SequenceEqual(issuer.SubjectName.Span) && !responder.IsAuthority && responder.MaySignData && responder.IsValidAt(at)
                && responder.Purposes.Contains(OcspSigning) && responder.IsSignedBy(issuer) && _scheme.Verify(responder, _tbs.Span, _signature))
            {
                VerificationCache.OcspSigners.Add(key, responder);
                return true;
            }
        }

        return false;
    }

    private static OcspResponse Parse(ReadOnlyMemory<byte> der)
    {
        // The digest, the envelope, and what is inside it.
        ParseSteps.Add(4 * der.Length);
        AsnReader outer = new(der, AsnEncodingRules.DER);
        AsnReader whole = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        ReadOnlySpan<byte> status = whole.ReadEnumeratedBytes().Span;
        Require(status.Length == 1 && status[0] == 0, "the responder did not answer: the status is not successful");
        AsnReader wrapper = whole.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
        whole.ThrowIfNotEmpty();
        AsnReader bytes = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        Require(bytes.ReadObjectIdentifier() == BasicOid, "not a basic response");
        byte[] basicBytes = bytes.ReadOctetString();
        bytes.ThrowIfNotEmpty();

        AsnReader basicOuter = new(basicBytes, AsnEncodingRules.DER);
        AsnReader basic = basicOuter.ReadSequence();
        basicOuter.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> tbs = basic.PeekEncodedValue();
        List<Answer> answers = ReadData(basic.ReadSequence(), out ReadOnlyMemory<byte>? nonce);
        SignatureScheme scheme = SignatureScheme.Read(basic.ReadSequence());
        byte[] signature = basic.ReadBitString(out int unused);
        Require(unused == 0, "signature has unused bits");
        List<Certificate> certificates = [];
        if (basic.HasData)
        {
            AsnReader list = basic.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
            while (list.HasData)
            {
                Require(Certificate.TryParse(list.ReadEncodedValue(), out Certificate? certificate, out ParseError error), error.ToString());
                certificates.Add(certificate!);
            }
        }

        basic.ThrowIfNotEmpty();
        return new OcspResponse(SHA256.HashData(der.Span), tbs, scheme, signature, certificates, answers, nonce);
    }

    private static List<Answer> ReadData(AsnReader data, out ReadOnlyMemory<byte>? nonce)
    {
        nonce = null;
        Asn1Tag version = new(TagClass.ContextSpecific, 0);
        if (data.PeekTag().HasSameClassAndValue(version))
        {
            Require(data.ReadSequence(version).TryReadInt32(out int number) && number == 0, "version 1 is required");
        }

        // Who it says answered counts for nothing: the signature says it.
        data.ReadEncodedValue();
        data.ReadGeneralizedTime();
        AsnReader list = data.ReadSequence();
        List<Answer> answers = [];
        while (list.HasData)
        {
            Require(answers.Count < MaximumAnswers, $"more than {MaximumAnswers} answers");
            answers.Add(ReadAnswer(list.ReadSequence()));
        }

        if (data.HasData)
        {
            Dictionary<string, ReadOnlyMemory<byte>> extensions = ReadExtensions(data.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1)));
            nonce = extensions.TryGetValue(OcspRequest.NonceOid, out ReadOnlyMemory<byte> value) ? value : (ReadOnlyMemory<byte>?)null;
        }

        data.ThrowIfNotEmpty();
        return answers;
    }

    private static Answer ReadAnswer(AsnReader single)
    {
        ParseSteps.Add(1);
        AsnReader id = single.ReadSequence();
        AsnReader algorithm = id.ReadSequence();
        string hash = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }

        byte[] name = id.ReadOctetString();
        byte[] key = id.ReadOctetString();
        byte[] serial = id.ReadIntegerBytes().ToArray();
        id.ThrowIfNotEmpty();
        Asn1Tag tag = single.PeekTag();
        Require(tag.TagClass == TagClass.ContextSpecific && tag.TagValue is >= 0 and <= 2, "the status is none of good, revoked and unknown");
        single.ReadEncodedValue();
        DateTimeOffset thisUpdate = single.ReadGeneralizedTime();
        DateTimeOffset? nextUpdate = null;
        Asn1Tag next = new(TagClass.ContextSpecific, 0);
        if (single.HasData && single.PeekTag().HasSameClassAndValue(next))
        {
            AsnReader wrapper = single.ReadSequence(next);
            nextUpdate = wrapper.ReadGeneralizedTime();
            wrapper.ThrowIfNotEmpty();
        }

        if (single.HasData)
        {
            ReadExtensions(single.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1)));
        }

        single.ThrowIfNotEmpty();
        OcspStatus status = tag.TagValue switch { 0 => OcspStatus.Good, 1 => OcspStatus.Revoked, _ => OcspStatus.Unknown };
        return new Answer(hash, name, key, serial, status, thisUpdate, nextUpdate);
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> ReadExtensions(AsnReader wrapper)
    {
        Dictionary<string, ReadOnlyMemory<byte>> extensions = new(StringComparer.Ordinal);
        HashSet<string> critical = new(StringComparer.Ordinal);
        Certificate.ReadExtensions(wrapper.ReadSequence(), extensions, critical);
        wrapper.ThrowIfNotEmpty();
        Require(critical.Count == 0, "a critical extension is not understood");
        return extensions;
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new AsnContentException(problem);
        }
    }

    /// <summary>One answer.</summary>
    internal sealed record Answer(
        string Hash, byte[] IssuerNameHash, byte[] IssuerKeyHash, byte[] Serial, OcspStatus Status, DateTimeOffset ThisUpdate, DateTimeOffset? NextUpdate)
    {
        // SHA-1 is what responders use here; it names the issuer and proves nothing, the signature does.
#pragma warning disable CA5350
        private byte[]? Digest(ReadOnlySpan<byte> data) => Hash switch
        {
            Sha1Oid => SHA1.HashData(data),
            Sha256Oid => SHA256.HashData(data),
            Sha384Oid => SHA384.HashData(data),
            _ => null,
        };
#pragma warning restore CA5350

        public bool IsAbout(Certificate certificate, Certificate issuer) =>
            Serial.AsSpan().SequenceEqual(certificate.SerialNumber.Span)
            && Digest(issuer.SubjectName.Span) is { } name && name.AsSpan().SequenceEqual(IssuerNameHash)
            && Digest(issuer.KeyBits.Span) is { } key && key.AsSpan().SequenceEqual(IssuerKeyHash);
    }
}
