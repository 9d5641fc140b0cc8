using System.Security.Cryptography;
using CsCheck;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Keys;

public sealed class KeysetTests : IDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private readonly ECDsa signing = Samples.NewKey();
    private readonly OhttpPrivateKey key = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));

    public void Dispose()
    {
        signing.Dispose();
        key.Dispose();
    }

    [Fact]
    public void A_keyset_survives_and_its_digest_is_over_its_bytes()
    {
        Keyset keyset = Make();
        Assert.True(Keyset.TryParse(keyset.Encoded, out Keyset? read, out _));
        Assert.Equal(keyset.Encoded.ToArray(), read.Encoded.ToArray());
        Assert.Equal(SHA256.HashData(keyset.Encoded.Span), read.Digest.ToArray());
        Assert.Equal(Samples.Filled(16, 1), read.BootId.ToArray());
        Assert.Equal(OhttpKeys.Encode([key.Config]), read.OhttpKeys.ToArray());
        Assert.Equal(1, Assert.Single(read.KeyConfigs).KeyId);
        Assert.Equal((Start, Start.AddHours(1)), (read.NotBefore, read.NotAfter));
        using ECDsa verifying = read.SigningKey.ToECDsa();
        Assert.True(verifying.VerifyData("x"u8, signing.SignData("x"u8, HashAlgorithmName.SHA256), HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void A_missing_member_is_refused(long label) => AssertRefused(Edit(label, null));

    [Theory]
    [InlineData(1, "02", "version 2")]
    [InlineData(1, "4101", "a version of another type")]
    [InlineData(2, "4f010101010101010101010101010101", "a boot id of 15 bytes")]
    [InlineData(3, "a0", "an empty key")]
    [InlineData(4, "40", "no key configuration")]
    [InlineData(4, "80", "key configurations of another type")]
    [InlineData(5, "1b0000ffffffffffff", "a start after the end")]
    [InlineData(5, "1b8000000000000000", "a start above 2^63")]
    [InlineData(6, "1b7fffffffffffffff", "an end beyond the calendar")]
    public void A_member_with_another_value_is_refused(long label, string value, string what)
    {
        Assert.NotEmpty(what);
        AssertRefused(Edit(label, Convert.FromHexString(value)));
    }

    [Fact]
    public void An_unknown_member_is_refused()
    {
        byte[] more = new byte[Make().Encoded.Length + 2];
        Make().Encoded.CopyTo(more);
        more[0] = 0xa7;
        more[^2] = 0x07;
        AssertRefused(more);
    }

    [Fact]
    public void Bytes_after_the_keyset_are_refused() => AssertRefused([.. Make().Encoded.Span, 0]);

    [Fact]
    public void A_key_whose_point_is_not_on_the_curve_is_refused()
    {
        byte[] encoded = CoseKey.From(signing).Encode();
        Assert.True(CoseKey.TryParse(encoded, out _));
        encoded[^1] ^= 1;
        Assert.False(CoseKey.TryParse(encoded, out _));
        AssertRefused(Edit(3, encoded));
    }

    [Theory]
    [InlineData(1, "03")]
    [InlineData(3, "27")]
    [InlineData(-1, "02")]
    [InlineData(-2, "4100")]
    public void A_key_of_another_kind_is_refused(long label, string value)
    {
        DeterministicCborMap map = new();
        DeterministicCborReader reader = new(CoseKey.From(signing).Encode());
        Assert.True(reader.TryReadMap(out int count));
        for (int i = 0; i < count; i++)
        {
            Assert.True(reader.TryReadInt64(out long read));
            Assert.True(reader.TryReadEncoded(out ReadOnlySpan<byte> item));
            byte[] kept = read == label ? Convert.FromHexString(value) : item.ToArray();
            map.Add(read, writer => writer.Encoded(kept));
        }

        Assert.False(CoseKey.TryParse(map.Encode(), out _));
    }

    [Fact]
    public void A_key_on_another_curve_is_not_taken()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => CoseKey.From(other));
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        byte[] good = Make().Encoded.ToArray();
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            byte[] altered = [.. good];
            altered[at] = value;
            bool accepted = Keyset.TryParse(altered.AsMemory(0, length), out Keyset? keyset, out string? error);
            return accepted == keyset is not null && accepted == error is null;
        });
    }

    private static void AssertRefused(byte[] encoded)
    {
        Assert.False(Keyset.TryParse(encoded, out Keyset? keyset, out string? error));
        Assert.Null(keyset);
        Assert.NotEmpty(error);
    }

    private Keyset Make() =>
        Keyset.Create(Samples.Filled(16, 1), CoseKey.From(signing), OhttpKeys.Encode([key.Config]), Start, Start.AddHours(1));

    private byte[] Edit(long label, byte[]? value)
    {
        DeterministicCborMap map = new();
        DeterministicCborReader reader = new(Make().Encoded.Span);
        Assert.True(reader.TryReadMap(out int count));
        for (int i = 0; i < count; i++)
        {
            Assert.True(reader.TryReadInt64(out long read));
            Assert.True(reader.TryReadEncoded(out ReadOnlySpan<byte> item));
            byte[] kept = read == label ? value ?? [] : item.ToArray();
            if (kept.Length > 0)
            {
                map.Add(read, writer => writer.Encoded(kept));
            }
        }

        return map.Encode();
    }
}
