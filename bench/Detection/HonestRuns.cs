using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>Honest answers: very many openings judged, and a few answers under every condition and replaying profile.</summary>
public static class HonestRuns
{
    // Openings that one set of keys judges.
    private const long OpeningsPerKeys = 20_000;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Runs the conditions of this process and prints them as JSON: for a child process under other instructions.</summary>
    /// <param name="options">Model, seed and count.</param>
    /// <param name="limits">From the parent, as <see cref="LimitTable"/>.</param>
    /// <param name="stop">Ends the run between answers.</param>
    public static string RunConditions(DetectionOptions options, LimitTable limits, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limits);
        DetectionSize size = DetectionSize.Of(options);
        using AttackContext context = new(
            () => ReplayModel.OpenSource(options.Model, stop), options.Model, size.Natural, options.Seed, size.Answers, size.PromptTokens, size.AnswerTokens, limits.Models, stop);
        return JsonSerializer.Serialize(Conditions(context), s_json);
    }

    internal static HonestReport Run(AttackContext context, DetectionSize size, DetectionOptions options)
    {
        (OpeningTally tally, int keys) = Judge(context, size, options);
        List<ConditionRow> conditions = Conditions(context);
        if (options.WorkerCommand.Count > 0)
        {
            conditions.AddRange(RunChild(context, options));
        }

        return new HonestReport(tally.Layers, tally.Logits, tally.Alarms.Values.Sum(), keys, tally.Greatest.Values.DefaultIfEmpty().Max(), conditions);
    }

    private static (OpeningTally, int) Judge(AttackContext context, DetectionSize size, DetectionOptions options)
    {
        OpeningTally tally = new(context.Exact.Keys, context.Limits[0].Layer, context.Limits[0].Logits);
        TaskSource tasks = new(context.Honest, context.Seed + 3_000_000, context.PromptTokens, context.AnswerTokens, context.Natural);
        RecordingNode node = new(context.Honest);
        Random random = new(context.Seed);
        (int made, int sets) = (0, 0);
        KeySet? keys = null;
        long until = 0;
        try
        {
            while (tally.Layers + tally.Logits < size.Openings)
            {
                context.Stop.ThrowIfCancellationRequested();
                if (tally.Layers + tally.Logits >= until)
                {
                    keys?.Dispose();
                    keys = new KeySet(context.Exact.Keys, context.Seed + 4_000_000 + sets++);
                    until += OpeningsPerKeys;
                }

                // Alone, and eight at once.
                AnswerTask[] together = [.. Enumerable.Range(made, made % 16 < 8 ? 1 : 8).Select(i => tasks.Make(i))];
                made += together.Length;
                foreach (RecordedAnswer answer in node.Answer(together))
                {
                    tally.Add(answer, keys!, random);
                }

                options.Progress?.Invoke("honest openings, thousands", (int)Math.Min((tally.Layers + tally.Logits) / 1000, size.Openings / 1000), (int)Math.Max(1, size.Openings / 1000));
            }
        }
        finally
        {
            keys?.Dispose();
        }

        return (tally, sets);
    }

    private static List<ConditionRow> Conditions(AttackContext context)
    {
        List<ConditionRow> rows = [];
        foreach (HonestCondition condition in HonestCondition.All)
        {
            using Lane16Backend backend = new(context.Exact.Source, NumericProfile.Bf16Lane16, context.Context, condition.Threads);
            RecordingNode node = new(backend);
            RecordedAnswer[] answers = [.. context.Tasks.Chunk(condition.AtOnce).SelectMany(node.Answer)];
            byte[] digest = SHA256.HashData(answers.SelectMany(static answer => (byte[])[.. answer.Trace.Root.Span, .. answer.ToplocRoot, .. answer.SketchRoot]).ToArray());
            string name = $"{condition.Name}, {NumericProfile.InstructionSet}";
            rows.Add(Row(name, digest, context.Exact, context.Limits[0], answers));
            if (context.Reference is { } reference)
            {
                rows.Add(Row(name, digest, reference, context.Limits[1], answers));
            }
        }

        return rows;
    }

    private static ConditionRow Row(string name, byte[] digest, ReplayModel model, ModelLimits limits, RecordedAnswer[] answers)
    {
        ReplayNoise noise = new();
        foreach (RecordedAnswer answer in answers)
        {
            noise.Add(model, answer);
        }

        Dictionary<string, DetectionRow> alarms = new()
        {
            [TestOutcomes.Toploc] = new("TOPLOC", noise.Toploc.Count, noise.Toploc.Count(one => !limits.Toploc.Accepts(one))),
            [TestOutcomes.Margin] = new("tokens at the margins' cap", noise.Margins.Count, noise.Margins.Count(margin => margin >= limits.Margins.CapMicro)),
        };
        Dictionary<string, double> greatest = new()
        {
            ["toploc exponents"] = noise.Toploc.Max(static (ToplocComparison one) => one.ExponentMismatches),
            ["toploc mean"] = noise.Toploc.Max(static (ToplocComparison one) => one.MantissaMean),
            ["tokens drawn otherwise"] = noise.Margins.Count(static margin => margin > 0) / (double)noise.Margins.Count,
        };
        foreach ((int depth, List<SketchComparison> list) in noise.Sketches)
        {
            alarms[TestOutcomes.Sketch(depth)] = new($"sketch after {depth}", list.Count, list.Count(one => !limits.Sketches.Accepts(depth, one)));
            greatest[TestOutcomes.Sketch(depth)] = list.Max(static one => one.RelativeSquare);
        }

        return new ConditionRow(name, Convert.ToHexStringLower(digest), model.Profile.Name, answers.Length, alarms, greatest);
    }

    // The same program without AVX-512, in both runtimes.
    private static List<ConditionRow> RunChild(AttackContext context, DetectionOptions options)
    {
        string limits = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(limits, new LimitTable(1, context.Limits).ToJson());
            ProcessStartInfo start = new(options.WorkerCommand[0]) { RedirectStandardOutput = true };
            foreach (string argument in (IEnumerable<string>)[.. options.WorkerCommand.Skip(1), "--model", options.Model, "--seed", $"{options.Seed}", "--count", $"{context.Answers}", "--limits", limits])
            {
                start.ArgumentList.Add(argument);
            }

            foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[("DOTNET_EnableAVX512", "0"), ("DOTNET_EnableAVX512F", "0"), ("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("MKL_ENABLE_INSTRUCTIONS", "AVX2")])
            {
                start.Environment[name] = value;
            }

            using Process process = Process.Start(start)!;
            using CancellationTokenRegistration kill = context.Stop.Register(() => process.Kill());
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            context.Stop.ThrowIfCancellationRequested();
            return process.ExitCode == 0 ? JsonSerializer.Deserialize<List<ConditionRow>>(output, s_json)! : throw new InvalidOperationException($"the run without AVX-512 ended with {process.ExitCode}");
        }
        finally
        {
            File.Delete(limits);
        }
    }
}
