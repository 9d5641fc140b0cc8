using System.Collections.Immutable;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Training.Ratings;

namespace Verathos.Training.Judging;

/// <summary>
/// What a judge remembers from round to round. It does not change: each judged round has a new one. Saved and restored it goes on to the same
/// bits. It names held-out documents, so it is the validator's own and is shown to nobody.
/// </summary>
public sealed class JudgeState
{
    private const string Label = "verathos.judge.v1";
    private const int MostEntries = 1 << 24;

    internal JudgeState(ulong? round, SparseVector? previous, ImmutableSortedDictionary<WorkerKey, WorkerScore> scores, ImmutableArray<KnownLoss> exact, ReadOnlyMemory<byte> model) =>
        (Round, Previous, Scores, Exact, Model) = (round, previous, scores, exact, model);

    /// <summary>Before the first round.</summary>
    public static JudgeState Initial { get; } = new(null, null, ImmutableSortedDictionary<WorkerKey, WorkerScore>.Empty, [], ReadOnlyMemory<byte>.Empty);

    /// <summary>The round judged last; null before the first.</summary>
    public ulong? Round { get; }

    /// <summary>That round's aggregate; null before the first.</summary>
    public SparseVector? Previous { get; }

    /// <summary>Every worker's score, in the order of the keys.</summary>
    public IReadOnlyDictionary<WorkerKey, WorkerScore> Scores { get; }

    /// <summary>Losses of held-out documents at the model that the last round came to.</summary>
    internal ImmutableArray<KnownLoss> Exact { get; }

    /// <summary>SHA-256 of that model's weights; empty where no loss is known.</summary>
    internal ReadOnlyMemory<byte> Model { get; }

    /// <summary>The same after a round that another judge's word ended: scores and what is known of losses stay, the aggregate is the one that counted.</summary>
    /// <param name="round">The round.</param>
    /// <param name="aggregate">Its aggregate.</param>
    public JudgeState After(ulong round, SparseVector aggregate)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        return new JudgeState(round, aggregate, (ImmutableSortedDictionary<WorkerKey, WorkerScore>)Scores, Exact, Model);
    }

    /// <summary>All of it, with a digest against damage: deterministic CBOR, numbers in binary64 as their 64 bits.</summary>
    public byte[] Save()
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(6).Text(Label);
        _ = Round is { } round ? writer.UInt64(round) : writer.Null();
        if (Previous is null)
        {
            writer.Null();
        }
        else
        {
            writer.Array(3).UInt64((ulong)Previous.Dimension).Bytes(Pack(Previous.Indices)).Bytes(Pack(Previous.Values));
        }

        writer.Array(Scores.Count);
        foreach ((WorkerKey worker, WorkerScore score) in Scores)
        {
            writer.Array(3).Bytes(worker.Bytes).Bytes(Pack([score.Rating.Mu, score.Rating.Sigma, score.Gap.Value])).UInt64((ulong)score.StepsBehind);
        }

        writer.Bytes(Model.Span).Array(3)
            .Bytes(Pack([.. Exact.Select(known => known.Document)])).Bytes(Pack([.. Exact.Select(known => known.Loss.Sum)])).Bytes(Pack([.. Exact.Select(known => known.Loss.Tokens)]));
        byte[] body = writer.ToArray();
        return [.. SHA256.HashData(body), .. body];
    }

    /// <summary>Reads what was saved.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of another kind.</exception>
    public static JudgeState Restore(ReadOnlySpan<byte> saved)
    {
        if (saved.Length < SHA256.HashSizeInBytes || !SHA256.HashData(saved[SHA256.HashSizeInBytes..]).AsSpan().SequenceEqual(saved[..SHA256.HashSizeInBytes]))
        {
            throw new InvalidDataException("the judge's state is damaged: its digest is another");
        }

        DeterministicCborReader reader = new(saved[SHA256.HashSizeInBytes..]);
        ulong? round = null;
        SparseVector? previous = null;
        bool good = reader.TryReadArray(out int parts) && parts == 6 && reader.TryReadText(out string label) && label == Label;
        if (good && !reader.TryReadNull())
        {
            good = reader.TryReadUInt64(out ulong last);
            round = last;
        }

        if (good && !reader.TryReadNull())
        {
            good = reader.TryReadArray(out int of) && of == 3 && reader.TryReadUInt64(out ulong dimension) && dimension <= int.MaxValue
                & reader.TryReadBytes(out ReadOnlySpan<byte> indices) & reader.TryReadBytes(out ReadOnlySpan<byte> values)
                && TryVector((int)dimension, indices, values, out previous);
        }

        ImmutableSortedDictionary<WorkerKey, WorkerScore>.Builder scores = ImmutableSortedDictionary.CreateBuilder<WorkerKey, WorkerScore>();
        int workers = 0;
        good = good && reader.TryReadArray(out workers) && workers <= MostEntries;
        for (int i = 0; i < workers && good; i++)
        {
            good = reader.TryReadArray(out int of) && of == 3 && reader.TryReadBytes(WorkerKey.Length, out byte[] key) & reader.TryReadBytes(24, out byte[] numbers)
                & reader.TryReadUInt64(out ulong behind) && behind <= int.MaxValue && Unpack(numbers) is [double mu, double sigma, double gap]
                && double.IsFinite(mu) && double.IsFinite(sigma) && gap is >= -1 and <= 1
                && scores.TryAdd(new WorkerKey(key), new WorkerScore(new SkillRating(mu, sigma), new GapAverage(gap), (int)behind));
        }

        ReadOnlySpan<byte> model = default, documents = default, sums = default, tokens = default;
        good = good && reader.TryReadBytes(out model) && model.Length is 0 or SHA256.HashSizeInBytes && reader.TryReadArray(out int lists) && lists == 3
            && reader.TryReadBytes(out documents) && reader.TryReadBytes(out sums) && reader.TryReadBytes(out tokens)
            && reader.AtEnd && documents.Length % 4 == 0 && sums.Length == 2 * documents.Length && tokens.Length == documents.Length;
        if (!good)
        {
            throw new InvalidDataException("the judge's state is not one that was saved");
        }

        int[] numbersOfDocuments = UnpackIntegers(documents);
        double[] losses = Unpack(sums);
        int[] counts = UnpackIntegers(tokens);
        return new JudgeState(round, previous, scores.ToImmutable(), [.. numbersOfDocuments.Select((document, i) => new KnownLoss(document, new DocumentLoss(losses[i], counts[i])))], model.ToArray());
    }

    private static bool TryVector(int dimension, ReadOnlySpan<byte> indices, ReadOnlySpan<byte> values, out SparseVector? vector)
    {
        vector = null;
        if (indices.Length % 4 != 0 || values.Length != 2 * indices.Length)
        {
            return false;
        }

        try
        {
            vector = new SparseVector(dimension, UnpackIntegers(indices), Unpack(values));
        }
        catch (ArgumentException)
        {
            return false;
        }

        return true;
    }

    private static byte[] Pack(ReadOnlySpan<int> values)
    {
        byte[] packed = new byte[4 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(packed.AsSpan(4 * i), values[i]);
        }

        return packed;
    }

    private static byte[] Pack(ReadOnlySpan<double> values)
    {
        byte[] packed = new byte[8 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteDoubleBigEndian(packed.AsSpan(8 * i), values[i]);
        }

        return packed;
    }

    private static int[] UnpackIntegers(ReadOnlySpan<byte> packed)
    {
        int[] values = new int[packed.Length / 4];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(packed[(4 * i)..]);
        }

        return values;
    }

    private static double[] Unpack(ReadOnlySpan<byte> packed)
    {
        double[] values = new double[packed.Length / 8];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = System.Buffers.Binary.BinaryPrimitives.ReadDoubleBigEndian(packed[(8 * i)..]);
        }

        return values;
    }
}
