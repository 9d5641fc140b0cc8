using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Receipts;

public sealed class ReceiptTests : IDisposable
{
    private readonly ECDsa key = Samples.NewKey();

    public static TheoryData<string, long> ClaimsOfEach
    {
        get
        {
            TheoryData<string, long> rows = [];
            foreach ((string type, byte[] claims) in Encoded())
            {
                foreach (long label in Labels(claims))
                {
                    rows.Add(type, label);
                }
            }

            return rows;
        }
    }

    public void Dispose() => key.Dispose();

    [Fact]
    public void A_receipt_survives_with_every_member()
    {
        byte[] message = Samples.Receipt.Sign(key, out byte[] digest);
        Assert.True(Receipt.TryParse(message, key, out Receipt? read, out _));
        Assert.Equal(digest, read.Digest.ToArray());
        Assert.Equal(Samples.Receipt.EncodeClaims(), read.EncodeClaims());
        Assert.Equal(Samples.Receipt.Sampling, read.Sampling);
        Assert.Equal((11u, 12u, 14ul, 15ul), (read.PromptTokens, read.OutputTokens, read.ChunkCount, read.Counter));
        Assert.Equal(("bf16-t8", "stop", true), (read.NumericProfile, read.FinishReason, read.Simulated));
        Assert.Equal(Samples.Receipt.IssuedAt, read.IssuedAt);
        Assert.Equal(Samples.Receipt.AcceptedAt, read.AcceptedAt);
        Assert.Equal(Samples.Receipt.BootId.ToArray(), read.BootId.ToArray());
        Assert.Null(read.TraceRoot);
    }

    [Fact]
    public void The_reserved_roots_survive_when_they_are_there()
    {
        Receipt full = Samples.Receipt with { TraceRoot = Samples.Filled(32, 20), SketchRoot = Samples.Filled(32, 21), ToplocRoot = Samples.Filled(32, 22) };
        Assert.True(Receipt.TryParse(full.Sign(key, out _), key, out Receipt? read, out _));
        Assert.Equal(full.EncodeClaims(), read.EncodeClaims());
        Assert.Equal(Samples.Filled(32, 22), read.ToplocRoot!.Value.ToArray());
    }

    [Fact]
    public void An_acceptance_and_a_checkpoint_survive_with_every_member()
    {
        Assert.True(Acceptance.TryParse(Samples.Acceptance.Sign(key), key, out Acceptance? acceptance, out _));
        Assert.Equal(Samples.Acceptance.EncodeClaims(), acceptance.EncodeClaims());
        Assert.Equal(32, acceptance.Digest.Length);
        Assert.True(Checkpoint.TryParse(Samples.Checkpoint.Sign(key), key, out Checkpoint? checkpoint, out _));
        Assert.Equal(Samples.Checkpoint.EncodeClaims(), checkpoint.EncodeClaims());
        Assert.Equal((3ul, 5u), (checkpoint.ChunkCount, checkpoint.OutputTokens));
    }

    [Theory]
    [MemberData(nameof(ClaimsOfEach))]
    public void A_missing_claim_is_refused(string type, long label)
    {
        DeterministicCborMap without = new();
        foreach ((long other, byte[] value) in Pairs(Encoded()[type]))
        {
            if (other != label)
            {
                without.Add(other, writer => writer.Encoded(value));
            }
        }

        Assert.Equal(ReceiptError.Claims, Parse(type, without.Encode()));
    }

    [Theory]
    [MemberData(nameof(ClaimsOfEach))]
    public void A_claim_of_another_type_is_refused(string type, long label)
    {
        DeterministicCborMap changed = new();
        foreach ((long other, byte[] value) in Pairs(Encoded()[type]))
        {
            changed.Add(other, writer => writer.Encoded(other == label ? [0x81, 0x00] : value));
        }

        Assert.Equal(ReceiptError.Claims, Parse(type, changed.Encode()));
    }

    [Theory]
    [InlineData(ReceiptTypes.Receipt)]
    [InlineData(ReceiptTypes.Acceptance)]
    [InlineData(ReceiptTypes.Checkpoint)]
    public void An_unknown_claim_is_refused(string type)
    {
        DeterministicCborMap more = new();
        foreach ((long label, byte[] value) in Pairs(Encoded()[type]))
        {
            more.Add(label, writer => writer.Encoded(value));
        }

        Assert.Equal(ReceiptError.None, Parse(type, more.Encode()));
        Assert.Equal(ReceiptError.Claims, Parse(type, more.Add(-70000, 1UL).Encode()));
    }

    [Theory]
    [InlineData(ReceiptTypes.Receipt)]
    [InlineData(ReceiptTypes.Acceptance)]
    [InlineData(ReceiptTypes.Checkpoint)]
    public void Claims_in_another_order_are_refused(string type)
    {
        byte[] claims = Encoded()[type];
        (long Label, byte[] Value)[] pairs = [.. Pairs(claims)];
        DeterministicCborWriter writer = new();
        writer.Encoded(claims.AsSpan(0, 1));
        foreach ((long label, byte[] value) in pairs.Reverse())
        {
            writer.Int64(label).Encoded(value);
        }

        Assert.Equal(claims.Length, writer.Written.Length);
        Assert.Equal(ReceiptError.Claims, Parse(type, writer.ToArray()));
    }

    [Theory]
    [InlineData("counter 0")]
    [InlineData("counter 1 with a predecessor")]
    [InlineData("counter 2 without a predecessor")]
    [InlineData("another finish reason")]
    public void A_receipt_with_an_impossible_claim_is_refused(string what)
    {
        Receipt receipt = what switch
        {
            "counter 0" => Samples.Receipt with { Counter = 0, Previous = null },
            "counter 1 with a predecessor" => Samples.Receipt with { Counter = 1 },
            "counter 2 without a predecessor" => Samples.Receipt with { Counter = 2, Previous = null },
            _ => Samples.Receipt with { FinishReason = "done" },
        };
        Assert.Equal(ReceiptError.Claims, Parse(ReceiptTypes.Receipt, receipt.EncodeClaims()));
        Receipt first = Samples.Receipt with { Counter = 1, Previous = null };
        Assert.Equal(ReceiptError.None, Parse(ReceiptTypes.Receipt, first.EncodeClaims()));
    }

    [Theory]
    [InlineData("verathos:0101010101010101010101010101010")]
    [InlineData("verathos:010101010101010101010101010101011")]
    [InlineData("verathos:0101010101010101010101010101010A")]
    [InlineData("verathos-01010101010101010101010101010101")]
    public void An_issuer_of_another_form_is_refused(string issuer)
    {
        DeterministicCborMap changed = new();
        foreach ((long label, byte[] value) in Pairs(Samples.Receipt.EncodeClaims()))
        {
            changed.Add(label, writer => _ = label == ReceiptLabels.Issuer ? writer.Text(issuer) : writer.Encoded(value));
        }

        Assert.Equal(ReceiptError.Claims, Parse(ReceiptTypes.Receipt, changed.Encode()));
    }

    [Fact]
    public void Private_labels_are_in_the_range_for_private_use()
    {
        foreach (System.Reflection.FieldInfo field in typeof(ReceiptLabels).GetFields())
        {
            long label = (long)field.GetValue(null)!;
            Assert.True(label is 1 or 6 or 7 or 10 or < -65536, field.Name);
        }
    }

    private static Dictionary<string, byte[]> Encoded() => new()
    {
        [ReceiptTypes.Receipt] = Samples.Receipt.EncodeClaims(),
        [ReceiptTypes.Acceptance] = Samples.Acceptance.EncodeClaims(),
        [ReceiptTypes.Checkpoint] = Samples.Checkpoint.EncodeClaims(),
    };

    private static IEnumerable<long> Labels(byte[] claims) => Pairs(claims).Select(pair => pair.Label);

    private static List<(long Label, byte[] Value)> Pairs(byte[] claims)
    {
        List<(long, byte[])> pairs = [];
        DeterministicCborReader reader = new(claims);
        Assert.True(reader.TryReadMap(out int count));
        for (int i = 0; i < count; i++)
        {
            Assert.True(reader.TryReadInt64(out long label));
            Assert.True(reader.TryReadEncoded(out ReadOnlySpan<byte> value));
            pairs.Add((label, value.ToArray()));
        }

        return pairs;
    }

    private ReceiptError Parse(string type, byte[] claims)
    {
        byte[] message = CoseSign1.Sign(key, type, claims, out _);
        ReceiptError error;
        switch (type)
        {
            case ReceiptTypes.Receipt:
                Receipt.TryParse(message, key, out _, out error);
                break;
            case ReceiptTypes.Acceptance:
                Acceptance.TryParse(message, key, out _, out error);
                break;
            default:
                Checkpoint.TryParse(message, key, out _, out error);
                break;
        }

        return error;
    }

    public static TheoryData<string, Func<SamplingClaims, SamplingClaims>> OptionalSampling => new()
    {
        { "frequency", static sampling => sampling with { FrequencyPenaltyMicro = -500_000 } },
        { "presence", static sampling => sampling with { PresencePenaltyMicro = 2_000_000 } },
        { "repetition", static sampling => sampling with { RepetitionPenaltyMicro = 1_100_000 } },
        { "response format", static sampling => sampling with { ResponseFormat = Enumerable.Repeat((byte)9, 32).ToArray() } },
    };

    [Theory]
    [MemberData(nameof(OptionalSampling))]
    public void Optional_parameters_are_in_the_statement_only_where_they_are_used(string name, Func<SamplingClaims, SamplingClaims> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Receipt plain = Samples.Receipt;
        Receipt used = plain with { Sampling = change(plain.Sampling) };
        Assert.True(Receipt.TryParse(used.Sign(key, out _), key, out Receipt? read, out ReceiptError error), $"{name}: {error}");
        Assert.Equal(used.Sampling, read.Sampling);
        Assert.NotEqual(plain.Sampling, read.Sampling);
        Assert.True(used.EncodeClaims().Length > plain.EncodeClaims().Length, name);

        Acceptance acceptance = Samples.Acceptance with { Sampling = used.Sampling };
        Assert.True(Acceptance.TryParse(acceptance.Sign(key), key, out Acceptance? accepted, out error), $"{name}: {error}");
        Assert.Equal(used.Sampling, accepted.Sampling);
    }

    [Theory]
    [InlineData("a repetition penalty of one", 1_000_000u)]
    public void A_value_that_stands_for_nothing_is_refused(string name, uint repetition)
    {
        Receipt receipt = Samples.Receipt with { Sampling = Samples.Receipt.Sampling with { RepetitionPenaltyMicro = repetition } };
        Assert.False(Receipt.TryParse(receipt.Sign(key, out _), key, out _, out ReceiptError error), name);
        Assert.Equal(ReceiptError.Claims, error);
    }
}
