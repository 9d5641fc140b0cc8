using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Receipts;

public sealed class TrainingRecordTests : IDisposable
{
    private static readonly TrainingRecord Record = new()
    {
        BootId = Samples.Filled(16, 1),
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_010),
        Id = Samples.Filled(16, 2),
        KeysetDigest = Samples.Filled(32, 3),
        NumericProfile = "f32",
        Worker = Samples.Filled(32, 4),
        Round = 5,
        Beacon = Samples.Filled(32, 6),
        BaseModelRoot = Samples.Filled(32, 7),
        ShardRoot = Samples.Filled(32, 8),
        Losses = [4.5f, 4.25f, 0],
        GradientRoot = Samples.Filled(32, 9),
        ErrorFeedbackRoot = Samples.Filled(32, 10),
        OptimiserRoot = Samples.Filled(32, 11),
        StepsRoot = Samples.Filled(32, 14),
        ResultRoot = Samples.Filled(32, 15),
        Counter = 12,
        Previous = Samples.Filled(32, 13),
        Simulated = true,
    };

    private readonly ECDsa key = Samples.NewKey();

    public static TheoryData<long> Labels => [.. Pairs(Record.EncodeClaims()).Select(pair => pair.Label)];

    public void Dispose() => key.Dispose();

    [Fact]
    public void A_record_survives_with_every_member()
    {
        byte[] message = Record.Sign(key, out byte[] digest);
        Assert.True(TrainingRecord.TryParse(message, key, out TrainingRecord? read, out _));
        Assert.Equal(digest, read.Digest.ToArray());
        Assert.Equal(Record.EncodeClaims(), read.EncodeClaims());
        Assert.Equal((3, 5ul, 12ul, true, "f32"), (read.Steps, read.Round, read.Counter, read.Simulated, read.NumericProfile));
        Assert.Equal(Record.Losses, read.Losses);
        byte[][] roots = [.. new[] { read.Worker, read.Beacon, read.BaseModelRoot, read.ShardRoot, read.GradientRoot, read.ErrorFeedbackRoot, read.OptimiserRoot, read.StepsRoot, read.ResultRoot, read.Previous!.Value }.Select(root => root.ToArray())];
        Assert.Equal([4, 6, 7, 8, 9, 10, 11, 14, 15, 13], roots.Select(root => (int)root[31]));
        TrainingRecord first = Record with { Counter = 1, Previous = null };
        Assert.True(TrainingRecord.TryParse(first.Sign(key, out _), key, out _, out _));
    }

    [Theory]
    [MemberData(nameof(Labels))]
    public void A_missing_claim_and_one_of_another_type_are_refused(long label)
    {
        DeterministicCborMap without = new();
        DeterministicCborMap changed = new();
        foreach ((long other, byte[] value) in Pairs(Record.EncodeClaims()))
        {
            changed.Add(other, writer => writer.Encoded(other == label ? [0x81, 0x00] : value));
            if (other != label)
            {
                without.Add(other, writer => writer.Encoded(value));
            }
        }

        Assert.Equal(ReceiptError.Claims, Parse(without.Encode()));
        Assert.Equal(ReceiptError.Claims, Parse(changed.Encode()));
    }

    [Fact]
    public void An_unknown_claim_is_refused()
    {
        DeterministicCborMap more = new();
        foreach ((long label, byte[] value) in Pairs(Record.EncodeClaims()))
        {
            more.Add(label, writer => writer.Encoded(value));
        }

        Assert.Equal(ReceiptError.None, Parse(more.Encode()));
        Assert.Equal(ReceiptError.Claims, Parse(more.Add(-70000, 1UL).Encode()));
    }

    public static TheoryData<string> Impossible => ["counter 0", "first with a predecessor", "second without one", "no step", "too many steps", "NaN", "infinite", "negative", "short root"];

    [Theory]
    [MemberData(nameof(Impossible))]
    public void An_impossible_claim_is_refused(string what)
    {
        TrainingRecord record = what switch
        {
            "counter 0" => Record with { Counter = 0, Previous = null },
            "first with a predecessor" => Record with { Counter = 1 },
            "second without one" => Record with { Counter = 2, Previous = null },
            "no step" => Record with { Losses = [] },
            "too many steps" => Record with { Losses = new float[TrainingRecord.MostSteps + 1] },
            "NaN" => Record with { Losses = [1, float.NaN] },
            "infinite" => Record with { Losses = [float.PositiveInfinity, 1] },
            "negative" => Record with { Losses = [-0.5f] },
            _ => Record with { GradientRoot = Samples.Filled(31, 9) },
        };
        Assert.Equal(ReceiptError.Claims, Parse(record.EncodeClaims()));
    }

    [Fact]
    public void Steps_and_losses_must_agree()
    {
        DeterministicCborMap other = new();
        foreach ((long label, byte[] value) in Pairs(Record.EncodeClaims()))
        {
            other.Add(label, writer => writer.Encoded(label == TrainingLabels.Steps ? [0x02] : value));
        }

        Assert.Equal(ReceiptError.Claims, Parse(other.Encode()));
    }

    [Fact]
    public void The_longest_record_fits_and_a_receipt_is_no_record()
    {
        TrainingRecord longest = Record with { Losses = new float[TrainingRecord.MostSteps] };
        Assert.True(TrainingRecord.TryParse(longest.Sign(key, out _), key, out _, out _));
        Assert.False(TrainingRecord.TryParse(Samples.Receipt.Sign(key, out _), key, out _, out ReceiptError error));
        Assert.Equal(ReceiptError.Type, error);
        using ECDsa stranger = Samples.NewKey();
        Assert.False(TrainingRecord.TryParse(Record.Sign(stranger, out _), key, out _, out error));
        Assert.Equal(ReceiptError.Signature, error);
    }

    private static IEnumerable<(long Label, byte[] Value)> Pairs(byte[] claims)
    {
        DeterministicCborReader reader = new(claims);
        Assert.True(reader.TryReadMap(out int count));
        List<(long, byte[])> pairs = [];
        for (int i = 0; i < count; i++)
        {
            Assert.True(reader.TryReadInt64(out long label) & reader.TryReadEncoded(out ReadOnlySpan<byte> value));
            pairs.Add((label, value.ToArray()));
        }

        return pairs;
    }

    private ReceiptError Parse(byte[] claims)
    {
        TrainingRecord.TryParse(CoseSign1.Sign(key, ReceiptTypes.Training, claims, out _), key, out _, out ReceiptError error);
        return error;
    }
}
