using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Fingerprint.Openings;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Bench.Mutation;

/// <summary>What reads openings and training from outside. Their steps are not counted; what they allocate is.</summary>
internal static class CommitmentTargets
{
    private static readonly DateTimeOffset s_at = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    /// <summary>The targets.</summary>
    public static IReadOnlyList<ParserTarget> All { get; } =
    [
        Target("opening-layer", static bytes => OpeningEncoding.TryDecode(bytes.Span, OpeningSample.Dense.Constants, out LayerEvidence? _), static length => Longer(OpeningSample.Dense.Layer, length)),
        Target("opening-experts", static bytes => OpeningEncoding.TryDecode(bytes.Span, OpeningSample.Experts.Constants, out LayerEvidence? _), static length => Longer(OpeningSample.Experts.Layer, length)),
        Target("opening-logits", static bytes => OpeningEncoding.TryDecode(bytes.Span, OpeningSample.Dense.Constants, out LogitsEvidence? _), static length => Longer(OpeningSample.Dense.Logits, length)),
        Target("opening-step", static bytes => OpeningEncoding.TryDecode(bytes.Span, OpeningSample.Dense.Constants.Shape, out Verathos.Fingerprint.Openings.StepOpening? _), static length => Longer(OpeningSample.Dense.Step, length)),
        Target("opening-request", static bytes => OpeningRequest.TryParse(bytes.Span, out _), Numbers),
        Signed("opening-statement", ReceiptTypes.Opening, static message => OpeningStatement.TryParse(message, TrainingSample.Key, out _, out _)),
        Target("gradient", static bytes => CompressedGradient.TryParse(bytes.Span, TrainingSample.Layout, out _, out _), static length => Longer(TrainingSample.Gradient, length)),
        Target("aggregate", static bytes => SparseAggregate.TryParse(bytes.Span, bytes.Length < 5 ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes.Span[1..]), out _), Coordinates),
        Signed("training-record", ReceiptTypes.Training, static message => TrainingRecord.TryParse(message, TrainingSample.Key, out _, out _)),
        Target("training-step", static bytes => TrainingStep.TryParse(bytes.Span, out _), Numbers),
        Target("training-opening", static bytes => Verathos.Training.Records.StepOpening.TryParse(bytes.Span, out _), Hashes),
        Target("training-chain", static bytes => ChainFile.TryParse(bytes, out _), Keysets),
        Target("round-event", static bytes => RoundEventEncoding.TryParse(bytes.Span, out _), Links),
        Target("round-journal", static bytes => TrainingSample.Opens(bytes.Span), Frames),
    ];

    /// <summary>An input that each takes.</summary>
    public static IReadOnlyDictionary<string, byte[]> Seeds() => new Dictionary<string, byte[]>
    {
        ["opening-layer"] = OpeningSample.Dense.Layer,
        ["opening-experts"] = OpeningSample.Experts.Layer,
        ["opening-logits"] = OpeningSample.Dense.Logits,
        ["opening-step"] = OpeningSample.Dense.Step,
        ["opening-request"] = new OpeningRequest(new byte[32], new byte[32], OpeningAsk.Chosen(3, 1, 2, 1, 4)).Encode(),
        ["opening-statement"] = Statement().EncodeClaims(),
        ["gradient"] = TrainingSample.Gradient,
        ["aggregate"] = TrainingSample.Aggregate,
        ["training-record"] = TrainingSample.Claims,
        ["training-step"] = TrainingSample.Step,
        ["training-opening"] = TrainingSample.Opening,
        ["training-chain"] = TrainingSample.Chain(),
        ["round-event"] = TrainingSample.Event,
        ["round-journal"] = TrainingSample.Journal(),
    };

    private static ParserTarget Target(string name, Func<ReadOnlyMemory<byte>, bool> parse, Func<int, byte[]> worst) => new(name, parse, worst) { CountsSteps = false };

    // The bytes are a message, and the claims of one that is signed, so that what reads claims sees them too.
    private static ParserTarget Signed(string name, string type, Func<byte[], bool> parse) =>
        Target(name, bytes => parse(bytes.ToArray()) | parse(CoseSign1.Sign(TrainingSample.Key, type, bytes.Span, out _)), Numbers);

    private static OpeningStatement Statement() => new()
    {
        BootId = new byte[16],
        IssuedAt = s_at,
        Nonce = new byte[32],
        KeysetDigest = new byte[32],
        RequestDigest = new byte[32],
        ReceiptDigest = new byte[32],
        Ask = OpeningAsk.Openings(0, 2),
        ContentDigest = new byte[32],
        Items = 4,
        Simulated = true,
    };

    private static byte[] Longer(byte[] start, int length) => [.. start.AsSpan(0, Math.Min(start.Length, length)), .. new byte[Math.Max(0, length - start.Length)]];

    // A map of as many small numbers as fit: {0: 0, 1: 0, ...}, four bytes each on average.
    private static byte[] Numbers(int length)
    {
        DeterministicCborMap map = new();
        for (int i = 0; i < length / 6; i++)
        {
            map.Add(i, 0UL);
        }

        return map.Encode();
    }

    private static byte[] Hashes(int length)
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(2).Bytes(TrainingSample.Step).Array(length / 34);
        for (int i = 0; i < length / 34; i++)
        {
            writer.Bytes(new byte[32]);
        }

        return writer.ToArray();
    }

    // No keyset is a keyset of none.
    private static byte[] Keysets(int length) => new DeterministicCborMap().Add(1, 1UL).Add(2, writer => Empty(writer, length)).Add(3, writer => writer.Array(0)).Encode();

    private static byte[] Links(int length) =>
        Empty(new DeterministicCborWriter().Array(7).UInt64(4).UInt64(1).Bytes(new byte[32]).Bytes(new byte[32]).Bytes([]).Bytes([]), length).ToArray();

    private static DeterministicCborWriter Empty(DeterministicCborWriter writer, int count)
    {
        writer.Array(count);
        for (int i = 0; i < count; i++)
        {
            writer.Bytes([]);
        }

        return writer;
    }

    // As many of the shortest events as fit, each with its hash.
    private static byte[] Frames(int length)
    {
        byte[] encoded = RoundEventEncoding.Encode(new RoundEvent.Closed(s_at));
        List<byte> frames = [];
        byte[] hash = new byte[32];
        while (frames.Count + 4 + encoded.Length + hash.Length <= length)
        {
            hash = SHA256.HashData([.. hash, .. encoded]);
            frames.AddRange([0, 0, 0, (byte)encoded.Length, .. encoded, .. hash]);
        }

        return [.. frames];
    }

    private static byte[] Coordinates(int length)
    {
        int count = Math.Max(1, (length - 9) / 12);
        return SparseAggregate.Encode(new Verathos.Training.SparseVector(count, [.. Enumerable.Range(0, count)], [.. Enumerable.Repeat(1.0, count)]));
    }
}
