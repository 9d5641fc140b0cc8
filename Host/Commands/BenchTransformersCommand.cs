using System.CommandLine;
using Verathos.Bench.Engine;
using Verathos.Bench.Peers;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench transformers</c>: profiles of the engine beside Hugging Face's transformers on PyTorch.</summary>
internal static class BenchTransformersCommand
{
    public static Command Create()
    {
        Command command = new("transformers", "The same measures as bench engine, of chosen profiles beside Hugging Face's transformers on PyTorch (Python)");
        Option<string[]> profiles = new("--profile") { Description = "Numeric profiles, the first one leading; may be given several times", DefaultValueFactory = static _ => [NumericProfile.Served.Name] };
        Option<string[]> types = new("--type") { Description = "The peer's types of weights, bfloat16 or float32; may be given several times", DefaultValueFactory = static _ => ["bfloat16"] };
        Option<int> pairs = new("--pairs") { Description = "Interleaved rounds of each measure", DefaultValueFactory = static _ => 9 };
        Option<double> seconds = new("--seconds") { Description = "After this many seconds a measure begins no further round, once it has three", DefaultValueFactory = static _ => 60 };
        Option<int> threads = new("--threads") { Description = "Threads of each contestant", DefaultValueFactory = static _ => Environment.ProcessorCount };
        Option<string?> reference = new("--reference") { Description = "The folder with torch_peer.py (default: the nearest bench/reference above)" };
        command.Options.Add(profiles);
        command.Options.Add(types);
        command.Options.Add(pairs);
        command.Options.Add(seconds);
        command.Options.Add(threads);
        command.Options.Add(reference);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(pairs) < 1 || context.Value(threads) < 1 || !(context.Value(seconds) >= 0))
            {
                throw new CommandException(ExitCode.Usage, "--pairs and --threads take a number of at least 1, --seconds one of at least 0");
            }

            if (context.Value(types)!.FirstOrDefault(static type => type is not ("bfloat16" or "float32")) is string unknown)
            {
                throw new CommandException(ExitCode.Usage, $"--type takes bfloat16 or float32, not {unknown}");
            }

            NumericProfile[] chosen = [.. context.Value(profiles)!.Select(ModelLoading.Profile)];
            try
            {
                EngineReport report = await TransformersBench.RunAsync(
                    new EngineBenchOptions
                    {
                        WorkerCommand = [.. BenchCommand.Program(), "bench", BenchEngineCommand.Worker],
                        Reference = Path.GetFullPath(context.Value(reference) ?? ReferenceProcess.FindFolder()),
                        Models = string.Empty,
                        Pairs = context.Value(pairs),
                        Seconds = context.Value(seconds),
                        Threads = context.Value(threads),
                        Progress = context.Output.Note,
                    },
                    chosen,
                    context.Value(types)!,
                    token).ConfigureAwait(false);
                BenchEngineCommand.Write(context.Output, report);
                return ExitCode.Accepted;
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }
            catch (NativeRuntimeException e)
            {
                throw new CommandException(ExitCode.Unsupported, e.Message, e);
            }
        });
        return command;
    }
}
