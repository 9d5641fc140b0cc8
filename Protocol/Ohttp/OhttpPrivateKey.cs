using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>A private key under its identifier, with the suites that the gateway accepts for it.</summary>
public sealed class OhttpPrivateKey : IDisposable
{
    private readonly HpkePrivateKey key;

    /// <summary>Takes over <paramref name="key"/>, with HKDF-SHA256 and AES-256-GCM as the only algorithms.</summary>
    public OhttpPrivateKey(byte keyId, HpkePrivateKey key)
        : this(keyId, key, [HpkeAead.Aes256Gcm])
    {
    }

    /// <summary>The same with other ciphers, for the vectors of the standards.</summary>
    internal OhttpPrivateKey(byte keyId, HpkePrivateKey key, IReadOnlyList<HpkeAead> ciphers)
    {
        this.key = key;
        Config = new OhttpKeyConfig(
            keyId, key.Kem, key.PublicKey, [.. ciphers.Select(cipher => new OhttpAlgorithm((int)HpkeKdf.HkdfSha256, (int)cipher))]);
    }

    /// <summary>The public configuration.</summary>
    public OhttpKeyConfig Config { get; }

    /// <summary>Destroys the private key.</summary>
    public void Dispose() => key.Dispose();

    internal HpkePrivateKey Key => key;
}
