using CsCheck;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;

namespace Verathos.Protocol.Tests.Ohttp;

public sealed class OhttpKeysTests : IDisposable
{
    private readonly OhttpPrivateKey xWing = new(1, HpkePrivateKey.Generate(HpkeKem.XWing));
    private readonly OhttpPrivateKey x25519 = new(2, HpkePrivateKey.Generate(HpkeKem.X25519));

    public void Dispose()
    {
        xWing.Dispose();
        x25519.Dispose();
    }

    [Fact]
    public void A_list_survives_and_keeps_its_order()
    {
        byte[] encoded = OhttpKeys.Encode([xWing.Config, x25519.Config]);
        Assert.Equal(2 + 3 + 1216 + 6 + 2 + 3 + 32 + 6, encoded.Length);
        Assert.True(OhttpKeys.TryParse(encoded, out IReadOnlyList<OhttpKeyConfig>? configs, out _));
        Assert.Equal([HpkeKem.XWing, HpkeKem.X25519], configs.Select(config => config.Kem));
        Assert.Equal(encoded, OhttpKeys.Encode(configs));
        Assert.True(configs[0].TryGetSuite(HpkeAead.Aes256Gcm, out _));
        Assert.False(configs[0].TryGetSuite(HpkeAead.Aes128Gcm, out _));
    }

    [Fact]
    public void A_configuration_with_an_unknown_mechanism_is_passed_over()
    {
        byte[] unknown = [0, 9, 5, 0x00, 0x10, 1, 2, 3, 4, 5, 6];
        Assert.True(OhttpKeys.TryParse([.. unknown, .. OhttpKeys.Encode([x25519.Config])], out IReadOnlyList<OhttpKeyConfig>? configs, out _));
        Assert.Equal(2, Assert.Single(configs).KeyId);
        Assert.False(OhttpKeys.TryParse(unknown, out _, out string? error));
        Assert.Equal("no key configuration with a known mechanism", error);
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("cut")]
    [InlineData("same identifier")]
    [InlineData("list length")]
    [InlineData("no algorithm")]
    [InlineData("one byte more")]
    public void A_malformed_list_is_refused(string how)
    {
        byte[] good = x25519.Config.Encode();
        byte[] bad = how switch
        {
            "empty" => [],
            "cut" => OhttpKeys.Encode([x25519.Config])[..^1],
            "same identifier" => OhttpKeys.Encode([x25519.Config, xWing.Config with { KeyId = 2 }]),
            "list length" => [0, (byte)good.Length, .. good[..35], 0, 3, .. good[37..]],
            "no algorithm" => OhttpKeys.Encode([x25519.Config with { Algorithms = [] }]),
            _ => [0, (byte)(good.Length + 1), .. good, 0],
        };
        Assert.False(OhttpKeys.TryParse(bad, out _, out string? error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        byte[] good = OhttpKeys.Encode([x25519.Config]);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            byte[] altered = [.. good];
            altered[at] = value;
            bool accepted = OhttpKeys.TryParse(altered.AsSpan(0, length), out IReadOnlyList<OhttpKeyConfig>? configs, out string? error);
            return accepted == configs is not null && accepted == error is null;
        });
    }
}
