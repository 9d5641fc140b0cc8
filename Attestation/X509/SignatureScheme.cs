using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>How a certificate or list is signed: ECDSA, RSASSA-PSS or RSASSA-PKCS1-v1_5, with its hash.</summary>
/// <param name="Hash">The hash.</param>
/// <param name="Padding">The RSA padding; null for ECDSA.</param>
internal readonly record struct SignatureScheme(HashAlgorithmName Hash, RSASignaturePadding? Padding)
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";
    private const string RsaWithSha256 = "1.2.840.113549.1.1.11";
    private const string RsaWithSha384 = "1.2.840.113549.1.1.12";
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";
    private const string Mgf1 = "1.2.840.113549.1.1.8";

    /// <summary>Reads an AlgorithmIdentifier to its end.</summary>
    /// <exception cref="AsnContentException">The algorithm is none of those, or its parameters are not its own.</exception>
    public static SignatureScheme Read(AsnReader algorithm)
    {
        string oid = algorithm.ReadObjectIdentifier();
        switch (oid)
        {
            case EcdsaWithSha256 or EcdsaWithSha384:
                algorithm.ThrowIfNotEmpty();
                return new SignatureScheme(oid == EcdsaWithSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384, null);
            case RsaWithSha256 or RsaWithSha384:
                algorithm.ReadNull();
                algorithm.ThrowIfNotEmpty();
                return new SignatureScheme(oid == RsaWithSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1);
            case RsaPss:
                AsnReader parameters = algorithm.ReadSequence();
                algorithm.ThrowIfNotEmpty();
                return new SignatureScheme(ReadPss(parameters), RSASignaturePadding.Pss);
            default:
                throw new AsnContentException($"signature algorithm {oid} is none of those that this build verifies");
        }
    }

    /// <summary>True where the issuer's key made the signature over the bytes.</summary>
    public bool Verify(Certificate issuer, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => Padding is null
        ? issuer.TryGetKey(out EcPublicKey? ec) && ec!.VerifyDer(data, signature, Hash)
        : issuer.TryGetRsaKey(out RsaPublicKey? rsa) && rsa!.Verify(data, signature, Hash, Padding);

    // RFC 4055 section 3.1: the hash of the message and of MGF1 agree, and the salt is as long as the hash.
    private static HashAlgorithmName ReadPss(AsnReader parameters)
    {
        string hash = ReadHash(parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence());
        AsnReader mask = parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1)).ReadSequence();
        bool sameMask = mask.ReadObjectIdentifier() == Mgf1 && ReadHash(mask.ReadSequence()) == hash;
        bool rightSalt = parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 2)).TryReadInt32(out int salt) && salt == (hash == Sha384 ? 48 : 32);
        bool rightTrailer = true;
        if (parameters.HasData)
        {
            // The default, which DER leaves out; AMD's certificates write it.
            rightTrailer = parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3)).TryReadInt32(out int trailer) && trailer == 1;
        }

        parameters.ThrowIfNotEmpty();
        return sameMask && rightSalt && rightTrailer && (hash is Sha256 or Sha384)
            ? hash == Sha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256
            : throw new AsnContentException("RSASSA-PSS parameters other than SHA-256 or SHA-384 throughout");
    }

    private static string ReadHash(AsnReader algorithm)
    {
        string oid = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }

        algorithm.ThrowIfNotEmpty();
        return oid;
    }
}
