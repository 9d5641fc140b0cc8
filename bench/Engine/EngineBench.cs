using System.Diagnostics;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Engine;

/// <summary>The engine beside llama.cpp: each round of a measure runs every contestant once on the same prompts, in an order that turns.</summary>
public static class EngineBench
{
    private const int Seed = 1;
    private const int LeastRounds = 3;
    private const int WarmUps = 4;
    private const int Context = 1024;
    private const int StoriesContext = 512;
    private const int StoriesVocabulary = 512;

    /// <summary>The names of the models.</summary>
    public static IReadOnlyList<string> Models { get; } = ["bf16", "q8_0", "stories260k"];

    /// <summary>Measures everything.</summary>
    /// <exception cref="ReferenceException">llama.cpp is not installed, or a contestant failed.</exception>
    public static async Task<EngineReport> RunAsync(EngineBenchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<EngineRow> rows = [];
        List<EngineGoal> goals = [];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-engine-");
        try
        {
            foreach (string model in Models.Where(name => options.Only.Count == 0 || options.Only.Contains(name)))
            {
                await MeasureModelAsync(options, model, folder.FullName, rows, goals, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return new EngineReport(Environment.ProcessorCount, options.Threads, NumericProfile.InstructionSet, NumericProfile.Served.Identifier, rows, goals);
    }

    private static async Task MeasureModelAsync(
        EngineBenchOptions options, string model, string folder, List<EngineRow> rows, List<EngineGoal> goals, CancellationToken cancellationToken)
    {
        bool stories = model == "stories260k";
        int context = stories ? StoriesContext : Context;
        int vocabulary = stories ? StoriesVocabulary : RandomModel.SmolLm2Shape.VocabularySize;
        string title = stories ? "stories260K" : $"random, SmolLM2-135M's shape, {model}";
        string served = $"verathos {NumericProfile.Served.Name}";
        List<EngineContestant> contestants = [];
        try
        {
            options.Progress?.Invoke($"{title}: loading");
            string path = stories ? Path.Combine(options.Models, "stories260K.gguf") : Write(model == "bf16" ? TensorType.BF16 : TensorType.Q80);
            contestants.Add(await EngineContestant.StartOwnAsync(options, served, path, context, NumericProfile.Served.Name, false, cancellationToken).ConfigureAwait(false));
            contestants.Add(await EngineContestant.StartPeerAsync(options, "llama.cpp", path, context, cancellationToken).ConfigureAwait(false));
            if (model == "bf16")
            {
                contestants.Add(await EngineContestant.StartPeerAsync(options, "llama.cpp on f16", Write(TensorType.F16), context, cancellationToken).ConfigureAwait(false));
                foreach (NumericProfile profile in (NumericProfile[])[NumericProfile.Bf16, NumericProfile.F32])
                {
                    contestants.Add(await EngineContestant.StartOwnAsync(options, $"verathos {profile.Name}", path, context, profile.Name, true, cancellationToken).ConfigureAwait(false));
                }
            }

            foreach (EngineWorkload workload in EngineWorkload.All(context))
            {
                EngineContestant[] taking = [.. contestants.Where(c => !c.PrefillOnly || workload.Measure == EngineMeasure.Prefill)];
                List<double>[] figures = await MeasureAsync(options, $"{title}, {workload.Measure}", workload, taking, vocabulary, cancellationToken).ConfigureAwait(false);
                for (int i = 0; i < taking.Length; i++)
                {
                    PairedRatio? lead = i == 0 ? null : Lead(workload.Measure, figures[0], figures[i]);
                    rows.Add(new EngineRow(title, workload.Measure, taking[i].Name, Spread.Of(figures[i]), lead));
                }

                goals.AddRange(Goals(title, stories, workload.Measure, taking, figures));
            }

            double[] peaks = [.. contestants.Where(static c => !c.PrefillOnly).Select(static c => c.PeakMegabytes)];
            for (int i = 0; i < peaks.Length; i++)
            {
                rows.Add(new EngineRow(title, EngineMeasure.PeakMemory, contestants[i].Name, Spread.Of([peaks[i]]), i == 0 ? null : PairedRatio.Of([peaks[i]], [peaks[0]])));
            }
        }
        finally
        {
            contestants.ForEach(static contestant => contestant.Dispose());
        }

        string Write(TensorType type)
        {
            string path = Path.Combine(folder, $"{type}.gguf");
            RandomGguf.Write(path, RandomModel.SmolLm2Shape, Seed, type);
            return path;
        }
    }

    internal static async Task<List<double>[]> MeasureAsync(
        EngineBenchOptions options, string title, EngineWorkload workload, EngineContestant[] contestants, int vocabulary, CancellationToken cancellationToken)
    {
        Random random = new(Seed);
        List<double>[] figures = [.. contestants.Select(static _ => new List<double>())];
        long start = Stopwatch.GetTimestamp();
        for (int round = -WarmUps; round < options.Pairs; round++)
        {
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (round >= LeastRounds && elapsed > options.Seconds)
            {
                break;
            }

            // Rounds of many seconds are warm after the first.
            round = round < 0 && elapsed > options.Seconds / WarmUps ? 0 : round;
            start = round == 0 ? Stopwatch.GetTimestamp() : start;

            options.Progress?.Invoke(round < 0 ? $"{title}: warming up" : $"{title}: round {round + 1} of {options.Pairs}");
            EngineTimes[] times = await RoundAsync(workload, contestants, workload.Prompts(random, vocabulary), round, cancellationToken).ConfigureAwait(false);

            // An answer that met the end of a text says nothing; other prompts take its place.
            for (int attempt = 0; attempt < 10 && !times.All(workload.IsWhole); attempt++)
            {
                times = await RoundAsync(workload, contestants, workload.Prompts(random, vocabulary), round, cancellationToken).ConfigureAwait(false);
            }

            for (int i = 0; round >= 0 && i < times.Length; i++)
            {
                figures[i].Add(workload.Figure(times[i]));
            }
        }

        return figures;
    }

    private static async Task<EngineTimes[]> RoundAsync(EngineWorkload workload, EngineContestant[] contestants, int[][] prompts, int round, CancellationToken cancellationToken)
    {
        EngineTimes[] times = new EngineTimes[contestants.Length];
        for (int i = 0; i < contestants.Length; i++)
        {
            int turn = (i + round + WarmUps) % contestants.Length;
            times[turn] = await contestants[turn].RunAsync(prompts, workload.Tokens, cancellationToken).ConfigureAwait(false);
        }

        return times;
    }

    internal static PairedRatio Lead(EngineMeasure measure, List<double> served, List<double> other) =>
        measure is EngineMeasure.FirstToken or EngineMeasure.PeakMemory or EngineMeasure.DeviceMemory ? PairedRatio.Of(other, served) : PairedRatio.Of(served, other);

    private static IEnumerable<EngineGoal> Goals(string title, bool stories, EngineMeasure measure, EngineContestant[] contestants, List<double>[] figures)
    {
        if (!stories && measure is (EngineMeasure.Prefill or EngineMeasure.Decode or EngineMeasure.At8))
        {
            double required = measure == EngineMeasure.At8 ? 1.5 : 1;
            yield return new EngineGoal(title, $"{contestants[0].Name} over llama.cpp, {measure}", required, PairedRatio.Of(figures[0], figures[1]));
        }

        (EngineContestant, List<double>)[] fast = [.. contestants.Zip(figures).Where(static c => c.First.PrefillOnly)];
        if (fast.Length > 0)
        {
            (EngineContestant best, List<double> bestFigures) = fast.Append((contestants[0], figures[0])).MaxBy(static f => Spread.Of(f.Item2).Median);
            yield return new EngineGoal(title, $"the fastest profile ({best.Name}) over llama.cpp, {measure}", 1.5, PairedRatio.Of(bestFigures, figures[1]));
        }
    }
}
