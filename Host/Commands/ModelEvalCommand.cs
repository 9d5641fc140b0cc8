using System.CommandLine;
using System.Globalization;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Evaluation;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos model eval</c>: asks a model questions and counts right answers.</summary>
public static class ModelEvalCommand
{
    private const int QuestionsBetweenLines = 250;

    /// <summary>The verb; <c>model</c> holds it.</summary>
    public static Command Create()
    {
        Option<string?> model = new("--model") { Description = "A model's folder or .gguf file; the demonstration model if not given" };
        Option<string?> file = new("--file")
        {
            Description = "Questions, one JSON object a line: {\"question\": \"...\", \"answer\": \"...\"}; the held-out sets of the model's recipe if not given",
        };
        Option<string> profile = new("--profile")
        {
            Description = $"Numeric profile: {string.Join(", ", NumericProfile.All)}; the one that a node serves with if not given",
            DefaultValueFactory = _ => NumericProfile.Served.Name,
        };
        Option<int?> limit = new("--limit") { Description = "At most that many questions a held-out set and category" };
        Option<int> maxTokens = new("--max-tokens") { Description = "Longest reply in tokens", DefaultValueFactory = _ => 128 };
        Option<int> show = new("--show-wrong") { Description = "How many wrong answers to print a set", DefaultValueFactory = _ => 3 };
        Command eval = new("eval", "Ask a model questions and count right answers") { model, file, profile, limit, maxTokens, show };
        eval.SetVerb(async (context, token) =>
        {
            if (context.Value(limit) is <= 0 || context.Value(maxTokens) <= 0 || context.Value(show) < 0)
            {
                throw new CommandException(ExitCode.Usage, "--limit and --max-tokens take a number above 0, --show-wrong one of at least 0");
            }

            if (!NumericProfile.TryParse(context.Value(profile)!, out NumericProfile? numbers))
            {
                throw new CommandException(ExitCode.Usage, $"there is no profile {context.Value(profile)}; take {string.Join(" or ", NumericProfile.All)}");
            }

            string path = ModelPath.Resolve(context.Value(model));
            IReadOnlyList<EvaluationSet> sets = context.Value(file) is { } questions ? ReadFile(questions) : HeldOut(path, context.Value(limit));
            EvaluationReport report = await RunAsync(context, path, numbers, context.Value(maxTokens), sets, token).ConfigureAwait(false);
            Show(context, report, path, numbers, context.Value(show));
            return ExitCode.Accepted;
        });
        return eval;
    }

    private static async Task<EvaluationReport> RunAsync(
        VerbContext context, string path, NumericProfile profile, int maxTokens, IReadOnlyList<EvaluationSet> sets, CancellationToken token)
    {
        int total = sets.Sum(s => s.Questions.Count);
        try
        {
            using LoadedModel model = ModelLoader.Load(path, new LoadOptions { Profile = profile }, null, token);
            ModelEvaluator evaluator = new(model, maxTokens, TimeProvider.System);
            return await evaluator.RunAsync(sets, new Counter(context.Output, total), token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TrainingException or ModelFormatException)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
        catch (GenerationException exception)
        {
            throw new CommandException(ExitCode.Failed, "a question cannot be asked: " + exception.Message, exception);
        }
        catch (NativeRuntimeException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
    }

    private static IReadOnlyList<EvaluationSet> ReadFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new CommandException(ExitCode.Usage, $"{path} is a folder; --file takes a file of questions");
        }

        return QuestionFile.TryParse(File.ReadLines(path), out IReadOnlyList<EvaluationQuestion> questions, out string? error)
            ? [new EvaluationSet(Path.GetFileName(path), "questions from a file", questions)]
            : throw new CommandException(ExitCode.Malformed, $"{path}: {error}");
    }

    private static IReadOnlyList<EvaluationSet> HeldOut(string model, int? limit)
    {
        string recipe = Path.Combine(model, "recipe.json");
        if (!File.Exists(recipe))
        {
            throw new CommandException(
                ExitCode.Usage, $"{model} has no recipe.json, so there are no held-out sets for it; give questions with --file");
        }

        try
        {
            return HeldOutSets.Create(TrainingRecipe.Read(recipe).Seed, limit);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
    }

    private static void Show(VerbContext context, EvaluationReport report, string path, NumericProfile profile, int show)
    {
        double speed = report.GeneratedTokens / report.Elapsed.TotalSeconds;
        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                Model = path,
                Profile = profile.Name,
                report.Sets,
                report.GeneratedTokens,
                Seconds = report.Elapsed.TotalSeconds,
                TokensPerSecond = speed,
            });
            return;
        }

        context.Output.Table(["set", "category", "questions", "right", "score"], report.Sets.SelectMany(set =>
            set.Categories.Count > 1
                ? set.Categories.Select(c => Row(set, c)).Append(Row(set, set.Total))
                : [Row(set, set.Categories.Count == 1 ? set.Categories[0] : set.Total)]));
        foreach (SetScore set in report.Sets)
        {
            context.Output.Line($"{set.Name}: {set.Description}");
            foreach (WrongAnswer wrong in set.Wrong.Take(show))
            {
                context.Output.Line($"  wrong: {wrong.Question} -> {wrong.Reply} (expected {wrong.Expected})");
            }
        }

        context.Output.Note(string.Create(
            CultureInfo.InvariantCulture, $"{report.GeneratedTokens:N0} tokens in {report.Elapsed.TotalSeconds:F1} s, {speed:N0} tokens/s, profile {profile.Name}"));
    }

    private static string[] Row(SetScore set, CategoryScore score) =>
    [
        set.Name, score.Category, score.Questions.ToString(CultureInfo.InvariantCulture),
        score.Right.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{100 * score.Score:F1} %"),
    ];

    private sealed class Counter(Output output, int total) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value % QuestionsBetweenLines == 0 || value == total)
            {
                output.Note($"{value} of {total} questions answered");
            }
        }
    }
}
