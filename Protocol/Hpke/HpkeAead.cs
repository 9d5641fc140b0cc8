namespace Verathos.Protocol.Hpke;

/// <summary>Authenticated ciphers by their HPKE number (RFC 9180 section 7.3). The node offers AES-256-GCM only.</summary>
public enum HpkeAead
{
    /// <summary>AES-128-GCM: key 16 bytes.</summary>
    Aes128Gcm = 0x0001,

    /// <summary>AES-256-GCM: key 32 bytes.</summary>
    Aes256Gcm = 0x0002,

    /// <summary>ChaCha20-Poly1305: key 32 bytes.</summary>
    ChaCha20Poly1305 = 0x0003,
}
