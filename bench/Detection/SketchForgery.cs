using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>
/// Forges sketches without computing layers. The forger knows the signs, which follow from the client's nonce; it lacks the streams.
/// Each try is under a nonce of its own, against the sketch of streams that an honest node computed.
/// </summary>
internal static class SketchForgery
{
    private const int TrainingAnswers = 24;
    private const int TestAnswers = 16;
    private const double Penalty = 1e-4;

    // Of wide models the token alone is a feature, of narrow ones the token before it as well.
    private const int WideHidden = 256;

    private static readonly string[] s_kinds = ["zeros", "constant", "copied sketch", "copied streams", "mean stream", "ridge regression"];

    public static IReadOnlyList<ForgeryRow> Run(AttackContext context, long tries, Action<string, int, int>? progress)
    {
        TraceShape shape = context.Exact.Shape;
        int[] depths = SketchPlan.Depths(shape.Layers);
        int training = context.Exact.Config.HiddenSize > WideHidden ? 4 : TrainingAnswers;
        int testing = context.Exact.Config.HiddenSize > WideHidden ? 2 : TestAnswers;
        TaskSource tasks = new(context.Honest, context.Seed + 2_000_000, context.PromptTokens, context.AnswerTokens, context.Natural);
        RecordingNode node = new(context.Honest);
        RecordedAnswer[] answers = [.. Enumerable.Range(0, training + testing).Select(i => node.Answer(tasks.Make(i))[0])];
        List<Chunk>[] chunks = [.. depths.Select(depth => Chunks(context, answers[training..], depth))];
        List<Chunk>[] forged = [.. depths.Select((depth, i) => Predict(context, answers[..training], chunks[i], depth))];
        float[][] means = [.. depths.Select(depth => Mean(context, answers[..training], depth))];
        (long Tried, long Passed, double Nearest)[,] counts = new (long, long, double)[s_kinds.Length, depths.Length];
        for (int k = 0; k < s_kinds.Length; k++)
        {
            for (int d = 0; d < depths.Length; d++)
            {
                counts[k, d].Nearest = double.PositiveInfinity;
            }
        }

        SketchLimits limits = context.Limits[^1].Sketches;
        Random random = new(context.Seed);
        byte[] last = new byte[SketchPlan.Size];
        byte[] nonce = new byte[32];
        long rounds = (tries + s_kinds.Length - 1) / s_kinds.Length;
        for (long round = 0; round < rounds; round++)
        {
            context.Stop.ThrowIfCancellationRequested();
            random.NextBytes(nonce);
            byte[] seed = SketchPlan.DeriveSeed(nonce);
            int d = (int)(round % depths.Length);
            int at = random.Next(chunks[d].Count);
            Chunk own = chunks[d][at];
            byte[] mine = Sketch(seed, depths[d], own.Number, own.Streams);
            byte[] constant = new byte[SketchPlan.Size];
            for (int i = 0; i < SketchPlan.Coordinates; i++)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(constant.AsSpan(4 * i), MathF.Sqrt(own.Energy));
            }

            // As many tokens of another answer, and the mean as often.
            Chunk other = chunks[d][(at + 1 + random.Next(chunks[d].Count - 1)) % chunks[d].Count];
            float[][] copied = [.. own.Streams.Select((_, i) => other.Streams[i % other.Streams.Length])];
            float[][] mean = [.. own.Streams.Select(_ => means[d])];
            byte[][] made =
            [
                new byte[SketchPlan.Size], constant, last, Sketch(seed, depths[d], own.Number, copied), Sketch(seed, depths[d], own.Number, mean), Sketch(seed, depths[d], own.Number, forged[d][at].Streams),
            ];
            for (int k = 0; k < made.Length; k++)
            {
                SketchComparison comparison = SketchComparison.Of(made[k], mine);
                counts[k, d].Tried++;
                counts[k, d].Passed += limits.Accepts(depths[d], comparison) ? 1 : 0;
                counts[k, d].Nearest = Math.Min(counts[k, d].Nearest, comparison.RelativeSquare);
            }

            last = mine;
            if (round % 1000 == 0 || round == rounds - 1)
            {
                progress?.Invoke("forged sketches, thousands", (int)((round + 1) * s_kinds.Length / 1000), (int)Math.Max(1, tries / 1000));
            }
        }

        return [.. s_kinds.SelectMany((kind, k) => depths.Select((depth, d) =>
            new ForgeryRow(kind, depth, counts[k, d].Tried, counts[k, d].Passed, counts[k, d].Nearest, limits.Billionths[depth] / 1e9)))];
    }

    private static byte[] Sketch(byte[] seed, int depth, int chunk, float[][] streams)
    {
        using SketchBuilder builder = new(seed, depth, chunk);
        foreach (float[] stream in streams)
        {
            builder.Add(stream);
        }

        byte[] sketch = new byte[SketchPlan.Size];
        builder.Write(sketch);
        return sketch;
    }

    private static float[] Stream(AttackContext context, RecordedAnswer answer, int position, int depth) =>
        answer.Step(position).Stream(Embedding(context, answer.Ids[position]), depth, context.Exact.Shape);

    private static float[] Embedding(AttackContext context, int id) => Array.ConvertAll(context.Rows.Open(false, id).Weights, BFloat16.Round);

    private static List<Chunk> Chunks(AttackContext context, RecordedAnswer[] answers, int depth)
    {
        List<Chunk> chunks = [];
        foreach (RecordedAnswer answer in answers)
        {
            using AnswerProofs numbers = new(context.Exact.Shape.Layers, answer.PromptTokens, new byte[SketchPlan.SeedSize]);
            foreach (IGrouping<int, int> chunk in Enumerable.Range(0, answer.StepHashes.Count).GroupBy(numbers.ChunkOf))
            {
                float[][] streams = [.. chunk.Select(position => Stream(context, answer, position, depth))];
                chunks.Add(new Chunk(chunk.Key, streams, streams.Sum(static s => s.Sum(static x => x * x)), answer, [.. chunk]));
            }
        }

        return chunks;
    }

    private static List<Chunk> Predict(AttackContext context, RecordedAnswer[] training, List<Chunk> chunks, int depth)
    {
        List<double[]> features = [], targets = [];
        foreach (RecordedAnswer answer in training)
        {
            for (int position = 0; position < answer.StepHashes.Count; position++)
            {
                features.Add(Features(context, answer, position));
                targets.Add(Array.ConvertAll(Stream(context, answer, position, depth), static x => (double)x));
            }
        }

        RidgeRegression fit = RidgeRegression.Fit(features, targets, Penalty);
        return [.. chunks.Select(chunk => chunk with { Streams = [.. chunk.Positions.Select(position => fit.Predict(Features(context, chunk.Answer, position)))] })];
    }

    private static float[] Mean(AttackContext context, RecordedAnswer[] training, int depth)
    {
        float[] mean = new float[context.Exact.Config.HiddenSize];
        int count = 0;
        foreach (RecordedAnswer answer in training)
        {
            for (int position = 0; position < answer.StepHashes.Count; position++, count++)
            {
                float[] stream = Stream(context, answer, position, depth);
                for (int i = 0; i < mean.Length; i++)
                {
                    mean[i] += stream[i];
                }
            }
        }

        return Array.ConvertAll(mean, sum => sum / count);
    }

    private static double[] Features(AttackContext context, RecordedAnswer answer, int position)
    {
        IEnumerable<double> own = Embedding(context, answer.Ids[position]).Select(static x => (double)x);
        return context.Exact.Config.HiddenSize > WideHidden || position == 0
            ? [1, .. own, .. context.Exact.Config.HiddenSize > WideHidden ? [] : new double[context.Exact.Config.HiddenSize]]
            : [1, .. own, .. Embedding(context, answer.Ids[position - 1]).Select(static x => (double)x)];
    }

    private sealed record Chunk(int Number, float[][] Streams, float Energy, RecordedAnswer Answer, int[] Positions);
}
