using Org.BouncyCastle.Crypto.Parameters;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Tests.Hpke;

public class SecretsTests
{
    [Fact]
    public void A_secret_is_zero_after_dispose_and_cannot_be_read()
    {
        SecretBytes secret = new([1, 2, 3]);
        Assert.Equal([1, 2, 3], secret.Raw.ToArray());
        secret.Dispose();
        Assert.Equal([0, 0, 0], secret.Raw.ToArray());
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
    }

    [Fact]
    public void A_context_zeroes_its_exporter_secret()
    {
        using HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.X25519);
        HpkeSuite suite = new(HpkeKem.X25519, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);
        Assert.True(HpkeSender.TrySetup(suite, key.PublicKey.Span, [], out HpkeSender? sender));
        Assert.True(sender.RawExporter.ContainsAnyExcept((byte)0));
        sender.Dispose();
        Assert.False(sender.RawExporter.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => sender.Export([], new byte[32]));
    }

    [Fact]
    public void The_arrays_in_which_the_package_keeps_an_ml_kem_key_are_zeroed()
    {
        byte[] seed = new byte[64];
        seed.AsSpan().Fill(9);
        MLKemPrivateKeyParameters key = MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, seed);
        byte[] keptSeed = MLKemMemory.Seed(key)!;
        byte[] keptEncoding = MLKemMemory.Encoding(key)!;
        Assert.Equal(seed, keptSeed);
        Assert.Equal(2400, keptEncoding.Length);
        MLKemMemory.Zero(key);
        Assert.DoesNotContain(keptSeed, b => b != 0);
        Assert.DoesNotContain(keptEncoding, b => b != 0);
    }

    [Fact]
    public void A_destroyed_private_key_opens_nothing()
    {
        HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.XWing);
        HpkeSuite suite = new(HpkeKem.XWing, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);
        Assert.True(HpkeSender.TrySetup(suite, key.PublicKey.Span, [], out HpkeSender? sender));
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => HpkeRecipient.TrySetup(suite, key, sender.Encapsulated.Span, [], out _));
        sender.Dispose();
    }
}
