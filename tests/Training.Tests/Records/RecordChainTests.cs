using System.Security.Cryptography;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Records;

public sealed class RecordChainTests : IDisposable
{
    private readonly TrainingWorker _worker = new(1);
    private readonly TrainingWorker _restarted = new(1);
    private readonly TrainingWorker _stranger = new(2);

    public void Dispose()
    {
        _worker.Dispose();
        _restarted.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public void A_chain_holds_over_a_restart_with_other_keys()
    {
        RecordChainVerdict verdict = Verify(Chain(null));
        Assert.Equal((RecordChainError.None, 4), (verdict.Error, verdict.Index));
        Assert.True(verdict.IsValid);
        Assert.Equal([1ul, 2, 3, 4], verdict.Records.Select(record => record.Counter));
    }

    public static TheoryData<RecordChainError> Errors =>
        [.. Enum.GetValues<RecordChainError>().Except([RecordChainError.None, RecordChainError.NotChecked, RecordChainError.Empty])];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Whatever_breaks_it_is_named_where_it_breaks(RecordChainError error)
    {
        RecordChainVerdict verdict = Verify(Chain(error));
        Assert.Equal((error, 2, 2), (verdict.Error, verdict.Index, verdict.Records.Count));
        Assert.False(verdict.IsValid);
    }

    [Fact]
    public void A_chain_starts_at_one_and_nothing_is_no_chain()
    {
        Assert.Equal(RecordChainError.Empty, Verify([]).Error);
        Assert.Equal((RecordChainError.Counter, 0), (Verify(Chain(null)[1..]).Error, Verify(Chain(null)[1..]).Index));
        Assert.False(default(RecordChainError) == RecordChainError.None);
    }

    [Fact]
    public void A_base_or_beacon_that_nobody_knows_is_refused()
    {
        SignedRecord[] chain = Chain(null);
        Assert.Equal(RecordChainError.BaseModel, RecordChain.Verify(chain, _ => null, (_, _, _) => _worker.Record.ShardRoot).Error);
        Assert.Equal(RecordChainError.Shard, RecordChain.Verify(chain, _ => TrainingWorker.Base, (_, _, _) => null).Error);
        Assert.Equal(RecordChainError.BaseModel, RecordChain.Verify(chain, _ => ReadOnlyMemory<byte>.Empty, (_, _, _) => _worker.Record.ShardRoot).Error);
    }

    [Fact]
    public void Two_records_for_one_number_or_round_prove_two_histories()
    {
        TrainingRecord first = Read(_worker, _worker.Record);
        TrainingRecord sameCounter = Read(_worker, _worker.Record with { Round = 8 });
        TrainingRecord sameRound = Read(_worker, _worker.Record with { Counter = 2, Previous = new byte[32] });
        TrainingRecord neither = Read(_worker, _worker.Record with { Counter = 2, Previous = new byte[32], Round = 8 });
        TrainingRecord other = Read(_stranger, _stranger.Record);
        Assert.True(RecordChain.ProveEquivocation(first, sameCounter));
        Assert.True(RecordChain.ProveEquivocation(first, sameRound));
        Assert.False(RecordChain.ProveEquivocation(first, neither));
        Assert.False(RecordChain.ProveEquivocation(first, first));
        Assert.False(RecordChain.ProveEquivocation(first, other));
    }

    private static TrainingRecord Read(TrainingWorker worker, TrainingRecord record)
    {
        byte[] message = worker.Sign(record, out _);
        using ECDsa key = worker.Keyset.SigningKey.ToECDsa();
        Assert.True(TrainingRecord.TryParse(message, key, out TrainingRecord? read, out _));
        return read;
    }

    private RecordChainVerdict Verify(SignedRecord[] chain) => RecordChain.Verify(
        chain,
        round => round < 100 ? TrainingWorker.Base : null,
        (worker, round, beacon) => worker == _worker.Key && round < 100 && beacon.Span.SequenceEqual(TrainingWorker.Beacon) ? _worker.Record.ShardRoot : null);

    // Four records, the last two after a restart; the third, and only it, has what breaks the chain.
    private SignedRecord[] Chain(RecordChainError? broken)
    {
        List<SignedRecord> chain = [];
        byte[]? previous = null;
        for (int i = 0; i < 4; i++)
        {
            TrainingWorker signer = i < 2 ? _worker : _restarted;
            TrainingRecord record = signer.Record with
            {
                Counter = (ulong)i + 1,
                Previous = previous is null ? null : (ReadOnlyMemory<byte>?)previous,
                Round = 7 + (ulong)(2 * i),
                IssuedAt = TrainingWorker.Start.AddMinutes(i + 1),
            };
            TrainingRecord made = i != 2 ? record : broken switch
            {
                RecordChainError.Keyset => record with { KeysetDigest = _worker.Keyset.Digest },
                RecordChainError.Validity => record with { IssuedAt = TrainingWorker.Start.AddHours(2) },
                RecordChainError.Worker => record with { Worker = _stranger.Key.Bytes.ToArray() },
                RecordChainError.Counter => record with { Counter = 4 },
                RecordChainError.Previous => record with { Previous = new byte[32] },
                RecordChainError.Round => record with { Round = 9 },
                RecordChainError.Time => record with { IssuedAt = TrainingWorker.Start.AddMinutes(1) },
                RecordChainError.Profile => record with { NumericProfile = "bf16-lane16/2" },
                RecordChainError.BaseModel => record with { BaseModelRoot = new byte[32] },
                RecordChainError.Shard => record with { ShardRoot = new byte[32] },
                _ => record,
            };
            byte[] message = signer.Sign(made, out byte[] digest);
            if (i == 2 && broken == RecordChainError.Record)
            {
                message[^1] ^= 1;
            }

            chain.Add(new SignedRecord(message, signer.Keyset));
            previous = digest;
        }

        return [.. chain];
    }
}
