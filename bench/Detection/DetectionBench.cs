using Verathos.Bench.Detection.Attacks;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.Bench.Detection;

/// <summary>
/// What fingerprints see of nodes that compute something else, and that they see nothing of honest ones. Attacks change the running
/// model, its draws or its receipts; nothing touches a proof after it was computed.
/// </summary>
public static class DetectionBench
{
    /// <summary>Names that <see cref="DetectionOptions.Attacks"/> takes, with what they mean.</summary>
    public static IReadOnlyList<(string Name, string Description)> AttackNames { get; } =
        [.. AttackList.All.Select(static attack => (attack.Name, attack.Description)), ("forged-sketches", "sketches made without the layers"), ("grinding", "the best of many receipts signed"), ("tolerance", "the largest perturbation that passes")];

    /// <summary>Measures one model.</summary>
    /// <param name="options">What.</param>
    /// <param name="stop">Ends the run between answers.</param>
    public static DetectionReport Run(DetectionOptions options, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        DetectionSize size = DetectionSize.Of(options);
        CalibrationResult calibration = Calibration.Run(options.Model, size.Calibration(options.Seed), options.Progress, stop);
        using AttackContext context = new(
            () => ReplayModel.OpenSource(options.Model, stop), options.Model, size.Natural, options.Seed, size.Answers, size.PromptTokens, size.AnswerTokens, calibration.Limits, stop);
        List<AttackReport> attacks = [];
        OpeningCounts honest = new(context);
        Attack[] chosen = [.. AttackList.All.Where(attack => options.Attacks.Count == 0 || options.Attacks.Contains(attack.Name))];
        attacks.Add(Run(context, new Attack("none", "an honest node", AttackList.Honest), size, calibration, honest));
        for (int i = 0; i < chosen.Length; i++)
        {
            stop.ThrowIfCancellationRequested();
            if (chosen[i].Base is { } make)
            {
                using AttackContext own = make(context);
                attacks.Add(Run(own, chosen[i], size, null, new OpeningCounts(own)));
            }
            else
            {
                attacks.Add(Run(context, chosen[i], size, calibration, new OpeningCounts(context)));
            }

            options.Progress?.Invoke("attacks", i + 1, chosen.Length);
        }

        bool Wants(string name) => options.Attacks.Count == 0 || options.Attacks.Contains(name);
        DetectionReport report = new()
        {
            Model = calibration.Model,
            Argument = Path.GetFileName(options.Model),
            Overhead = DetectionOverhead.Run(context),
            ManifestRoot = calibration.ManifestRoot,
            Profile = NumericProfile.Served.Identifier,
            Seed = options.Seed,
            Shape = $"{context.Exact.Config.Layers} layers, hidden {context.Exact.Config.HiddenSize}, vocabulary {context.Exact.Config.VocabularySize}",
            OpeningsPerAnswer = size.OpeningsPerAnswer,
            Tokens = $"prompts of {size.PromptTokens}, answers of {size.AnswerTokens} tokens",
            Calibration = calibration,
            Attacks = attacks,
            OpeningBytes = new OpeningSizes(honest.LayerBytes / (double)honest.Openings, honest.LogitsBytes / (double)honest.Openings),
            Forgeries = Wants("forged-sketches") ? SketchForgery.Run(context, size.Forgeries, options.Progress) : [],
            Grinding = Wants("grinding") ? CoinGrinding.Run(context) : null,
            Tolerance = Wants("tolerance") ? ToleranceSearch.Run(context, options.Progress) : [],
            Honest = options.Attacks.Count == 0 ? HonestRuns.Run(context, size, options) : null,
        };
        return report with { Failures = DetectionGoals.Find(report) };
    }

    private static AttackReport Run(AttackContext context, Attack attack, DetectionSize size, CalibrationResult? calibration, OpeningCounts openings)
    {
        ReplayCounts replays = new(context);
        (int number, int harmless) = (0, 0);
        foreach (AttackedAnswer answer in attack.Run(context))
        {
            context.Stop.ThrowIfCancellationRequested();
            openings.Add(answer, number++, size.OpeningsPerAnswer);
            replays.Add(answer, calibration?.Tables ?? []);
            harmless += attack.ChangesOnlyDraws && answer.IsDrawnAsTold() ? 1 : 0;
        }

        return new AttackReport(
            attack.Name, attack.Description, number,
            [.. openings.Tests.Select(pair => new DetectionRow(pair.Key, openings.Openings, pair.Value)), .. replays.Tests.Select(static pair => new DetectionRow(pair.Key, pair.Value.Tried, pair.Value.Caught))],
            openings.First, replays.Nats.ToDictionary(static pair => pair.Key, static pair => pair.Value.Average()))
        {
            Harmless = harmless,
        };
    }
}
