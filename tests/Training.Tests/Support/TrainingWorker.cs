using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Training.Tests.Support;

/// <summary>A worker with keys, whose gradients are made up and whose records are signed like a real one's.</summary>
internal sealed class TrainingWorker : IDisposable
{
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    public static readonly GradientLayout Layout = new([new GradientTensor("a", 128, 64), new GradientTensor("norm", 1, 100)]);
    public static readonly byte[] Base = SHA256.HashData("the model"u8);
    public static readonly byte[] Beacon = SHA256.HashData("the beacon"u8);

    private ECDsa _signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly OhttpPrivateKey _hpke = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));

    public TrainingWorker(int number)
    {
        Key = Samples.Worker(number);
        Keyset = Keyset.Create(SHA256.HashData(Key.Bytes).AsSpan(0, 16), CoseKey.From(_signing), OhttpKeys.Encode([_hpke.Config]), Start, Start.AddHours(1));
        Gradient = CompressedGradient.Encode(Layout, Samples.Gradient(Layout, number), GradientBits.Two);
        Salt = SHA256.HashData(Gradient);
        Record = new TrainingRecord
        {
            BootId = Keyset.BootId,
            IssuedAt = Start.AddMinutes(1),
            Id = new byte[16],
            KeysetDigest = Keyset.Digest,
            NumericProfile = "f32",
            Worker = Key.Bytes.ToArray(),
            Round = 7,
            Beacon = Beacon,
            BaseModelRoot = Base,
            ShardRoot = SHA256.HashData("a shard"u8),
            Losses = [3, 2],
            GradientRoot = TrainingRoots.OfGradient(Gradient),
            ErrorFeedbackRoot = new byte[32],
            OptimiserRoot = new byte[32],
            StepsRoot = new byte[32],
            ResultRoot = new byte[32],
            Counter = 1,
            Simulated = true,
        };
        Message = Record.Sign(_signing, out byte[] digest);
        Digest = digest;
    }

    public WorkerKey Key { get; }

    public Keyset Keyset { get; private set; }

    public byte[] Gradient { get; }

    public byte[] Salt { get; }

    public TrainingRecord Record { get; }

    public byte[] Message { get; private set; }

    public byte[] Digest { get; private set; }

    public byte[] Commitment => TrainingCommitment.Compute(Key, 7, Salt, Message);

    public RoundMember Member => new(Key, Keyset, 0, null);

    public byte[] Sign(TrainingRecord record, out byte[] digest) => record.Sign(_signing, out digest);

    /// <summary>Goes on under another keyset, as an enclave does that was started again; records are signed under it from here on.</summary>
    public void Restart(int boot)
    {
        _signing.Dispose();
        _signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Keyset = Keyset.Create(SHA256.HashData([.. Key.Bytes, (byte)boot]).AsSpan(0, 16), CoseKey.From(_signing), OhttpKeys.Encode([_hpke.Config]), Start, Start.AddHours(1));
    }

    /// <summary>Signs another record in place of the usual one.</summary>
    public void Use(TrainingRecord record)
    {
        Message = record.Sign(_signing, out byte[] digest);
        Digest = digest;
    }

    public void Dispose()
    {
        _signing.Dispose();
        _hpke.Dispose();
    }
}
