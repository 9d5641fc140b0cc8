using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>
/// Measures what honest nodes of the served profile show of one model under several conditions, and makes its limits and likelihood
/// tables. What is measured here holds for this model and these profiles and nowhere else.
/// </summary>
public static class Calibration
{
    /// <summary>The chance that one honest product fails by its residual, at most.</summary>
    public const double Chance = 1e-13;

    // Above the greatest kappa that was measured; rounding to nearest alone never gives more than 3.
    private const double Room = 1.25;
    private const double MostKappa = 3.05;
    private const int TableVersion = 1;
    private static readonly int[] s_cheatLevels = [127, 7];

    /// <summary>Measures a model.</summary>
    /// <param name="path">As for <see cref="ReplayModel.Open(string, LoadOptions, IProgress{LoadProgress}?, CancellationToken)"/>.</param>
    /// <param name="options">How much.</param>
    /// <param name="progress">Told what is measured and how many of how many steps are done.</param>
    /// <param name="stop">Ends the run between answers.</param>
    /// <exception cref="InvalidOperationException">An honest opening was rejected, or an exact replay was not exact: this machine or build does not compute the served profile.</exception>
    /// <exception cref="NotSupportedException">The model's openings cannot be judged.</exception>
    public static CalibrationResult Run(string path, CalibrationOptions options, Action<string, int, int>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Run(() => ReplayModel.OpenSource(path, stop), path, !path.StartsWith("random", StringComparison.Ordinal), options, progress, stop);
    }

    /// <summary>Measures a model whose source can be opened again and again.</summary>
    internal static CalibrationResult Run(Func<ModelSource> open, string name, bool natural, CalibrationOptions options, Action<string, int, int>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        int context = options.PromptTokens + options.AnswerTokens;
        LoadOptions load = options.Load with { Profile = NumericProfile.Served, MaxContext = context, Threads = 1 };
        using ReplayModel served = ReplayModel.Open(open(), name, load, null, stop);
        using ReplayModel? reference = options.Reference ? ReplayModel.Open(open(), name, load with { Profile = NumericProfile.F32 }, null, stop) : null;
        if (served.Config.Experts is not null)
        {
            throw new NotSupportedException("limits of models with experts cannot be measured: their passes are not recorded");
        }

        int honestAnswers = HonestCondition.All.Count * options.Answers;
        int done = 0;
        void Step(string what, int of) => progress?.Invoke(what, ++done, of);

        // Every answer is seen once by each replaying profile.
        ReplayModel[] seen = reference is null ? [served] : [served, reference];
        List<ReplayNoise[]> honest = [];
        List<RecordedAnswer> kept = [];
        foreach (HonestCondition condition in HonestCondition.All)
        {
            ReplayNoise[] noise = [.. seen.Select(static _ => new ReplayNoise())];
            foreach (RecordedAnswer answer in Answers(served.Source, options, condition, natural, stop))
            {
                for (int i = 0; i < seen.Length; i++)
                {
                    noise[i].Add(seen[i], answer);
                }

                kept.Add(answer);
                Step("honest answers", honestAnswers);
            }

            honest.Add(noise);
        }

        // What tables weigh against: weights near the honest ones, weights far from them, and other draws, all alike.
        done = 0;
        List<ReplayNoise[]> cheats = [];
        foreach (int levels in s_cheatLevels)
        {
            ReplayNoise[] cheat = [.. seen.Select(static _ => new ReplayNoise())];
            using ModelSource rounded = open();
            foreach (StoredTensor tensor in WeightRounding.Matrices(rounded))
            {
                WeightRounding.Round(tensor, levels, 32);
            }

            foreach (RecordedAnswer answer in Answers(rounded, options, HonestCondition.All[0], natural, stop))
            {
                for (int i = 0; i < seen.Length; i++)
                {
                    cheat[i].Add(seen[i], answer);
                }

                Step("answers from rounded weights", s_cheatLevels.Length * options.Answers);
            }

            cheats.Add(cheat);
        }

        ReplayNoise[] draws = [.. seen.Select(static _ => new ReplayNoise())];
        foreach (RecordedAnswer answer in kept.Take(options.Answers))
        {
            // As if another seed had been asked for.
            DrawnToken told = answer.Drawn with { Seed = SamplingSeed.Derive(answer.Task.ClientSeed + 1, answer.Task.ClientNonce) };
            for (int i = 0; i < seen.Length; i++)
            {
                draws[i].Add(seen[i], answer, told);
            }
        }

        string root = Convert.ToHexStringLower(served.Manifest.Root);
        List<MatrixKappa> kappas = KappaMeasure.Run(served, kept, options, progress, stop);
        LayerLimits layer = new([.. kappas.Take(LayerKey.Matrices).Select(static kappa => new MatrixLimits((long)Math.Ceiling(kappa.Limit * 1000), 0))], 0);
        MatrixLimits logits = new((long)Math.Ceiling(kappas[^1].Limit * 1000), 0);
        ModelLimits[] limits = [.. seen.Select((model, i) => Limits(root, model, [.. honest.Select(noise => noise[i])], layer, logits))];
        (long openings, long alarms) = JudgeHonest(served, kept, layer, logits, options.Seed);
        if (alarms > 0)
        {
            throw new InvalidOperationException($"{alarms} of {openings} honest openings were rejected: this build does not compute {NumericProfile.Served}");
        }

        LikelihoodTable[] tables = [.. seen.SelectMany((_, i) => Tables(root, limits[i], [.. honest.Select(noise => noise[i])], [.. cheats.Select(noise => noise[i])], draws[i]))];
        return new CalibrationResult(served.Manifest.Name, root, limits, tables, kappas, openings, alarms);
    }

    /// <summary>A residual's limit by the greatest kappa measured.</summary>
    internal static double ResidualLimit(double kappa, bool rounded) =>
        ResidualTail.Limit(rounded ? Math.Min(MostKappa, Math.Max(1, kappa) * Room) : 2 * kappa, Chance);

    private static IEnumerable<RecordedAnswer> Answers(ModelSource source, CalibrationOptions options, HonestCondition condition, bool natural, CancellationToken stop)
    {
        using Lane16Backend backend = new(source, NumericProfile.Bf16Lane16, options.PromptTokens + options.AnswerTokens, condition.Threads);
        TaskSource tasks = new(backend, options.Seed, options.PromptTokens, options.AnswerTokens, natural);
        RecordingNode node = new(backend);
        int first = condition.Threads * 1000 + (condition.AtOnce * 100_000);
        for (int at = 0; at < options.Answers; at += condition.AtOnce)
        {
            stop.ThrowIfCancellationRequested();
            AnswerTask[] together = [.. Enumerable.Range(at, Math.Min(condition.AtOnce, options.Answers - at)).Select(i => tasks.Make(first + i) with { WithInputs = true })];
            foreach (RecordedAnswer answer in node.Answer(together))
            {
                yield return answer;
            }
        }
    }

    private static ModelLimits Limits(string root, ReplayModel model, ReplayNoise[] honest, LayerLimits layer, MatrixLimits logits)
    {
        ToplocComparison[] toploc = [.. honest.SelectMany(static noise => noise.Toploc)];
        bool isExact = toploc.All(static one => one is { ExponentMismatches: 0, MantissaSum: 0 })
            && honest.All(static noise => noise.Sketches.Values.All(static list => list.TrueForAll(static one => one.RelativeSquare == 0)) && noise.Margins.TrueForAll(static margin => margin == 0));
        if (honest.Any(static noise => noise.Malformed > 0) || (model.IsExact && !isExact))
        {
            throw new InvalidOperationException($"a replay in {model.Profile} of an honest answer did not give its bits: this build does not compute {NumericProfile.Served}");
        }

        // Half as much again as the worst that was seen, and twice for squares.
        ToplocLimits toplocLimits = model.IsExact
            ? new ToplocLimits(0, 0, 0)
            : new ToplocLimits(
                toploc.Max(static one => one.ExponentMismatches) * 3 / 2 + 1,
                (int)Math.Ceiling(toploc.Max(static one => one.MantissaMean) * 150),
                toploc.Max(static one => one.MantissaMedianTwice) * 3 / 2 + 1);
        Dictionary<int, long> sketches = honest.SelectMany(static noise => noise.Sketches).GroupBy(static pair => pair.Key)
            .ToDictionary(static depth => depth.Key, static depth => (long)Math.Ceiling(depth.SelectMany(static pair => pair.Value).Max(static one => one.RelativeSquare) * 2e9));
        return new ModelLimits(root, model.SeenProfile, toplocLimits, new SketchLimits(sketches), layer, logits, ReplayNoise.Rules);
    }

    private static IEnumerable<LikelihoodTable> Tables(string root, ModelLimits limits, ReplayNoise[] honest, ReplayNoise[] cheats, ReplayNoise draws)
    {
        IEnumerable<string> tests = [TestOutcomes.Toploc, .. limits.Sketches.Billionths.Keys.Order().Select(TestOutcomes.Sketch), TestOutcomes.Margin];
        foreach (string test in tests)
        {
            // Other draws change nothing but margins.
            IEnumerable<ReplayNoise> against = test == TestOutcomes.Margin ? [.. cheats, draws] : cheats;
            long[] counts = [.. against.Select(noise => noise.Count(test, limits)).Aggregate(static (sum, more) => [.. sum.Zip(more, static (a, b) => a + b)])];
            yield return LikelihoodTable.FromCounts(TableVersion, root, limits.Profile, test, [.. honest.Select(noise => noise.Count(test, limits))], counts, ordered: true);
        }
    }

    private static (long Openings, long Alarms) JudgeHonest(ReplayModel model, List<RecordedAnswer> answers, LayerLimits layer, MatrixLimits logits, int seed)
    {
        OpeningTally tally = new(model.Keys, layer, logits);
        using KeySet keys = new(model.Keys);
        Random random = new(seed);
        answers.ForEach(answer => tally.Add(answer, keys, random));
        return (tally.Layers + tally.Logits, tally.Alarms.Values.Sum());
    }
}
