using System.CommandLine;
using System.Globalization;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Validator.Configuration;
using Verathos.Validator.Keys;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator keys</c>: makes matrix keys from a model's weights, one file an epoch. Afterwards the weights are not needed to audit.</summary>
internal static class ValidatorKeysCommand
{
    public static Command Create()
    {
        ValidatorArguments arguments = new();
        Option<string> model = new("--model") { Description = "The model's weights", Required = true };
        Option<string> root = new("--root") { Description = "The manifest's root that the weights must have, 64 hexadecimal digits, as the nodes' evidence binds it", Required = true };
        Option<int> epochs = new("--epochs") { Description = "How many epochs to make keys for: each has its own", DefaultValueFactory = _ => 1 };
        Option<long?> first = new("--first-epoch") { Description = "The first of them (default: the next that will begin)" };
        Command command = new("keys", "Make a model's matrix keys from weights that are checked against the manifest's root, one fresh key file an epoch")
        {
            arguments.Dir, model, root, epochs, first,
        };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            if (context.Value(epochs) is < 1 or > 100_000)
            {
                throw new CommandException(ExitCode.Usage, "--epochs takes a number from 1 to 100000");
            }

            ValidatorFolder folder = arguments.Open(context);
            long from = context.Value(first) ?? Next(folder);
            string path = ModelPath.Resolve(context.Value(model));
            using OwnerKey owner = OwnerKey.Load(folder.OwnerKeyPath);
            List<(string Path, long Bytes)> made = [];
            byte[] actual = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () =>
                {
                    using ReplayModel weights = ReplayModel.Open(path, new LoadOptions { Profile = NumericProfile.Served }, null, token);
                    string computed = Convert.ToHexStringLower(weights.Manifest.Root);
                    if (!string.Equals(computed, context.Value(root), StringComparison.OrdinalIgnoreCase))
                    {
                        throw new CommandException(ExitCode.Rejected, $"the weights at {path} have the manifest root {computed}, not the one that was named: no keys were made");
                    }

                    for (int i = 0; i < context.Value(epochs); i++)
                    {
                        token.ThrowIfCancellationRequested();
                        made.Add(KeyRing.Make(weights, folder.KeysFolder, from + i, owner.Secret));
                        progress("key files", i + 1, context.Value(epochs));
                    }

                    return weights.Manifest.Root;
                },
                token)).ConfigureAwait(false);
            if (context.Json)
            {
                context.Output.WriteJson(new { root = Convert.ToHexStringLower(actual), profile = NumericProfile.Served.Identifier, firstEpoch = from, files = made.Select(static file => new { path = file.Path, bytes = file.Bytes }) });
            }
            else
            {
                context.Output.Line(string.Create(
                    CultureInfo.InvariantCulture, $"{made.Count} key files for epochs {from} to {from + made.Count - 1}, {made[0].Bytes:N0} bytes each, sealed to this validator's owner, in {folder.KeysFolder}"));
            }

            return ExitCode.Accepted;
        }));
        return command;
    }

    private static long Next(ValidatorFolder folder)
    {
        if (!File.Exists(folder.StatePath))
        {
            return 1;
        }

        using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
        return state.LatestEpoch + 1;
    }
}
