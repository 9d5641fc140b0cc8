using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Profile;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench profile</c>: whether a profile's bits depend on how a request is served.</summary>
internal static class BenchProfileCommand
{
    private const string RandomShape = "random";

    public static Command Create()
    {
        Command command = new("profile", "Compare every logit of prompts served in batches of 1, 8 and 64 on 1 and 2 threads with each prompt alone");
        Option<int> seed = new("--seed") { Description = "Chooses prompts, orders of arrival and cuts", DefaultValueFactory = _ => 1 };
        Option<int> count = new("--count") { Description = "Different prompts", DefaultValueFactory = _ => 64 };
        Option<int> tokens = new("--tokens") { Description = "Tokens of each prompt", DefaultValueFactory = _ => 96 };
        Option<string?> model = new("--model") { Description = $"The model, or {RandomShape}: random weights of SmolLM2-135M's shape (default: the demonstration model)" };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(tokens);
        Option<string> profile = new("--profile") { Description = "The numeric profile", DefaultValueFactory = _ => NumericProfile.Served.Name };
        command.Options.Add(model);
        command.Options.Add(profile);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1 || context.Value(tokens) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--count and --tokens take a number of at least 1");
            }

            NumericProfile chosen = ModelLoading.Profile(context.Value(profile)!);
            string? path = context.Value(model) == RandomShape ? null : ModelPath.Resolve(context.Value(model));
            ProfileReport report = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () => ProfileProof.RunAsync(
                    new ProfileOptions
                    {
                        Open = options => path is null
                            ? RandomModel.Create(RandomModel.SmolLm2Shape, 1, options with { MaxContext = 1024 })
                            : ModelLoader.Load(path, options, null, token),
                        Profile = chosen,
                        Seed = context.Value(seed),
                        Prompts = context.Value(count),
                        PromptTokens = context.Value(tokens),
                        Progress = (done, of) => progress("ways of serving", done, of),
                    },
                    token),
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Identical ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static void Write(Output output, ProfileReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["threads", "batch of at most", "largest batch", "prompt tokens a turn", "logit vectors", "different"],
            report.Runs.Select(run => (IReadOnlyList<string>)[Number(run.Threads), Number(run.Batch), Number(run.LargestBatch), Number(run.PromptChunk), Number(run.Compared), Number(run.Different)]),
            $"{report.Prompts} prompts of {report.PromptTokens} tokens, {report.AnswerTokens} tokens drawn after each, on {report.Model}, {report.Profile}");
        output.Line(report.Identical
            ? "Every logit has the bits that it has with the prompt alone, fed one token at a time."
            : "Some logits have other bits than with the prompt alone.");
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
