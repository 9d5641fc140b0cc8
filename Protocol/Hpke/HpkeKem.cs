namespace Verathos.Protocol.Hpke;

/// <summary>Key encapsulation mechanisms by their HPKE number (https://www.iana.org/assignments/hpke).</summary>
public enum HpkeKem
{
    /// <summary>DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1: public key 32 bytes, encapsulation 32 bytes.</summary>
    X25519 = 0x0020,

    /// <summary>X-Wing (ML-KEM-768 with X25519), draft-connolly-cfrg-xwing-kem: public key 1216 bytes, encapsulation 1120 bytes.</summary>
    XWing = 0x647A,
}
