using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using NSec.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 under SHA3-256, private keys as 32-byte seeds.</summary>
internal static class XWing
{
    public const int SeedLength = 32;
    public const int PublicKeyLength = MLKemPublicKeyLength + X25519.KeyLength;
    public const int CiphertextLength = MLKemCiphertextLength + X25519.KeyLength;
    private const int MLKemPublicKeyLength = 1184;
    private const int MLKemCiphertextLength = 1088;
    private const int SharedLength = 32;

    // Section 5.3 of the draft: the six characters of the drawing \.//^\
    private static ReadOnlySpan<byte> Label => [0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c];

    /// <summary>Expands a seed by SHAKE256 into 64 bytes for ML-KEM (d, z) and 32 bytes for X25519 (section 5.2).</summary>
    public static (MLKemPrivateKeyParameters MLKem, Key X25519Key, byte[] PublicKey) Expand(ReadOnlySpan<byte> seed)
    {
        using SecretBytes expanded = new(96);
        Shake256.HashData(seed, expanded.Span);
        byte[] mlKemSeed = expanded.Span[..64].ToArray();
        MLKemPrivateKeyParameters mlKem;
        try
        {
            mlKem = MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, mlKemSeed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(mlKemSeed);
        }

        Key key = X25519.Import(expanded.Span[64..]);
        return (mlKem, key, [.. mlKem.GetPublicKeyEncoded(), .. X25519.PublicKey(key)]);
    }

    /// <summary>Encapsulates to a public key; false if its ML-KEM half is not canonical (FIPS 203 section 7.2) or its X25519 half is of small order.</summary>
    /// <param name="publicKey">1216 bytes.</param>
    /// <param name="randomness">64 bytes: ML-KEM's message, then the ephemeral X25519 key.</param>
    /// <param name="ciphertext">1120 bytes: ML-KEM's, then the ephemeral X25519 public key.</param>
    /// <param name="shared">32 bytes.</param>
    public static bool TryEncapsulate(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, out byte[] ciphertext, [NotNullWhen(true)] out SecretBytes? shared)
    {
        ciphertext = [];
        shared = null;
        if (publicKey.Length != PublicKeyLength || !HasReducedCoefficients(publicKey[..MLKemPublicKeyLength]))
        {
            return false;
        }

        using Key ephemeral = X25519.Import(randomness[32..64]);
        if (!X25519.TryAgree(ephemeral, publicKey[MLKemPublicKeyLength..], out SecretBytes? classical))
        {
            return false;
        }

        using (classical)
        {
            MLKemEncapsulator encapsulator = new(MLKemParameters.ml_kem_768);
            using FixedRandom message = new(randomness[..32]);
            encapsulator.Init(new ParametersWithRandom(
                MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, publicKey[..MLKemPublicKeyLength].ToArray()), message));
            using SecretBytes quantum = new(SharedLength);
            ciphertext = new byte[CiphertextLength];
            encapsulator.Encapsulate(ciphertext.AsSpan(0, MLKemCiphertextLength), quantum.Span);
            X25519.PublicKey(ephemeral).CopyTo(ciphertext, MLKemCiphertextLength);
            shared = Combine(quantum.Span, classical.Span, ciphertext.AsSpan(MLKemCiphertextLength), publicKey[MLKemPublicKeyLength..]);
            return true;
        }
    }

    /// <summary>Decapsulates; ML-KEM itself never fails (implicit rejection), a small-order X25519 half does.</summary>
    public static bool TryDecapsulate(
        MLKemPrivateKeyParameters mlKem, Key key, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> ciphertext, [NotNullWhen(true)] out SecretBytes? shared)
    {
        shared = null;
        if (ciphertext.Length != CiphertextLength || !X25519.TryAgree(key, ciphertext[MLKemCiphertextLength..], out SecretBytes? classical))
        {
            return false;
        }

        using (classical)
        {
            MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_768);
            decapsulator.Init(mlKem);
            using SecretBytes quantum = new(SharedLength);
            decapsulator.Decapsulate(ciphertext[..MLKemCiphertextLength], quantum.Span);
            shared = Combine(quantum.Span, classical.Span, ciphertext[MLKemCiphertextLength..], publicKey[MLKemPublicKeyLength..]);
            return true;
        }
    }

    private static SecretBytes Combine(ReadOnlySpan<byte> quantum, ReadOnlySpan<byte> classical, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> publicKey)
    {
        using SecretBytes input = new((4 * 32) + Label.Length);
        quantum.CopyTo(input.Span);
        classical.CopyTo(input.Span[32..]);
        ephemeral.CopyTo(input.Span[64..]);
        publicKey.CopyTo(input.Span[96..]);
        Label.CopyTo(input.Span[128..]);
        SecretBytes shared = new(SharedLength);
        SHA3_256.HashData(input.Span, shared.Span);
        return shared;
    }

    /// <summary>FIPS 203 section 7.2, the modulus check: every 12-bit coefficient of the first 1152 bytes is below 3329.</summary>
    private static bool HasReducedCoefficients(ReadOnlySpan<byte> mlKemPublicKey)
    {
        for (int i = 0; i < 1152; i += 3)
        {
            int low = mlKemPublicKey[i] | ((mlKemPublicKey[i + 1] & 15) << 8);
            int high = (mlKemPublicKey[i + 1] >> 4) | (mlKemPublicKey[i + 2] << 4);
            if (low >= 3329 || high >= 3329)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Hands ML-KEM the 32 random bytes that were drawn for it, so that the caller owns and zeroes them.</summary>
    private sealed class FixedRandom(ReadOnlySpan<byte> bytes) : SecureRandom(generator: null!), IDisposable
    {
        private readonly SecretBytes bytes = new(bytes);
        private int used;

        public override void NextBytes(byte[] buf) => NextBytes(buf.AsSpan());

        public override void NextBytes(byte[] buf, int off, int len) => NextBytes(buf.AsSpan(off, len));

        public override void NextBytes(Span<byte> buffer)
        {
            bytes.Span.Slice(used, buffer.Length).CopyTo(buffer);
            used += buffer.Length;
        }

        public void Dispose() => bytes.Dispose();
    }
}
