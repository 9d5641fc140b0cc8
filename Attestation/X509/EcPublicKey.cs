using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>An imported elliptic-curve public key. Importing costs more than verifying, so keys are kept; safe for concurrent use.</summary>
internal sealed class EcPublicKey
{
    private const string EcPublicKeyOid = "1.2.840.10045.2.1";

    private readonly ECDsa _key;
    private readonly Lock _lock = new();

    private EcPublicKey(ECDsa key)
    {
        _key = key;
        KeySize = key.KeySize;
    }

    /// <summary>Bits of the curve: 256 or 384.</summary>
    public int KeySize { get; }

    /// <summary>Imports a SubjectPublicKeyInfo on P-256 or P-384.</summary>
    public static bool TryImportSpki(ReadOnlySpan<byte> spki, out EcPublicKey? key)
    {
        key = null;
        byte[] id = SHA256.HashData(spki);
        if (VerificationCache.Keys.TryGet(id, out key))
        {
            return true;
        }

        ECDsa ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportSubjectPublicKeyInfo(spki, out int read);
            if (read != spki.Length || !IsNistCurve(ecdsa))
            {
                ecdsa.Dispose();
                return false;
            }
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            // An unknown curve is not supported by the platform, and in a certificate it is bad evidence.
            ecdsa.Dispose();
            return false;
        }

        key = VerificationCache.Keys.Add(id, new EcPublicKey(ecdsa));
        return true;
    }

    /// <summary>Imports a P-256 point given as x || y, 64 bytes big-endian.</summary>
    public static bool TryImportP256(ReadOnlySpan<byte> point, out EcPublicKey? key)
    {
        key = null;
        if (point.Length != 64)
        {
            return false;
        }

        byte[] id = SHA256.HashData(point);
        if (VerificationCache.Keys.TryGet(id, out key))
        {
            return true;
        }

        ECDsa ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportParameters(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point[..32].ToArray(), Y = point[32..].ToArray() },
            });
        }
        catch (CryptographicException)
        {
            ecdsa.Dispose();
            return false;
        }

        key = VerificationCache.Keys.Add(id, new EcPublicKey(ecdsa));
        return true;
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

    private static bool IsNistCurve(ECDsa ecdsa)
    {
        ECCurve curve = ecdsa.ExportParameters(includePrivateParameters: false).Curve;
        return curve.IsNamed && curve.Oid.Value is "1.2.840.10045.3.1.7" or "1.3.132.0.34"
            || curve.IsNamed && curve.Oid.FriendlyName is "nistP256" or "nistP384" or "ECDSA_P256" or "ECDSA_P384";
    }

    internal static string AlgorithmOid => EcPublicKeyOid;
}
