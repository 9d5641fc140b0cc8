namespace Verathos.Protocol.Hpke;

/// <summary>A key encapsulation, a key derivation and a cipher, as one HPKE context uses them.</summary>
public readonly record struct HpkeSuite(HpkeKem Kem, HpkeKdf Kdf, HpkeAead Aead)
{
    /// <summary>Bytes of the cipher's nonce (Nn), the same for all three ciphers.</summary>
    public const int NonceLength = 12;

    /// <summary>Bytes of the cipher's tag (Nt), the same for all three ciphers.</summary>
    public const int TagLength = 16;

    /// <summary>Bytes of the cipher's key (Nk).</summary>
    public int KeyLength => Aead == HpkeAead.Aes128Gcm ? 16 : 32;

    /// <summary>Bytes of a public key (Npk).</summary>
    public int PublicKeyLength => PublicKeyLengthOf(Kem);

    /// <summary>Bytes of an encapsulated key (Nenc).</summary>
    public int EncapsulatedKeyLength => EncapsulatedKeyLengthOf(Kem);

    /// <summary>True if all three parts are implemented here.</summary>
    public bool IsSupported =>
        IsSupportedKem((int)Kem) && Kdf == HpkeKdf.HkdfSha256 && Aead is HpkeAead.Aes128Gcm or HpkeAead.Aes256Gcm or HpkeAead.ChaCha20Poly1305;

    /// <summary>True if a key encapsulation number is implemented here.</summary>
    public static bool IsSupportedKem(int kem) => kem is (int)HpkeKem.X25519 or (int)HpkeKem.XWing;

    /// <summary>Bytes of a public key of <paramref name="kem"/>.</summary>
    public static int PublicKeyLengthOf(HpkeKem kem) => kem == HpkeKem.X25519 ? X25519.KeyLength : XWing.PublicKeyLength;

    /// <summary>Bytes of an encapsulated key of <paramref name="kem"/>.</summary>
    public static int EncapsulatedKeyLengthOf(HpkeKem kem) => kem == HpkeKem.X25519 ? X25519.KeyLength : XWing.CiphertextLength;
}
