using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Bench.Mutation;

/// <summary>A round of training's messages, made up, and the key that signs them.</summary>
internal static class TrainingSample
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly TrainingStep[] s_steps = [.. Enumerable.Range(0, 3).Select(static i => new TrainingStep(i, new byte[32], new byte[32], new byte[32], 3 - i))];

    /// <summary>Signs what is to reach the readers of claims.</summary>
    public static ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Of gradients: whole tiles and one that cannot be tiled.</summary>
    public static GradientLayout Layout { get; } = new([new GradientTensor("a", 128, 64), new GradientTensor("norm", 1, 100)]);

    /// <summary>A compressed gradient.</summary>
    public static byte[] Gradient { get; } = CompressedGradient.Encode(Layout, [.. Enumerable.Range(0, Layout.Count).Select(static i => MathF.Sin(i))], GradientBits.Two);

    /// <summary>An aggregate of the same space.</summary>
    public static byte[] Aggregate { get; } = SparseAggregate.Encode(new SparseVector(Layout.Count, [1, 5, 100, 8000], [0.5, -1, 2, 1e-9]));

    /// <summary>A step of a record, opened.</summary>
    public static byte[] Opening => StepOpening.Create(s_steps, 1).Encode();

    /// <summary>A step.</summary>
    public static byte[] Step => s_steps[2].Encode();

    /// <summary>A record's claims.</summary>
    public static byte[] Claims => Record(new byte[16], new byte[32]).EncodeClaims();

    /// <summary>A chain of two records.</summary>
    public static byte[] Chain()
    {
        using OhttpPrivateKey hpke = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));
        Keyset keyset = Keyset.Create(new byte[16], CoseKey.From(Key), OhttpKeys.Encode([hpke.Config]), s_start, s_start.AddHours(1));
        byte[] message = Record(keyset.BootId, keyset.Digest).Sign(Key, out _);
        return ChainFile.Encode([new ChainEntry(new SignedRecord(message, keyset), s_steps), new ChainEntry(new SignedRecord(message, keyset), [])]);
    }

    /// <summary>A round's events, one of each kind.</summary>
    public static RoundEvent[] Events()
    {
        WorkerKey worker = new(SHA256.HashData("a worker"u8));
        return
        [
            new RoundEvent.Opened(new byte[32], s_start),
            new RoundEvent.Renewed(worker, new byte[70], s_start),
            new RoundEvent.Committed(worker, new byte[32], s_start),
            new RoundEvent.CommitmentsClosed(s_start),
            new RoundEvent.Revealed(worker, new byte[32], new byte[90], new byte[110], s_start) { Links = [new byte[40], new byte[41]] },
            new RoundEvent.RevealsClosed(s_start),
            new RoundEvent.Judged(new byte[50], new byte[60], s_start),
            new RoundEvent.Closed(s_start),
            new RoundEvent.Abandoned(s_start),
        ];
    }

    /// <summary>The event of a reveal, which is the one with lists.</summary>
    public static byte[] Event => RoundEventEncoding.Encode(Events()[4]);

    /// <summary>A journal of all events.</summary>
    public static byte[] Journal()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using (RoundJournal journal = new(path))
            {
                Array.ForEach(Events(), journal.Append);
            }

            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Whether bytes are a journal that opens.</summary>
    public static bool Opens(ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(path, bytes);
        try
        {
            using RoundJournal journal = new(path);
            return journal.Events.Count > 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static TrainingRecord Record(ReadOnlyMemory<byte> boot, ReadOnlyMemory<byte> keyset) => new()
    {
        BootId = boot,
        IssuedAt = s_start,
        Id = new byte[16],
        KeysetDigest = keyset,
        NumericProfile = "train-f32-torch2.10.0-avx2/1",
        Worker = new byte[32],
        Round = 7,
        Beacon = new byte[32],
        BaseModelRoot = new byte[32],
        ShardRoot = new byte[32],
        Losses = [3, 2, 1],
        GradientRoot = new byte[32],
        ErrorFeedbackRoot = new byte[32],
        OptimiserRoot = new byte[32],
        StepsRoot = new byte[32],
        ResultRoot = new byte[32],
        Counter = 1,
        Simulated = true,
    };
}
