using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Verathos.Client;
using Verathos.Client.Trust;
using Verathos.Host.Cli;
using Verathos.Host.Drills;

namespace Verathos.Host.Commands;

/// <summary><c>verathos drill</c>: named attacks against a running simulated node, each with the check that it must fall to.</summary>
internal static class DrillCommand
{
    public static Command Create()
    {
        Command command = new("drill", "Try named attacks against a running simulated node; exit 1 if one gets through or falls to another check than it should");
        Option<string[]> only = new("--only") { Description = "Try this attack alone; may be given several times" };
        Option<string?> node = new("--node") { Description = "A simulated node that runs already (default: one of the drill's own, on loopback)" };
        Option<string?> anchors = new("--trust-anchor") { Description = "With --node: the folder of its simulated installation (default: this user's)" };
        Option<string> prompt = new("--prompt") { Description = "What every attack's client asks; the answer must be longer than 32 tokens", DefaultValueFactory = static _ => DrillGround.DefaultPrompt };
        Option<bool> list = new("--list") { Description = "List the attacks and try none" };
        command.Options.Add(only);
        command.Options.Add(node);
        command.Options.Add(anchors);
        command.Options.Add(prompt);
        command.Options.Add(list);
        command.SetVerb(async (context, token) =>
        {
            IReadOnlyList<Drill> drills = Choose(context.Value(only) ?? []);
            if (context.Value(list))
            {
                List(context.Output, drills);
                return ExitCode.Accepted;
            }

            Uri? address = context.Value(node) is { } given ? TrustArguments.ParseNode(given) : null;
            if (address is null && context.Value(anchors) is not null)
            {
                throw new CommandException(ExitCode.Usage, "--trust-anchor goes with --node; a node of the drill's own has an installation of its own");
            }

            try
            {
                return await RunAsync(context, drills, address, context.Value(anchors) ?? SimulatedFolder.Default, context.Value(prompt)!, token).ConfigureAwait(false);
            }
            catch (VerathosException failure)
            {
                throw TrustArguments.Failure(failure);
            }
        });
        return command;
    }

    private static IReadOnlyList<Drill> Choose(string[] names)
    {
        foreach (string name in names)
        {
            if (DrillCatalogue.All.All(drill => drill.Name != name))
            {
                throw new CommandException(ExitCode.Usage, $"there is no attack {name}; verathos drill --list names all of them");
            }
        }

        return names.Length == 0 ? DrillCatalogue.All : [.. DrillCatalogue.All.Where(drill => names.Contains(drill.Name))];
    }

    private static void List(Output output, IReadOnlyList<Drill> drills)
    {
        if (output.Json)
        {
            output.WriteJson(drills.Select(drill => new { drill.Name, drill.Attack, expected_check = drill.Expected, drill.Source, needs = drill.Needs, drill.Layers }));
            return;
        }

        output.Table(["attack", "what it does", "must fall to"], drills.Select(drill => (IReadOnlyList<string>)[drill.Name, drill.Attack, drill.Expected]));
        output.Line($"{drills.Count} attacks");
    }

    private static async Task<ExitCode> RunAsync(VerbContext context, IReadOnlyList<Drill> drills, Uri? node, string folder, string prompt, CancellationToken token)
    {
        Output output = context.Output;
        output.Simulated();
        long start = Stopwatch.GetTimestamp();
        DrillGround ground = node is null
            ? await DrillGround.StartAsync(ModelPath.Resolve(null), output, token, prompt: prompt).ConfigureAwait(false)
            : await DrillGround.AtAsync(node, folder, prompt, token).ConfigureAwait(false);
        await using (ground.ConfigureAwait(false))
        {
            IReadOnlyList<DrillResult> results = await WorkProgress.RunAsync(
                output, progress => DrillRunner.RunAsync(ground, drills, (done, of) => progress("attacks", done, of), token)).ConfigureAwait(false);
            int failed = results.Count(result => result.Passed == false);
            if (context.Json)
            {
                output.WriteJson(results);
            }
            else
            {
                output.Table(["attack", "must fall to", "refused by", ""], results.Select(Row));
                output.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{results.Count(result => result.Tried)} attacks tried on {ground.Node} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {failed} not refused as they should be, {results.Count(result => !result.Tried)} not applicable"));
            }

            return failed == 0 ? ExitCode.Accepted : ExitCode.Failed;
        }
    }

    private static IReadOnlyList<string> Row(DrillResult result) =>
    [
        result.Name,
        result.ExpectedCheck,
        !result.Tried ? result.Detail : result.RefusedBy is null ? $"NOT REFUSED: {result.Detail}" : $"{result.RefusedBy} ({result.By})",
        result.Passed switch { true => "ok", false => "WRONG", null => "" },
    ];
}
