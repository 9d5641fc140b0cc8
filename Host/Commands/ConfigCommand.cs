using System.CommandLine;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;

namespace Verathos.Host.Commands;

/// <summary><c>verathos config</c>: check a configuration file, show what it amounts to, print its JSON Schema.</summary>
public static class ConfigCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Command command = new("config", "Check, show or describe the node's configuration file");
        command.Subcommands.Add(Check());
        command.Subcommands.Add(Schema());
        return command;
    }

    private static Command Check()
    {
        Argument<string> file = new("FILE") { Description = "The configuration file" };
        Option<bool> enclave = new("--enclave") { Description = "Check it as the file of verathos enclave" };
        Command command = new("check", "Say every mistake in a configuration file, or what it amounts to") { file, enclave };
        command.SetVerb((context, _) =>
        {
            NodeConfiguration configuration = ConfigurationFile.Read(context.Value(file)!, out IReadOnlyList<string> errors);
            ConfigurationFile.RequireValid(
                errors.Concat(context.Value(enclave) ? ConfigurationValidator.ValidateEnclave(configuration) : ConfigurationValidator.Validate(configuration)),
                context.Value(file));
            if (context.Json)
            {
                context.Output.WriteJson(configuration);
                return Task.FromResult(ExitCode.Accepted);
            }

            context.Output.Table(
                ["member", "value"],
                ConfigurationFields.All.Select(field => (IReadOnlyList<string>)[field.Path, Text(field.Get(configuration))]));
            return Task.FromResult(ExitCode.Accepted);
        });
        return command;
    }

    private static Command Schema()
    {
        Command command = new("schema", "Print the JSON Schema of the configuration file");
        command.SetVerb(async (context, token) =>
        {
            await context.Parse.InvocationConfiguration.Output.WriteAsync(ConfigurationSchema.Create().AsMemory(), token).ConfigureAwait(false);
            return ExitCode.Accepted;
        });
        return command;
    }

    private static string Text(object? value) => value switch
    {
        null => "(not set)",
        IReadOnlyList<ModelConfiguration> models => models.Count == 0 ? "(none)" : string.Join(", ", models),
        IReadOnlyList<string> list => list.Count == 0 ? "(none)" : string.Join(", ", list),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value}"),
    };
}
