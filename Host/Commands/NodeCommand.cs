using System.CommandLine;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Node;

namespace Verathos.Host.Commands;

/// <summary><c>verathos node</c>: serves until it is told to stop. Logs go to standard output as JSON, remarks to standard error.</summary>
public static class NodeCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        NodeArguments arguments = new();
        Option<string[]> listen = new("--listen") { Description = "Address to listen on, such as http://127.0.0.1:8080; may be given several times" };
        Option<string?> enclave = new("--enclave") { Description = "The enclave process, unix:PATH (default: the enclave is in this process)" };
        Option<string?> policy = new("--policy") { Description = "Policy that the node's own evidence must satisfy before it is ready" };
        Command command = new("node", "Run a node: the untrusted front, with the enclave in its process or beside it") { listen, enclave, policy };
        arguments.AddTo(command);
        command.SetVerb(async (context, stop) =>
        {
            NodeConfiguration configuration = arguments.Read(context, out IReadOnlyList<string> errors);
            configuration = configuration with
            {
                Listen = context.Value(listen) is { Length: > 0 } addresses ? addresses : configuration.Listen,
                Enclave = context.Value(enclave) ?? configuration.Enclave,
                Policy = context.Value(policy) ?? configuration.Policy,
            };
            ConfigurationFile.RequireValid(errors.Concat(ConfigurationValidator.Validate(configuration)), context.Value(arguments.Config));
            await new NodeService(configuration, context.Output, context.Parse.InvocationConfiguration.Output).RunAsync(stop).ConfigureAwait(false);
            return ExitCode.Accepted;
        });
        return command;
    }
}
