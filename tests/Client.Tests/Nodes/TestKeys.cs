using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;

namespace Verathos.Client.Tests.Nodes;

/// <summary>One generation of a test node's keys.</summary>
internal sealed class TestKeys : IDisposable
{
    public TestKeys(DateTimeOffset now, TimeSpan life, IReadOnlyList<HpkeKem> kems)
    {
        Hpke = [.. kems.Select((kem, i) => new OhttpPrivateKey((byte)(i + 1), HpkePrivateKey.Generate(kem)))];
        BootId = RandomNumberGenerator.GetBytes(16);
        Keyset = Keyset.Create(BootId, CoseKey.From(Signing), OhttpKeys.Encode(Hpke.Select(key => key.Config)), now, now + life);
    }

    public byte[] BootId { get; }

    public ECDsa Signing { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public IReadOnlyList<OhttpPrivateKey> Hpke { get; }

    public Keyset Keyset { get; }

    public ulong Counter { get; set; }

    public byte[]? Previous { get; set; }

    public void Dispose()
    {
        Signing.Dispose();
        foreach (OhttpPrivateKey key in Hpke)
            key.Dispose();
    }
}
