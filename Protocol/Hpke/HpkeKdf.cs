namespace Verathos.Protocol.Hpke;

/// <summary>Key derivation functions by their HPKE number (RFC 9180 section 7.2).</summary>
public enum HpkeKdf
{
    /// <summary>HKDF-SHA256.</summary>
    HkdfSha256 = 0x0001,
}
