using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Attestation.X509;

/// <summary>An imported elliptic-curve public key. Importing costs more than verifying, so keys are kept; safe for concurrent use.</summary>
internal sealed class EcPublicKey
{
    private const string EcPublicKeyOid = "1.2.840.10045.2.1";
    private const string P256Oid = "1.2.840.10045.3.1.7";
    private const string P384Oid = "1.3.132.0.34";

    private readonly ECDsa _key;
    private readonly Lock _lock = new();

    private EcPublicKey(ECDsa key)
    {
        _key = key;
        KeySize = key.KeySize;
    }

    /// <summary>Bits of the curve: 256 or 384.</summary>
    public int KeySize { get; }

    /// <summary>Imports a certificate's SubjectPublicKeyInfo (RFC 5480), which must hold an uncompressed point on P-256 or P-384.</summary>
    /// <param name="spki">The SubjectPublicKeyInfo.</param>
    /// <param name="certificate">The certificate that holds it, DER.</param>
    /// <param name="key">The key.</param>
    public static bool TryImportSpki(ReadOnlyMemory<byte> spki, ReadOnlySpan<byte> certificate, out EcPublicKey? key)
    {
        key = null;
        byte[] id = SHA256.HashData(spki.Span);
        if (VerificationCache.Keys.TryGet(id, out key))
        {
            return true;
        }

        // Read here and not by the platform, whose answer to an unknown curve is an exception that differs by system.
        if (!TryReadPoint(spki, out ECCurve curve, out ReadOnlySpan<byte> point)
            || !(point.Length == 96 ? TryImportCertificate(certificate, point, out ECDsa? ecdsa) : TryImport(curve, point, out ecdsa)))
        {
            return false;
        }

        key = VerificationCache.Keys.Add(id, new EcPublicKey(ecdsa!));
        return true;
    }

    /// <summary>Imports a P-256 or P-384 point given as x || y, 64 or 96 bytes big-endian.</summary>
    public static bool TryImportPoint(ReadOnlySpan<byte> point, out EcPublicKey? key)
    {
        key = null;
        if (point.Length is not (64 or 96))
        {
            return false;
        }

        byte[] id = SHA256.HashData(point);
        if (VerificationCache.Keys.TryGet(id, out key))
        {
            return true;
        }

        if (!TryImport(point.Length == 64 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384, point, out ECDsa? ecdsa))
        {
            return false;
        }

        key = VerificationCache.Keys.Add(id, new EcPublicKey(ecdsa!));
        return true;
    }

    /// <summary>True where both are one key.</summary>
    public bool IsSame(EcPublicKey other)
    {
        ECPoint mine = _key.ExportParameters(false).Q;
        ECPoint theirs = other._key.ExportParameters(false).Q;
        return mine.X.AsSpan().SequenceEqual(theirs.X) && mine.Y.AsSpan().SequenceEqual(theirs.Y);
    }

    /// <summary>Verifies a raw big-endian r || s signature.</summary>
    public bool VerifyRaw(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash) =>
        signature.Length == 2 * ((KeySize + 7) / 8) && Verify(data, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Verifies a DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3).</summary>
    public bool VerifyDer(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash) =>
        Verify(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);

    private bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash, DSASignatureFormat format)
    {
        try
        {
            lock (_lock)
            {
                return _key.VerifyData(data, signature, hash, format);
            }
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool TryReadPoint(ReadOnlyMemory<byte> spki, out ECCurve curve, out ReadOnlySpan<byte> point)
    {
        curve = default;
        point = default;
        try
        {
            AsnReader outer = new(spki, AsnEncodingRules.DER);
            AsnReader sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            AsnReader algorithm = sequence.ReadSequence();
            string oid = algorithm.ReadObjectIdentifier();
            string curveOid = algorithm.ReadObjectIdentifier();
            algorithm.ThrowIfNotEmpty();
            byte[] bits = sequence.ReadBitString(out int unused);
            sequence.ThrowIfNotEmpty();
            int fieldLength = curveOid switch { P256Oid => 32, P384Oid => 48, _ => 0 };
            if (oid != EcPublicKeyOid || fieldLength == 0 || unused != 0 || bits.Length != 1 + (2 * fieldLength) || bits[0] != 4)
            {
                return false;
            }

            curve = fieldLength == 32 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384;
            point = bits.AsSpan(1);
            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // Importing a bare P-384 point multiplies it by the group's order, which takes longer than a verification. These curves have no
    // smaller subgroups, so that it is on the curve is enough (SP 800-186 appendix D.1.1), and of a certificate's key that is all
    // that is looked at. The platform reads the certificate for itself, so what it found is compared with what was read here.
    private static bool TryImportCertificate(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> point, out ECDsa? key)
    {
        key = null;
        try
        {
            using X509Certificate2 loaded = X509CertificateLoader.LoadCertificate(certificate);
            key = loaded.GetECDsaPublicKey();
            ECPoint found = key is null ? default : key.ExportParameters(false).Q;
            int half = point.Length / 2;
            if (key is not null && key.KeySize == 384 && point[..half].SequenceEqual(found.X) && point[half..].SequenceEqual(found.Y))
            {
                return true;
            }

            key?.Dispose();
            key = null;
            return false;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool TryImport(ECCurve curve, ReadOnlySpan<byte> point, out ECDsa? key)
    {
        ECDsa ecdsa = ECDsa.Create();
        int half = point.Length / 2;
        try
        {
            ecdsa.ImportParameters(new ECParameters
            {
                Curve = curve,
                Q = new ECPoint { X = point[..half].ToArray(), Y = point[half..].ToArray() },
            });
            key = ecdsa;
            return true;
        }
        catch (CryptographicException)
        {
            ecdsa.Dispose();
            key = null;
            return false;
        }
    }
}
