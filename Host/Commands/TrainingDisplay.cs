using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>
/// Shows a training run: a bar on a terminal, plain lines elsewhere, one JSON object a line under <c>--json</c>.
/// </summary>
internal static class TrainingDisplay
{
    private const int StepsBetweenLines = 25;

    private static readonly JsonSerializerOptions s_line = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<LocalTrainingResult> RunAsync(
        VerbContext context, Func<IProgress<LocalProgress>, Task<LocalTrainingResult>> run)
    {
        try
        {
            return context.Json || !context.Output.Progress.Profile.Capabilities.Interactive
                ? await run(new Lines(context)).ConfigureAwait(false)
                : await WithBarAsync(context.Output.Progress, run).ConfigureAwait(false);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Failed, exception.Message, exception);
        }
        catch (EnclaveException exception)
        {
            throw new CommandException(ExitCode.Failed, exception.Message, exception);
        }
        catch (Exception exception) when (exception is NativeRuntimeException or PlatformException)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
    }

    public static void Show(VerbContext context, LocalTrainingResult result, TrainingRecipe recipe, string folder)
    {
        if (context.Json)
        {
            WriteLine(context, new
            {
                Event = result.Completed ? "done" : "stopped",
                Output = folder,
                result.Step,
                recipe.Optimiser.Steps,
                Rounds = result.Chain.Count,
                result.ResumedFrom,
                result.NumericProfile,
                result.Simulated,
                Loss = double.IsFinite(result.Loss) ? result.Loss : (double?)null,
                result.Parameters,
                result.Vocabulary,
                result.CorpusTokens,
                result.CorpusSha256,
                Seconds = result.Elapsed.TotalSeconds,
                result.TokensPerSecond,
            });
            return;
        }

        context.Output.Table(
            ["", ""],
            [
                ["model", result.Completed ? folder : "not finished"],
                ["records", Text($"{result.Chain.Count} of {recipe.Optimiser.RoundCount()}, resumed from {result.ResumedFrom}{(result.Simulated ? " (SIMULATED)" : "")}")],
                ["steps", Text($"{result.Step} of {recipe.Optimiser.Steps}")],
                ["numeric profile", result.NumericProfile],
                ["last loss", double.IsFinite(result.Loss) ? Text($"{result.Loss:F4}") : "no step was done"],
                ["weights", Text($"{result.Parameters:N0}, vocabulary {result.Vocabulary}")],
                ["corpus", Text($"{recipe.Documents:N0} documents, {result.CorpusTokens:N0} tokens, SHA-256 {result.CorpusSha256}")],
                ["time", Text($"{result.Elapsed:hh\\:mm\\:ss}, {result.TokensPerSecond:N0} tokens/s")],
            ]);
        context.Output.Note(result.Completed
            ? $"Try it: verathos model eval --model {folder}; check it: verathos train verify {folder}"
            : Text($"Stopped after {result.Chain.Count} rounds, at step {result.Step}; the same command continues from there."));
    }

    private static async Task<LocalTrainingResult> WithBarAsync(
        IAnsiConsole console, Func<IProgress<LocalProgress>, Task<LocalTrainingResult>> run)
    {
        LocalTrainingResult? result = null;
        await console.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async bar => result = await run(new Bar(bar.AddTask("corpus"))).ConfigureAwait(false))
            .ConfigureAwait(false);
        return result!;
    }

    private static string Describe(LocalProgress p) => p.Stage == TrainingStage.Training
        ? Text($"round {p.Round}/{p.Rounds}  step {p.Step}/{p.Steps}  loss {p.Loss:F4}  {p.TokensPerSecond:N0} tokens/s  {p.Remaining:hh\\:mm\\:ss} left")
        : StageName(p.Stage);

    private static string StageName(TrainingStage stage) => stage switch
    {
        TrainingStage.Corpus => "writing the corpus",
        TrainingStage.Vocabulary => "training the vocabulary",
        TrainingStage.Encoding => "encoding the corpus",
        TrainingStage.Saved => "model written",
        _ => "training",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void WriteLine<T>(VerbContext context, T value) =>
        context.Parse.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(value, s_line));

    private sealed class Bar(ProgressTask task) : IProgress<LocalProgress>
    {
        public void Report(LocalProgress value)
        {
            task.Description = Markup.Escape(Describe(value));
            task.MaxValue = value.Steps;
            task.Value = value.Stage == TrainingStage.Saved ? value.Steps : value.Step;
        }
    }

    private sealed class Lines(VerbContext context) : IProgress<LocalProgress>
    {
        public void Report(LocalProgress value)
        {
            bool training = value.Stage == TrainingStage.Training;
            if (training && value.Step % StepsBetweenLines != 0 && value.Step != value.Steps && value.Step != 1)
            {
                return;
            }

            if (!context.Json)
            {
                context.Output.Note(Describe(value));
            }
            else if (training)
            {
                WriteLine(context, new
                {
                    Event = "step",
                    value.Step,
                    value.Steps,
                    value.Round,
                    value.Rounds,
                    value.Loss,
                    value.LearningRate,
                    value.GradientNorm,
                    value.TokensPerSecond,
                    SecondsLeft = value.Remaining.TotalSeconds,
                });
            }
            else
            {
                WriteLine(context, new { Event = "stage", Stage = value.Stage.ToString().ToLowerInvariant() });
            }
        }
    }
}
