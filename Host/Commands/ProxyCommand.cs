using System.CommandLine;
using System.Net;
using Verathos.Client;
using Verathos.Client.Proxy;
using Verathos.Client.Verdicts;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos proxy</c>: an OpenAI-compatible server on loopback in front of attested nodes.</summary>
internal static class ProxyCommand
{
    /// <summary>The variable that the key is read from, so that it is on no command line.</summary>
    private const string KeyVariable = "VERATHOS_PROXY_KEY";

    public static Command Create()
    {
        Command command = new("proxy", "Serve the OpenAI interface on loopback: attest the node, seal every request, check every receipt");
        TrustArguments trust = new();
        Option<string> listen = new("--listen") { Description = "A loopback address and port", DefaultValueFactory = _ => "127.0.0.1:8417" };
        Option<string?> key = new("--api-key") { Description = $"The key that callers must send (or the variable {KeyVariable}; default: none)" };
        Option<string?> model = new("--model") { Description = "The model that answers requests that name none (default: the node's only one, or its first)" };
        command.Options.Add(listen);
        command.Options.Add(model);
        command.Options.Add(key);
        trust.AddTo(command);
        command.SetVerb(async (context, token) =>
        {
            if (!IPEndPoint.TryParse(context.Value(listen)!, out IPEndPoint? address) || !IPAddress.IsLoopback(address.Address))
                throw new CommandException(ExitCode.Usage, "--listen takes a loopback address and port, such as 127.0.0.1:8417: the proxy reads prompts in plain text");

            try
            {
                ClientOptions trusted = trust.Options(context) with { DefaultModel = context.Value(model) };
                using VerathosClient client = await VerathosClient.ConnectAsync(trust.Nodes(context), trusted, token).ConfigureAwait(false);
                if (context.Value(model) is { } named && client.Session.Current!.Models is var models && !models.Contains(named))
                    throw new CommandException(ExitCode.Usage, $"{client.Session.Node} has no model {named}; it has {string.Join(", ", models)}");

                ProxyOptions options = new() { Listen = address, ApiKey = context.Value(key) ?? Environment.GetEnvironmentVariable(KeyVariable) };
                await ServeAsync(context, client, options, token).ConfigureAwait(false);
                return ExitCode.Accepted;
            }
            catch (VerathosException failure)
            {
                throw TrustArguments.Failure(failure);
            }
        });
        return command;
    }

    private static async Task ServeAsync(VerbContext context, VerathosClient client, ProxyOptions options, CancellationToken token)
    {
        ProxyServer server;
        try
        {
            server = await ProxyServer.StartAsync(client, options, token).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new CommandException(ExitCode.Failed, $"{options.Listen} cannot be listened on: {e.Message} Choose another port with --listen", e);
        }

        await using (server.ConfigureAwait(false))
        {
            Session session = client.Session;
            if (session.Simulated)
                context.Output.Simulated();

            context.Output.Note($"{session.Node}: {VerdictTable.Summary(session.Verdict)}");
            if (context.Json)
            {
                context.Output.WriteJson(new
                {
                    base_url = new Uri(server.Address, "v1"),
                    node = session.Node,
                    models = session.Current!.Models,
                    simulated = session.Simulated,
                    verdict = TrustArguments.Json(session.Verdict),
                });
            }
            else
            {
                context.Output.Line($"OpenAI clients: base URL {new Uri(server.Address, "v1")}{(options.ApiKey is null ? ", any key" : ", with the key given")}; models {string.Join(", ", session.Current!.Models)}");
            }

            await server.RunAsync(token).ConfigureAwait(false);
        }
    }
}
