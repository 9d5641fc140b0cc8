using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Training;

/// <summary>
/// A keyset with its private signing key. Keysets have keys to which requests are sealed; nothing is sealed to a process that trains, so
/// the private halves of those are destroyed as soon as they are made.
/// </summary>
internal sealed class TrainingKeys : IDisposable
{
    private readonly TimeSpan _lifetime;
    private readonly long _madeAt;

    private TrainingKeys(Keyset keyset, ECDsa signer, TimeSpan lifetime, long madeAt) =>
        (Keyset, Signer, _lifetime, _madeAt) = (keyset, signer, lifetime, madeAt);

    /// <summary>The public keyset.</summary>
    public Keyset Keyset { get; }

    /// <summary>The signing key.</summary>
    public ECDsa Signer { get; }

    /// <summary>Makes fresh keys, valid from now on.</summary>
    public static TrainingKeys Create(ReadOnlySpan<byte> bootId, TimeSpan lifetime, TimeProvider time)
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        long madeAt = time.GetTimestamp();
        using OhttpPrivateKey wing = new(0, HpkePrivateKey.Generate(HpkeKem.XWing));
        using OhttpPrivateKey curve = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));
        ECDsa signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            return new TrainingKeys(
                Keyset.Create(bootId, CoseKey.From(signer), OhttpKeys.Encode([wing.Config, curve.Config]), now, now + lifetime), signer, lifetime, madeAt);
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    /// <summary>How long the keys still live, by whichever clock is further on.</summary>
    public TimeSpan Left(TimeProvider time)
    {
        TimeSpan byWallClock = Keyset.NotAfter - time.GetUtcNow();
        TimeSpan byAge = _lifetime - time.GetElapsedTime(_madeAt);
        return byWallClock < byAge ? byWallClock : byAge;
    }

    /// <inheritdoc/>
    public void Dispose() => Signer.Dispose();
}
