using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Tests.Hpke;

public class HpkeRefusalTests
{
    private static readonly HpkeSuite X25519Suite = new(HpkeKem.X25519, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);
    private static readonly HpkeSuite XWingSuite = new(HpkeKem.XWing, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);

    // RFC 7748 section 6.1 and the list at cr.yp.to/ecdh.html: points whose product with any scalar is zero.
    public static TheoryData<string, string> SmallOrderPoints => new()
    {
        { "zero", "0000000000000000000000000000000000000000000000000000000000000000" },
        { "one", "0100000000000000000000000000000000000000000000000000000000000000" },
        { "order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
        { "other order 8", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
        { "p - 1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
    };

    [Theory]
    [MemberData(nameof(SmallOrderPoints))]
    public void A_point_of_small_order_is_refused_on_both_sides(string name, string point)
    {
        Assert.NotEmpty(name);
        byte[] bytes = Convert.FromHexString(point);
        Assert.False(HpkeSender.TrySetup(X25519Suite, bytes, [], out _));
        using HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.X25519);
        Assert.False(HpkeRecipient.TrySetup(X25519Suite, key, bytes, [], out _));

        using HpkePrivateKey hybrid = HpkePrivateKey.Generate(HpkeKem.XWing);
        byte[] publicKey = [.. hybrid.PublicKey.Span[..1184], .. bytes];
        Assert.False(HpkeSender.TrySetup(XWingSuite, publicKey, [], out _));
        Assert.True(HpkeSender.TrySetup(XWingSuite, hybrid.PublicKey.Span, [], out HpkeSender? sender));
        byte[] encapsulated = [.. sender.Encapsulated.Span[..1088], .. bytes];
        Assert.False(HpkeRecipient.TrySetup(XWingSuite, hybrid, encapsulated, [], out _));
        sender.Dispose();
    }

    [Fact]
    public void A_hybrid_key_with_a_coefficient_of_the_modulus_is_refused()
    {
        using HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.XWing);
        byte[] publicKey = key.PublicKey.ToArray();

        // FIPS 203 section 7.2: 3329 = 0xd01 is the first coefficient that is out of range.
        publicKey[0] = 0x01;
        publicKey[1] = (byte)((publicKey[1] & 0xf0) | 0x0d);
        Assert.False(HpkeSender.TrySetup(XWingSuite, publicKey, [], out _));
        publicKey[0] = 0x00;
        Assert.True(HpkeSender.TrySetup(XWingSuite, publicKey, [], out HpkeSender? sender));
        sender.Dispose();
    }

    [Theory]
    [InlineData(HpkeKem.X25519, 31)]
    [InlineData(HpkeKem.X25519, 33)]
    [InlineData(HpkeKem.XWing, 1215)]
    [InlineData(HpkeKem.XWing, 1217)]
    public void A_public_key_of_another_length_is_refused(HpkeKem kem, int length) =>
        Assert.False(HpkeSender.TrySetup(new HpkeSuite(kem, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm), new byte[length], [], out _));

    [Fact]
    public void A_key_of_another_mechanism_is_refused()
    {
        using HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.X25519);
        Assert.False(HpkeRecipient.TrySetup(XWingSuite, key, new byte[1120], [], out _));
    }

    [Theory]
    [InlineData(HpkeKem.X25519)]
    [InlineData(HpkeKem.XWing)]
    public void An_altered_message_does_not_open_and_the_next_one_still_does(HpkeKem kem)
    {
        HpkeSuite suite = new(kem, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);
        using HpkePrivateKey key = HpkePrivateKey.Generate(kem);
        Assert.True(HpkeSender.TrySetup(suite, key.PublicKey.Span, "i"u8, out HpkeSender? sender));
        Assert.True(HpkeRecipient.TrySetup(suite, key, sender.Encapsulated.Span, "i"u8, out HpkeRecipient? recipient));
        byte[] message = new byte[5 + 16];
        sender.Seal("hello"u8, "aad"u8, message);
        byte[] opened = new byte[5];
        for (int i = 0; i < message.Length; i++)
        {
            byte[] altered = [.. message];
            altered[i] ^= 1;
            Assert.False(recipient.TryOpen(altered, "aad"u8, opened));
        }

        Assert.False(recipient.TryOpen(message, "aae"u8, opened));
        Assert.False(recipient.TryOpen(message.AsSpan(0, 15), "aad"u8, opened));
        Assert.True(recipient.TryOpen(message, "aad"u8, opened));
        Assert.Equal("hello"u8.ToArray(), opened);
        sender.Dispose();
        recipient.Dispose();
    }

    [Fact]
    public void Another_info_gives_another_key()
    {
        using HpkePrivateKey key = HpkePrivateKey.Generate(HpkeKem.XWing);
        Assert.True(HpkeSender.TrySetup(XWingSuite, key.PublicKey.Span, "a"u8, out HpkeSender? sender));
        Assert.True(HpkeRecipient.TrySetup(XWingSuite, key, sender.Encapsulated.Span, "b"u8, out HpkeRecipient? recipient));
        byte[] message = new byte[17];
        sender.Seal([1], [], message);
        Assert.False(recipient.TryOpen(message, [], new byte[1]));
        sender.Dispose();
        recipient.Dispose();
    }
}
