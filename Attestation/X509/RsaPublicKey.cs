using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>An imported RSA public key of 2,048 to 8,192 bits; safe for concurrent use.</summary>
internal sealed class RsaPublicKey
{
    private const string RsaEncryptionOid = "1.2.840.113549.1.1.1";

    private readonly RSA _key;
    private readonly Lock _lock = new();

    private RsaPublicKey(RSA key) => _key = key;

    /// <summary>Imports a SubjectPublicKeyInfo with the algorithm rsaEncryption (RFC 3279 section 2.3.1).</summary>
    public static bool TryImportSpki(ReadOnlyMemory<byte> spki, out RsaPublicKey? key)
    {
        key = null;
        byte[] id = SHA256.HashData(spki.Span);
        if (VerificationCache.RsaKeys.TryGet(id, out key))
        {
            return true;
        }

        if (!TryRead(spki, out byte[] modulus, out byte[] exponent) || !TryImport(modulus, exponent, out key))
        {
            return false;
        }

        key = VerificationCache.RsaKeys.Add(id, key!);
        return true;
    }

    /// <summary>Imports a key by its modulus and exponent, big-endian.</summary>
    public static bool TryImport(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, out RsaPublicKey? key)
    {
        key = null;
        ReadOnlySpan<byte> n = modulus.TrimStart((byte)0);
        ReadOnlySpan<byte> e = exponent.TrimStart((byte)0);
        if (n.Length is < 256 or > 1024 || e.Length is 0 or > 8 || (e[^1] & 1) == 0 || (e.Length == 1 && e[0] == 1))
        {
            return false;
        }

        RSA rsa = RSA.Create();
        try
        {
            rsa.ImportParameters(new RSAParameters { Modulus = n.ToArray(), Exponent = e.ToArray() });
            key = new RsaPublicKey(rsa);
            return true;
        }
        catch (CryptographicException)
        {
            rsa.Dispose();
            return false;
        }
    }

    /// <summary>True where both are one key.</summary>
    public bool IsSame(RsaPublicKey other)
    {
        RSAParameters mine = _key.ExportParameters(false);
        RSAParameters theirs = other._key.ExportParameters(false);
        return mine.Modulus.AsSpan().SequenceEqual(theirs.Modulus) && mine.Exponent.AsSpan().SequenceEqual(theirs.Exponent);
    }

    /// <summary>Verifies a signature (RFC 8017 sections 8.1.2 and 8.2.2).</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash, RSASignaturePadding padding)
    {
        try
        {
            lock (_lock)
            {
                return _key.VerifyData(data, signature, hash, padding);
            }
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool TryRead(ReadOnlyMemory<byte> spki, out byte[] modulus, out byte[] exponent)
    {
        modulus = [];
        exponent = [];
        try
        {
            AsnReader outer = new(spki, AsnEncodingRules.DER);
            AsnReader sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            AsnReader algorithm = sequence.ReadSequence();
            if (algorithm.ReadObjectIdentifier() != RsaEncryptionOid)
            {
                return false;
            }

            algorithm.ReadNull();
            algorithm.ThrowIfNotEmpty();
            byte[] bits = sequence.ReadBitString(out int unused);
            sequence.ThrowIfNotEmpty();
            AsnReader keyOuter = new(bits, AsnEncodingRules.DER);
            AsnReader key = keyOuter.ReadSequence();
            keyOuter.ThrowIfNotEmpty();
            modulus = key.ReadIntegerBytes().ToArray();
            exponent = key.ReadIntegerBytes().ToArray();
            key.ThrowIfNotEmpty();
            return unused == 0 && (modulus[0] & 0x80) == 0 && (exponent[0] & 0x80) == 0;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
