using System.Security.Cryptography;
using Verathos.Host.Training;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Tests.Training;

public sealed class RecordHeadsTests : IDisposable
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly byte[] s_initial = SHA256.HashData("the initial state"u8);
    private static readonly byte[] s_after = SHA256.HashData("the state after a round"u8);
    private readonly ECDsa _signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly OhttpPrivateKey _hpke = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));
    private readonly WorkerKey _worker = new(SHA256.HashData("a worker"u8));
    private readonly Keyset _keyset;
    private readonly RecordHeads _heads = new(s_initial);

    public RecordHeadsTests() =>
        _keyset = Keyset.Create(new byte[16], CoseKey.From(_signing), OhttpKeys.Encode([_hpke.Config]), s_start, s_start.AddHours(1));

    public void Dispose()
    {
        _signing.Dispose();
        _hpke.Dispose();
    }

    [Fact]
    public void A_first_record_begins_with_the_initial_state() => Assert.Equal(s_initial, _heads.StateBefore(Member(null))!.Value.ToArray());

    [Fact]
    public void A_later_record_begins_with_the_state_after_the_last_one()
    {
        TrainingRecord last = Record();
        _heads.Saw(_worker, last);
        Assert.Equal(s_after, _heads.StateBefore(Member(last.Digest))!.Value.ToArray());
    }

    [Fact]
    public void Of_a_record_that_was_not_seen_nothing_is_said()
    {
        TrainingRecord last = Record();
        Assert.Null(_heads.StateBefore(Member(last.Digest)));
        _heads.Saw(_worker, last);
        Assert.Null(_heads.StateBefore(Member(SHA256.HashData("another record"u8))));
    }

    private RoundMember Member(ReadOnlyMemory<byte>? last) => new(_worker, _keyset, last.HasValue ? 1UL : 0UL, last);

    private TrainingRecord Record()
    {
        byte[] message = new TrainingRecord
        {
            BootId = _keyset.BootId,
            IssuedAt = s_start,
            Id = new byte[16],
            KeysetDigest = _keyset.Digest,
            NumericProfile = "f32",
            Worker = _worker.Bytes.ToArray(),
            Round = 1,
            Beacon = new byte[32],
            BaseModelRoot = new byte[32],
            ShardRoot = new byte[32],
            Losses = [1],
            GradientRoot = new byte[32],
            ErrorFeedbackRoot = new byte[32],
            OptimiserRoot = s_after,
            StepsRoot = new byte[32],
            ResultRoot = new byte[32],
            Counter = 1,
            Simulated = true,
        }.Sign(_signing, out _);
        Assert.True(TrainingRecord.TryParse(message, _signing, out TrainingRecord? record, out _));
        return record;
    }
}
