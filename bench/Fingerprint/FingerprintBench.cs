using System.Diagnostics;
using Verathos.Bench.Statistics;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;
using Verathos.Fingerprint.Trace;

namespace Verathos.Bench.Fingerprint;

/// <summary>Times what a node pays for its fingerprints, and what a validator pays to judge them.</summary>
public static class FingerprintBench
{
    // Code is optimised after thirty calls and a pause of a tenth of a second in which nothing new is called.
    private const int WarmRuns = 60;
    private static readonly TimeSpan s_warmTime = TimeSpan.FromMilliseconds(700);

    /// <summary>Measures everything.</summary>
    /// <param name="options">What is measured.</param>
    /// <param name="stop">Ends the run between measurements.</param>
    public static FingerprintReport Run(FingerprintOptions options, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<FingerprintRow> rows = [];
        Func<FingerprintRow>[] work =
        [
            () => new CommitBench(BenchShape.SmolLm2, 1, isPrompt: false).Measure("commit a step", options.Count, stop),
            () => new CommitBench(BenchShape.SmolLm2, 8, isPrompt: false).Measure("commit a step of each of eight answers, for each", options.Count, stop),
            () => new CommitBench(BenchShape.SmolLm2, 256, isPrompt: true).Measure("commit a prompt of 256 positions, for each", options.Count, stop),
            () => new CommitBench(BenchShape.EightBillion, 1, isPrompt: false).Measure("commit a step", options.Count, stop),
            () => Sketch(BenchShape.SmolLm2, options.Count, stop),
            () => Toploc(BenchShape.SmolLm2, options.Count, stop),
            () => JudgeLayer(BenchShape.SmolLm2, options.Count, stop),
            () => JudgeLayer(BenchShape.EightBillion, options.Count, stop),
            () => JudgeLogits(BenchShape.SmolLm2, options.Count, stop),
            () => Attend(BenchShape.EightBillion, 8192, options.Count, stop),
        ];
        for (int i = 0; i < work.Length; i++)
        {
            rows.Add(work[i]());
            options.Progress?.Invoke(i + 1, work.Length);
        }

        IReadOnlyList<TraceOverhead> overheads = options.Pairs > 0 ? TracedGeneration.Run(options.Pairs, options.Threads, stop) : [];
        return new FingerprintReport(rows, [.. new[] { BenchShape.Stories, BenchShape.SmolLm2, BenchShape.EightBillion, BenchShape.Mixtral, BenchShape.QwenExperts }.Select(static shape => shape.Size())], overheads);
    }

    private static FingerprintRow Sketch(BenchShape model, int count, CancellationToken stop)
    {
        int[] depths = SketchPlan.Depths(model.Trace.Layers);
        SketchBuilder[] builders = [.. depths.Select(depth => new SketchBuilder(new byte[32], depth, 1))];
        float[] row = Row(model.Trace.HiddenSize, 1);

        // Signs are made for some tokens at once, so that one alone says little.
        const int tokens = 32;
        Spread all = Time(
            count,
            () =>
            {
                for (int token = 0; token < tokens; token++)
                {
                    Array.ForEach(builders, builder => builder.Add(row));
                }
            },
            stop);
        FingerprintRow result = new(
            $"sketch {tokens} tokens at {depths.Length} depths, for each", model.Name, 4L * row.Length * depths.Length,
            new Spread(all.Count, all.Minimum / tokens, all.Median / tokens, all.P99 / tokens, all.Maximum / tokens));
        Array.ForEach(builders, builder => builder.Dispose());
        return result;
    }

    private static FingerprintRow Toploc(BenchShape model, int count, CancellationToken stop)
    {
        ushort[][] rows = [.. Enumerable.Range(0, 32).Select(i => Array.ConvertAll(Row(model.Trace.HiddenSize, i), BFloat16.FromSingle))];
        return new FingerprintRow("TOPLOC proof of 32 tokens", model.Name, 64L * model.Trace.HiddenSize, Time(count, () =>
        {
            TopActivations top = new();
            Array.ForEach(rows, row => top.Add(row));
            ToplocProof.Create(top);
        }, stop));
    }

    private static FingerprintRow JudgeLayer(BenchShape model, int count, CancellationToken stop)
    {
        MatrixKey[] keys = [.. model.Matrices().Select(m => Key(m.Rows, m.Columns, MatrixKey.SecretRowsFor(model.Trace.HiddenSize), stop))];
        float[][] inputs = [.. keys.Select((key, i) => Row(key.Columns, i))];
        float[][] outputs = [.. keys.Select((key, i) => Row(key.Rows, i + 100))];
        FingerprintRow result = new("judge a layer's seven matrices", model.Name, keys.Sum(key => key.EncodedSize), Time(count, () =>
        {
            for (int i = 0; i < keys.Length; i++)
            {
                keys[i].Judge(inputs[i], outputs[i]);
            }
        }, stop));
        Array.ForEach(keys, key => key.Dispose());
        return result;
    }

    private static FingerprintRow JudgeLogits(BenchShape model, int count, CancellationToken stop)
    {
        using MatrixKey key = Key(model.Trace.VocabularySize, model.Trace.HiddenSize, MatrixKey.SecretRowsFor(model.Trace.HiddenSize), stop);
        (float[] input, float[] output) = (Row(key.Columns, 1), Row(key.Rows, 2));
        return new FingerprintRow("judge a row of logits", model.Name, key.EncodedSize, Time(count, () => key.Judge(input, output, rounded: false), stop));
    }

    private static FingerprintRow Attend(BenchShape model, int positions, int count, CancellationToken stop)
    {
        int width = model.Trace.HeadSize;
        ushort[] rows = Array.ConvertAll(Row(positions * width, 1), BFloat16.FromSingle);
        (float[] query, float[] mixed, byte[] link) = (Row(width, 2), new float[width], new byte[TraceHash.Size]);
        return new FingerprintRow($"judge an attention head over {positions} positions", model.Name, 4L * rows.Length, Time(count, () =>
        {
            for (int at = 0; at < rows.Length; at += width)
            {
                TraceHash.Link(link, rows.AsSpan(at, width), rows.AsSpan(at, width), link);
            }

            Lane16Math.Attend(query, rows, rows, mixed);
        }, stop));
    }

    private static MatrixKey Key(int rows, int columns, int secretRows, CancellationToken stop)
    {
        using MatrixKeyBuilder builder = new("bench", rows, columns, secretRows);
        float[] weights = Row(2 * columns, 7);
        for (int row = 0; row < rows; row++)
        {
            stop.ThrowIfCancellationRequested();
            builder.AddRow(weights.AsSpan(row % columns, columns));
        }

        return builder.Build();
    }

    /// <summary>Times an operation after the runtime has had the time to optimise it.</summary>
    /// <param name="count">Measurements.</param>
    /// <param name="action">The operation.</param>
    /// <param name="stop">Ends the run between measurements.</param>
    internal static Spread Time(int count, Action action, CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < WarmRuns || Stopwatch.GetElapsedTime(began) < s_warmTime; i++)
        {
            stop.ThrowIfCancellationRequested();
            action();
        }

        List<double> times = [];
        for (int i = 0; i < count; i++)
        {
            stop.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return Spread.Of(times);
    }

    /// <summary>Numbers that matter to nobody but must not be special.</summary>
    internal static float[] Row(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => BFloat16.Round((float)(random.NextDouble() - 0.5)))];
    }
}
