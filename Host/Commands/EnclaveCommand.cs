using System.CommandLine;
using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Node;

namespace Verathos.Host.Commands;

/// <summary><c>verathos enclave</c>: the trusted core alone, behind a Unix socket, for <c>verathos node --enclave</c>.</summary>
public static class EnclaveCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        NodeArguments arguments = new();
        Option<string> listen = new("--listen") { Description = "Where to listen: unix:PATH", Required = true };
        Option<bool> dumps = new("--allow-dumps")
        {
            Description = "Let this user read the process's memory, for tests of what it holds; with --tee simulated only",
        };
        Command command = new("enclave", "Run the enclave in a process of its own") { listen, dumps };
        arguments.AddTo(command);
        command.SetVerb((context, stop) =>
        {
            NodeConfiguration configuration = arguments.Read(context, out IReadOnlyList<string> errors);
            ConfigurationFile.RequireValid(
                [.. errors, .. ConfigurationValidator.ValidateEnclave(configuration), .. Mistakes(context.Value(listen)!)], context.Value(arguments.Config));
            if (!context.Value(dumps))
            {
                ProcessHardening.DisableDumps();
            }
            else if (configuration.Tee != "simulated")
            {
                throw new CommandException(ExitCode.Usage, "--allow-dumps goes with --tee simulated only; leave it out");
            }

            return RunAsync(context, configuration, SocketPath(context.Value(listen)!), stop);
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(VerbContext context, NodeConfiguration configuration, string path, CancellationToken stop)
    {
        IPlatformDriver driver = EnclaveComposition.OpenDriver(configuration, EnclaveTopology.Split);
        using IDisposable? disposable = driver as IDisposable;
        try
        {
            EnclaveCore core = await EnclaveComposition.StartAsync(configuration, EnclaveTopology.Split, driver, context.Output, stop).ConfigureAwait(false);
            await using (core.ConfigureAwait(false))
            {
                EnclaveHost host = await EnclaveHost.ListenAsync(core, path, stop).ConfigureAwait(false);
                await using (host.ConfigureAwait(false))
                {
                    if (driver.IsSimulated)
                    {
                        context.Output.Simulated();
                    }

                    context.Output.Note($"verathos: enclave ready on unix:{path}");
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    context.Output.Note("verathos: enclave stopping; running answers may finish. Press Ctrl-C again to end at once.");
                    await host.StopAsync(TimeSpan.FromSeconds(configuration.Timeouts.DrainSeconds)).ConfigureAwait(false);
                    stop.ThrowIfCancellationRequested();
                }
            }
        }
        catch (PlatformException problem)
        {
            throw new CommandException(ExitCode.Failed, problem.Message, problem);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            context.Output.Note("verathos: enclave stopped; its keys are gone");
        }

        return ExitCode.Accepted;
    }

    private static IEnumerable<string> Mistakes(string address) => UnixAddress.TryParse(address, out _)
        ? []
        : [$"--listen: {address} is not unix:PATH with a path of at most {UnixAddress.LongestPath} bytes"];

    private static string SocketPath(string address) => UnixAddress.TryParse(address, out string? path)
        ? path
        : throw new InvalidOperationException("the address was not checked");
}
