using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;

namespace Verathos.Host.Drills.Nodes;

/// <summary>The keys of an attacker's node: made like an enclave's, and in the attacker's hands.</summary>
internal sealed class RogueKeys : IDisposable
{
    public RogueKeys(DateTimeOffset now, TimeSpan lifetime, IEnumerable<HpkeKem> kems)
    {
        DateTimeOffset from = DateTimeOffset.FromUnixTimeSeconds(now.AddMinutes(-1).ToUnixTimeSeconds());
        Hpke = [.. kems.Select((kem, i) => new OhttpPrivateKey((byte)i, HpkePrivateKey.Generate(kem)))];
        Keyset = Keyset.Create(RandomNumberGenerator.GetBytes(Keyset.BootIdLength), CoseKey.From(Signing), OhttpKeys.Encode(Hpke.Select(key => key.Config)), from, from + lifetime);
    }

    public ECDsa Signing { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public IReadOnlyList<OhttpPrivateKey> Hpke { get; }

    public Keyset Keyset { get; }

    /// <summary>The number of the last receipt.</summary>
    public ulong Counter { get; set; }

    /// <summary>The digest of the last receipt.</summary>
    public byte[]? Previous { get; set; }

    public void Dispose()
    {
        Signing.Dispose();
        foreach (OhttpPrivateKey key in Hpke)
        {
            key.Dispose();
        }
    }
}
