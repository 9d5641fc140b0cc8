using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Receipts;

public sealed class TrainingStatementTests : IDisposable
{
    private static readonly TrainingOutcome Outcome = new()
    {
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_010),
        Run = Samples.Filled(32, 1),
        Validator = Samples.Filled(32, 2),
        Round = 5,
        BaseModelRoot = Samples.Filled(32, 3),
        ResultDigest = Samples.Filled(32, 4),
        AggregateRoot = Samples.Filled(32, 5),
        NextModelRoot = Samples.Filled(32, 6),
        Verdicts = [new(Samples.Filled(32, 7), "accepted", 0.125, 9), new(Samples.Filled(32, 8), "peer-values", -1, 0)],
        Losses = (4.5, 4.25),
        Previous = Samples.Filled(32, 9),
    };

    private static readonly TrainingRequest Request = new()
    {
        IssuedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_010),
        Run = Samples.Filled(32, 1),
        Signer = Samples.Filled(32, 2),
        Operation = "commit",
        Round = 5,
        BodyDigest = Samples.Filled(32, 3),
    };

    private readonly ECDsa key = Samples.NewKey();

    public static TheoryData<long> Labels => [.. Pairs(Outcome.EncodeClaims()).Select(pair => pair.Label)];

    public void Dispose() => key.Dispose();

    [Fact]
    public void An_outcome_survives_with_every_member()
    {
        Assert.True(TrainingOutcome.TryParse(Outcome.Sign(key, out byte[] digest), key, out TrainingOutcome? read, out _));
        Assert.Equal(digest, read.Digest.ToArray());
        Assert.Equal(Outcome.EncodeClaims(), read.EncodeClaims());
        Assert.Equal((5ul, (4.5, 4.25)), (read.Round, read.Losses!.Value));
        Assert.Equal([1, 2, 3, 4, 5, 6, 9], new[] { read.Run, read.Validator, read.BaseModelRoot, read.ResultDigest, read.AggregateRoot, read.NextModelRoot, read.Previous!.Value }.Select(m => (int)m.Span[0]));
        Assert.Equal([("accepted", 0.125, 9ul), ("peer-values", -1d, 0ul)], read.Verdicts.Select(v => (v.Verdict, v.Impact, v.Units)));
        TrainingOutcome first = Outcome with { Previous = null, Losses = null, Verdicts = [] };
        Assert.True(TrainingOutcome.TryParse(first.Sign(key, out _), key, out read, out _));
        Assert.Null(read.Losses);
        Assert.Null(read.Previous);
    }

    [Theory]
    [MemberData(nameof(Labels))]
    public void A_missing_claim_and_one_of_another_type_are_refused(long label)
    {
        DeterministicCborMap without = new();
        DeterministicCborMap changed = new();
        foreach ((long other, byte[] value) in Pairs(Outcome.EncodeClaims()))
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

    public static TheoryData<string> Impossible =>
    [
        "unknown claim", "one loss", "NaN loss", "infinite impact", "unsorted", "a worker twice", "a bad name", "no name", "a long name", "a short key", "too many", "a member more",
    ];

    [Theory]
    [MemberData(nameof(Impossible))]
    public void An_impossible_claim_is_refused(string what)
    {
        OutcomeVerdict[] verdicts = [.. Outcome.Verdicts];
        TrainingOutcome outcome = what switch
        {
            "NaN loss" => Outcome with { Losses = (double.NaN, 1) },
            "infinite impact" => Outcome with { Verdicts = [verdicts[0] with { Impact = double.PositiveInfinity }] },
            "unsorted" => Outcome with { Verdicts = [verdicts[1], verdicts[0]] },
            "a worker twice" => Outcome with { Verdicts = [verdicts[0], verdicts[0]] },
            "a bad name" => Outcome with { Verdicts = [verdicts[0] with { Verdict = "Accepted" }] },
            "no name" => Outcome with { Verdicts = [verdicts[0] with { Verdict = "" }] },
            "a long name" => Outcome with { Verdicts = [verdicts[0] with { Verdict = new string('a', 41) }] },
            "a short key" => Outcome with { Verdicts = [verdicts[0] with { Worker = Samples.Filled(31, 1) }] },
            "too many" => Outcome with { Verdicts = [.. Enumerable.Range(0, TrainingOutcome.MostVerdicts + 1).Select(i => verdicts[0] with { Worker = new byte[30].Concat(new[] { (byte)(i >> 8), (byte)i }).ToArray() })] },
            _ => Outcome,
        };
        DeterministicCborMap map = new();
        foreach ((long label, byte[] value) in Pairs(outcome.EncodeClaims()))
        {
            map.Add(label, writer => writer.Encoded((what, label) switch
            {
                ("one loss", TrainingLabels.LossAfter) => [0xf6],
                ("a member more", TrainingLabels.Verdicts) => [0x81, 0x85, .. value[2..], 0],
                _ => value,
            }));
        }

        Assert.Equal(ReceiptError.Claims, Parse((what == "unknown claim" ? map.Add(-70000, 1UL) : map).Encode()));
    }

    [Fact]
    public void The_longest_outcome_fits_and_no_other_statement_is_one()
    {
        OutcomeVerdict longest = new(new byte[32], new string('a', 40), 1, ulong.MaxValue);
        TrainingOutcome outcome = Outcome with { Verdicts = [.. Enumerable.Range(0, TrainingOutcome.MostVerdicts).Select(i => longest with { Worker = new byte[30].Concat(new[] { (byte)(i >> 8), (byte)i }).ToArray() })] };
        Assert.True(TrainingOutcome.TryParse(outcome.Sign(key, out _), key, out _, out _));
        Assert.False(TrainingOutcome.TryParse(Request.Sign(key), key, out _, out ReceiptError error));
        Assert.Equal(ReceiptError.Type, error);
        using ECDsa stranger = Samples.NewKey();
        Assert.False(TrainingOutcome.TryParse(Outcome.Sign(stranger, out _), key, out _, out error));
        Assert.Equal(ReceiptError.Signature, error);
    }

    [Fact]
    public void A_request_survives_and_is_no_other_statement()
    {
        Assert.True(TrainingRequest.TryParse(Request.Sign(key), key, out TrainingRequest? read, out _));
        Assert.Equal(("commit", 5ul, Request.IssuedAt), (read.Operation, read.Round, read.IssuedAt));
        Assert.Equal([1, 2, 3], new[] { read.Run, read.Signer, read.BodyDigest }.Select(m => (int)m.Span[0]));
        Assert.False(TrainingRequest.TryParse(Outcome.Sign(key, out _), key, out _, out ReceiptError error));
        Assert.Equal(ReceiptError.Type, error);
        Assert.False(TrainingRequest.TryParse((Request with { Run = new byte[31] }).Sign(key), key, out _, out error));
        Assert.Equal(ReceiptError.Claims, error);
        using ECDsa stranger = Samples.NewKey();
        Assert.False(TrainingRequest.TryParse(Request.Sign(stranger), key, out _, out error));
        Assert.Equal(ReceiptError.Signature, error);
        Assert.Equal(SHA256.HashData(CoseKey.From(key).Encode()), TrainingRequest.NameOf(CoseKey.From(key)));
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
        TrainingOutcome.TryParse(CoseSign1.Sign(key, ReceiptTypes.TrainingOutcome, claims, out _), key, out _, out ReceiptError error);
        return error;
    }
}
