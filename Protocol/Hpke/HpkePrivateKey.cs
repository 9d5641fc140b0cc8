using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>A private key of one of the two mechanisms: made or imported once, zeroed on <see cref="Dispose"/>, never exported.</summary>
public sealed class HpkePrivateKey : IDisposable
{
    /// <summary>Bytes of a private key: X25519's scalar, or X-Wing's seed.</summary>
    public const int Length = 32;

    private readonly Key x25519;
    private readonly MLKemPrivateKeyParameters? mlKem;
    private readonly byte[] publicKey;
    private bool disposed;

    private HpkePrivateKey(HpkeKem kem, ReadOnlySpan<byte> bytes)
    {
        Kem = kem;
        if (kem == HpkeKem.XWing)
        {
            (mlKem, x25519, publicKey) = XWing.Expand(bytes);
        }
        else
        {
            x25519 = X25519.Import(bytes);
            publicKey = X25519.PublicKey(x25519);
        }
    }

    /// <summary>The mechanism.</summary>
    public HpkeKem Kem { get; }

    /// <summary>The public key as it goes into a key configuration: 32 bytes for X25519, 1216 for X-Wing.</summary>
    public ReadOnlyMemory<byte> PublicKey => publicKey;

    /// <summary>Makes a key from the system's random generator.</summary>
    public static HpkePrivateKey Generate(HpkeKem kem)
    {
        using SecretBytes bytes = SecretBytes.Random(Length);
        return Import(kem, bytes.Span);
    }

    /// <summary>Imports 32 bytes: X25519's scalar (RFC 9180 section 7.1.1), or X-Wing's seed. The caller zeroes its own copy.</summary>
    public static HpkePrivateKey Import(HpkeKem kem, ReadOnlySpan<byte> privateKey)
    {
        if (!HpkeSuite.IsSupportedKem((int)kem))
        {
            throw new ArgumentOutOfRangeException(nameof(kem), kem, "unknown key encapsulation mechanism");
        }

        if (privateKey.Length != Length)
        {
            throw new ArgumentException($"a private key has {Length} bytes", nameof(privateKey));
        }

        return new HpkePrivateKey(kem, privateKey);
    }

    /// <summary>Destroys the key: nothing sealed to it can be opened any more.</summary>
    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            x25519.Dispose();
            if (mlKem is not null)
            {
                MLKemMemory.Zero(mlKem);
            }
        }
    }

    internal bool TryDecapsulate(ReadOnlySpan<byte> encapsulated, [NotNullWhen(true)] out SecretBytes? shared)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return mlKem is not null
            ? XWing.TryDecapsulate(mlKem, x25519, publicKey, encapsulated, out shared)
            : DhKem.TryDecapsulate(x25519, publicKey, encapsulated, out shared);
    }
}
