using System.CommandLine;
using Verathos.Client.Trust;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Validator.Configuration;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator init</c>: makes a validator's folder with its key, state, policy, limits and settings.</summary>
internal static class ValidatorInitCommand
{
    public static Command Create()
    {
        ValidatorArguments arguments = new();
        Option<string> nodes = new("--nodes") { Description = "The list of nodes, a JSON file [{\"name\", \"url\", \"identity\"}]; it is read anew each epoch", Required = true };
        Option<string[]> models = new("--model") { Description = "A model whose weights are here, for fresh keys each epoch and deep audits; may be given several times" };
        Option<string?> policy = new("--policy") { Description = "The policy file that rules on evidence (default: the strict production policy tdx-h100)" };
        Option<bool> simulated = new("--allow-simulated") { Description = "Take evidence of a simulated TEE, to try things out" };
        Option<string?> anchors = new("--trust-anchor") { Description = "The folder of a simulated installation's roots (default: this user's, with --allow-simulated)" };
        Option<string?> limits = new("--limits") { Description = "Measured limits (default: those that ship with the program)" };
        Option<string?> likelihoods = new("--likelihoods") { Description = "Likelihood tables (default: those that ship with the program)" };
        Option<int?> seconds = new("--epoch-seconds") { Description = "Length of an epoch (default 3600)" };
        Option<int?> canaries = new("--canaries") { Description = "Canaries of each node in an epoch (default 13)" };
        Option<int?> window = new("--audit-window-seconds") { Description = "Openings are asked for within so many seconds after an answer (default 540)" };
        Command command = new("init", "Make a validator's folder: owner's key, state, policy, limits, and settings in which every field stands")
        {
            arguments.Dir, nodes, models, policy, simulated, anchors, limits, likelihoods, seconds, canaries, window,
        };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            string list = Path.GetFullPath(context.Value(nodes)!);
            int count = (await new FileNodeDirectory(list).ListAsync(token).ConfigureAwait(false)).Count;
            bool allow = context.Value(simulated);
            if (!allow && context.Value(anchors) is not null)
            {
                throw new CommandException(ExitCode.Usage, "--trust-anchor names simulated roots; add --allow-simulated, or leave it out");
            }

            byte[] limitBytes = await ReadAsync(context.Value(limits), "limits.json", token).ConfigureAwait(false);
            byte[] likelihoodBytes = await ReadAsync(context.Value(likelihoods), "likelihoods.json", token).ConfigureAwait(false);
            LimitTable table = LimitTable.TryParse(limitBytes, out LimitTable? parsed, out string? error) ? parsed : throw new InvalidDataException(error);
            if (!LikelihoodTables.TryParse(likelihoodBytes, out _, out error))
            {
                throw new InvalidDataException(error);
            }

            string[] paths = [.. (context.Value(models) ?? []).Select(ModelPath.Resolve)];
            int context0 = RequireMeasured(paths, table, token);
            ValidatorConfiguration configuration = ValidatorDefaults.Of(
                list, "policy.json", allow ? Path.GetFullPath(context.Value(anchors) ?? SimulatedFolder.Default) : null, paths, context0);
            configuration = configuration with
            {
                EpochSeconds = context.Value(seconds) ?? configuration.EpochSeconds,
                CanariesPerNode = context.Value(canaries) ?? configuration.CanariesPerNode,
                AuditWindowSeconds = context.Value(window) ?? configuration.AuditWindowSeconds,
            };
            if (configuration.Errors() is [_, ..] errors)
            {
                throw new CommandException(ExitCode.Usage, string.Join("; ", errors));
            }

            ValidatorFolder folder = ValidatorFolder.Create(context.Value(arguments.Dir)!, configuration);
            byte[] policyBytes = context.Value(policy) is { } file
                ? await File.ReadAllBytesAsync(file, token).ConfigureAwait(false)
                : Attestation.Policies.Policy.BuiltInSource(allow ? "simulated" : "tdx-h100");
            await File.WriteAllBytesAsync(folder.Resolve(configuration.Policy), policyBytes, token).ConfigureAwait(false);
            await File.WriteAllBytesAsync(folder.Resolve(configuration.Limits), limitBytes, token).ConfigureAwait(false);
            await File.WriteAllBytesAsync(folder.Resolve(configuration.Likelihoods), likelihoodBytes, token).ConfigureAwait(false);
            folder.LoadAnchors(folder.LoadPolicy());
            using OwnerKey owner = OwnerKey.Load(folder.OwnerKeyPath);
            using StateSeal seal = new(owner.Secret);
            ValidatorState.Open(folder.StatePath, seal).Dispose();
            Write(context.Output, folder, owner, count, paths.Length);
            return ExitCode.Accepted;
        }));
        return command;
    }

    // A model without measured limits is judged by nobody: it is better to know now.
    private static int RequireMeasured(string[] paths, LimitTable table, CancellationToken stop)
    {
        int least = int.MaxValue;
        foreach (string path in paths)
        {
            using ReplayModel model = ReplayModel.Open(path, new LoadOptions { Profile = NumericProfile.Served }, null, stop);
            if (!table.TryFind(model.Manifest.Root, NumericProfile.Served.Identifier, out _))
            {
                throw new CommandException(
                    ExitCode.Unsupported,
                    $"no limits were measured of {path} in {NumericProfile.Served.Identifier}: measure them with 'verathos validator calibrate --model {path}', then name its files with --limits and --likelihoods");
            }

            least = Math.Min(least, model.MaxContext);
        }

        return least == int.MaxValue ? 2048 : least;
    }

    private static async Task<byte[]> ReadAsync(string? given, string shipped, CancellationToken stop)
    {
        string? path = given;
        if (path is null && !ValidatorArguments.TryFindShipped(shipped, out path))
        {
            throw new CommandException($"policies/fingerprints/{shipped} is not beside the program; measure a model with 'verathos validator calibrate' and name the file");
        }

        return await File.ReadAllBytesAsync(path, stop).ConfigureAwait(false);
    }

    private static void Write(Output output, ValidatorFolder folder, OwnerKey owner, int nodes, int models)
    {
        if (output.Json)
        {
            output.WriteJson(new { folder = folder.Root, publicKey = owner.PublicKey, nodes, models, configuration = Path.Combine(folder.Root, ValidatorFolder.ConfigurationName) });
            return;
        }

        output.Line($"{folder.Root} is ready: {nodes} nodes listed, {models} models with weights.");
        output.Line($"Other validators name this one by {owner.PublicKey}");
        output.Line($"Look at {ValidatorFolder.ConfigurationName}, then: verathos validator run --dir {folder.Root}");
    }
}
