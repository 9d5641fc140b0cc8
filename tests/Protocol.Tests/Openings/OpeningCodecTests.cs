using System.Security.Cryptography;
using CsCheck;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Protocol.Tests.Openings;

public sealed class OpeningCodecTests
{
    private static readonly byte[] Receipt = SHA256.HashData("receipt"u8);
    private static readonly byte[] Secret = SHA256.HashData("secret"u8);

    private static readonly Gen<OpeningAsk> Asks = Gen.OneOf(
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[1, 1_000_000], OpeningAsk.Openings),
        Gen.Const(OpeningAsk.StepHashes),
        Gen.Const(OpeningAsk.Chunks),
        Gen.Long[0, int.MaxValue].Select(OpeningAsk.Step),
        Gen.Select(Gen.Long[0, 99_999], Gen.Int[0, 999], Gen.Int[0, 999], Gen.Long[0, 99_999], Gen.Long[0, int.MaxValue], OpeningAsk.Chosen));

    public static TheoryData<string, string> Malformed => new()
    {
        { "nothing", "" },
        { "no map", "80" },
        { "version 2", Hex(map => map.Add(1, 2UL).Add(2, Receipt).Add(3, Secret).Add(4, w => w.Array(1).UInt64(2))) },
        { "a short digest", Hex(map => map.Add(1, 1UL).Add(2, Receipt[..31]).Add(3, Secret).Add(4, w => w.Array(1).UInt64(2))) },
        { "a long secret", Hex(map => map.Add(1, 1UL).Add(2, Receipt).Add(3, [.. Secret, 0]).Add(4, w => w.Array(1).UInt64(2))) },
        { "nothing asked", Hex(map => map.Add(1, 1UL).Add(2, Receipt).Add(3, Secret)) },
        { "a fifth member", Hex(map => map.Add(1, 1UL).Add(2, Receipt).Add(3, Secret).Add(4, w => w.Array(1).UInt64(2)).Add(5, 1UL)) },
        { "an empty array", Asked(w => w.Array(0)) },
        { "kind 0", Asked(w => w.Array(1).UInt64(0)) },
        { "kind 6", Asked(w => w.Array(1).UInt64(6)) },
        { "no openings", Asked(w => w.Array(3).UInt64(1).UInt64(0).UInt64(0)) },
        { "openings without a count", Asked(w => w.Array(2).UInt64(1).UInt64(0)) },
        { "numbers past all", Asked(w => w.Array(3).UInt64(1).UInt64(int.MaxValue).UInt64(1)) },
        { "a step past all", Asked(w => w.Array(2).UInt64(4).UInt64(1UL << 31)) },
        { "a negative step", Asked(w => w.Array(2).UInt64(4).Int64(-1)) },
        { "hashes of a step", Asked(w => w.Array(2).UInt64(2).UInt64(1)) },
        { "a place without logits", Asked(w => w.Array(5).UInt64(5).UInt64(1).UInt64(1).UInt64(1).UInt64(1)) },
    };

    [Fact]
    public void Requests_are_read_back()
    {
        Asks.Sample(ask =>
        {
            byte[] encoded = new OpeningRequest(Receipt, Secret, ask).Encode();
            return encoded.Length <= OpeningRequest.MaximumLength && OpeningRequest.TryParse(encoded, out OpeningRequest? read)
                && read.Ask == ask && read.Ask.GetHashCode() == ask.GetHashCode() && read.ReceiptDigest.SequenceEqual(Receipt) && read.AuditSecret.SequenceEqual(Secret)
                && !read.ToString().Contains(Convert.ToHexStringLower(Secret), StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Whatever_is_no_request_is_refused(string what, string hex) => Assert.False(OpeningRequest.TryParse(Convert.FromHexString(hex), out _), what);

    [Fact]
    public void No_prefix_and_no_longer_request_is_read()
    {
        byte[] encoded = new OpeningRequest(Receipt, Secret, OpeningAsk.Chosen(1, 2, 3, 4, 5)).Encode();
        for (int length = 0; length < encoded.Length; length++)
            Assert.False(OpeningRequest.TryParse(encoded.AsSpan(0, length), out _));

        Assert.False(OpeningRequest.TryParse([.. encoded, 0], out _));
        Assert.False(OpeningRequest.TryParse(new byte[OpeningRequest.MaximumLength + 1], out _));
    }

    [Fact]
    public void What_is_asked_has_its_own_numbers_only()
    {
        OpeningAsk ask = OpeningAsk.Openings(3, 4);
        Assert.Equal((3, 4, 4, "[1, 3, 4]"), (ask.First, ask.Count, ask.Weight, ask.ToString()));
        Assert.Throws<InvalidOperationException>(() => ask.StepNumber);
        Assert.Throws<InvalidOperationException>(() => OpeningAsk.StepHashes.First);
        OpeningAsk chosen = OpeningAsk.Chosen(1, 2, 3, 4, 5);
        Assert.Equal((1L, 2, 3, 4L, 5L, 1), (chosen.StepNumber, chosen.Layer, chosen.Head, chosen.LinkStep, chosen.LogitsStep, chosen.Weight));
        Assert.NotEqual(OpeningAsk.Step(1), OpeningAsk.Step(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => OpeningAsk.Openings(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OpeningAsk.Openings(int.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => OpeningAsk.Step(-1));
    }

    [Fact]
    public void Statements_are_read_back_and_hold_every_claim()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        OpeningStatement statement = Statement();
        byte[] signed = statement.Sign(key);
        Assert.True(OpeningStatement.TryParse(signed, key, out OpeningStatement? read, out ReceiptError error), error.ToString());
        Assert.Equal(statement.EncodeClaims(), read.EncodeClaims());
        Assert.Equal(32, read.Digest.Length);
        Assert.Equal(statement.Ask, read.Ask);

        // A statement with any claim left out, or one more, is refused.
        DeterministicCborReader reader = new(statement.EncodeClaims());
        Assert.True(reader.TryReadMap(out int claims));
        Assert.Equal(10, claims);
        for (int without = 0; without <= claims; without++)
        {
            DeterministicCborMap map = new();
            DeterministicCborReader each = new(statement.EncodeClaims());
            Assert.True(each.TryReadMap(out _));
            for (int i = 0; i < claims; i++)
            {
                Assert.True(each.TryReadInt64(out long label));
                Assert.True(each.TryReadEncoded(out ReadOnlySpan<byte> value));
                byte[] copy = value.ToArray();
                if (i != without)
                    map.Add(label, writer => writer.Encoded(copy));
            }

            if (without == claims)
                map.Add(-65599, 1UL);

            Assert.False(OpeningStatement.TryParse(CoseSign1.Sign(key, ReceiptTypes.Opening, map.Encode(), out _), key, out _, out error));
            Assert.Equal(ReceiptError.Claims, error);
        }

        Assert.False(OpeningStatement.TryParse(CoseSign1.Sign(key, ReceiptTypes.Receipt, statement.EncodeClaims(), out _), key, out _, out error));
        Assert.Equal(ReceiptError.Type, error);
    }

    [Fact]
    public void Content_comes_apart_exactly()
    {
        Gen.Byte.Array[0, 40].List[0, 6].Sample(items =>
        {
            byte[] content = [.. items.SelectMany(item => (byte[])[0, 0, 0, (byte)item.Length, .. item])];
            return OpeningContent.TrySplit(content, out IReadOnlyList<ReadOnlyMemory<byte>>? read)
                && read.Count == items.Count && read.Zip(items).All(pair => pair.First.Span.SequenceEqual(pair.Second))
                && (content.Length == 0 || !OpeningContent.TrySplit(content.AsMemory(1), out _) || items[0].Length == 0);
        });
        Assert.False(OpeningContent.TrySplit(new byte[] { 0, 0, 0 }, out _));
        Assert.False(OpeningContent.TrySplit(new byte[] { 0, 0, 0, 2, 1 }, out _));
        Assert.False(OpeningContent.TrySplit(new byte[] { 255, 255, 255, 255, 1 }, out _));
        byte[] header = new byte[4];
        OpeningContent.WriteHeader(0x01020304, header);
        Assert.Equal([1, 2, 3, 4], header);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_configuration_says_whether_answers_are_opened(bool gpus)
    {
        NodeConfiguration configuration = new(
            NodeConfiguration.Split, "e", "p", new NodeLimits(1, 2, 3, 4), false, gpus ? true : null, gpus ? false : null, new OpeningLimits(600, 64, 700));
        Assert.True(NodeConfiguration.TryParse(configuration.Encode(), out NodeConfiguration? read));
        Assert.Equal(configuration, read);
        NodeConfiguration without = configuration with { Openings = null };
        Assert.True(NodeConfiguration.TryParse(without.Encode(), out read));
        Assert.Equal(without, read);
        byte[] encoded = configuration.Encode();
        for (int at = encoded.Length - 14; at < encoded.Length; at++)
            Assert.False(NodeConfiguration.TryParse(encoded.AsSpan(0, at), out _));
    }

    private static string Hex(Func<DeterministicCborMap, DeterministicCborMap> make) => Convert.ToHexString(make(new DeterministicCborMap()).Encode());

    private static string Asked(Action<DeterministicCborWriter> write) => Hex(map => map.Add(1, 1UL).Add(2, Receipt).Add(3, Secret).Add(4, write));

    private static OpeningStatement Statement() => new()
    {
        BootId = new byte[16],
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000),
        Nonce = Secret,
        KeysetDigest = Receipt,
        RequestDigest = Secret,
        ReceiptDigest = Receipt,
        Ask = OpeningAsk.Openings(1, 2),
        ContentDigest = Secret,
        Items = 4,
        Simulated = true,
    };
}
