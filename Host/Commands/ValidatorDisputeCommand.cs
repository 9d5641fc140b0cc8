using System.CommandLine;
using System.Security.Cryptography;
using Verathos.Attestation.Policies;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Validator.Configuration;
using Verathos.Validator.Disputes;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator dispute</c>: give a canary to a second validator, or settle one that was given.</summary>
internal static class ValidatorDisputeCommand
{
    public static Command Create()
    {
        ValidatorArguments arguments = new();
        Option<string?> export = new("--export") { Description = "Write one of this validator's canaries, by its id of 32 hexadecimal digits, to the folder disputes" };
        Option<string?> ticket = new("--ticket") { Description = "Settle the canary of this file: compute it again, and have the node show where it departs" };
        Option<string?> model = new("--model") { Description = "The model's weights (default: the validator's own models)" };
        Option<bool> offline = new("--offline") { Description = "Do not ask the node: say only whether its commitment is right" };
        Command command = new("dispute", "Compute a disputed canary again and find the step and layer at which a node departs") { arguments.Dir, export, ticket, model, offline };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            ValidatorFolder folder = arguments.Open(context);
            return (context.Value(export), context.Value(ticket)) switch
            {
                ({ } id, null) => Export(context, folder, id),
                (null, { } path) => await SettleAsync(context, folder, path, context.Value(model), context.Value(offline), token).ConfigureAwait(false),
                _ => throw new CommandException(ExitCode.Usage, "name either --export or --ticket"),
            };
        }));
        return command;
    }

    private static ExitCode Export(VerbContext context, ValidatorFolder folder, string id)
    {
        if (id.Length != 32 || !id.All(char.IsAsciiHexDigit))
        {
            throw new CommandException(ExitCode.Usage, "--export takes a canary's id of 32 hexadecimal digits");
        }

        using OwnerKey owner = OwnerKey.Load(folder.OwnerKeyPath);
        using StateSeal seal = new(owner.Secret);
        using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath, seal);
        byte[] canaryId = Convert.FromHexString(id);
        if (state.Canary(canaryId) is not { ManifestRoot: { } root } canary || !state.TryGetTicket(canaryId, out byte[]? encoded))
        {
            throw new CommandException($"no answered canary {id} is in this validator's state");
        }

        string path = Path.Combine(folder.DisputesFolder, $"{id.ToLowerInvariant()}.json");
        File.Delete(path);
        new DisputeFile(1, state.Node(canary.Node).Name, Convert.ToHexStringLower(root), encoded).Save(path);
        CryptographicOperations.ZeroMemory(encoded);
        if (context.Json)
            context.Output.WriteJson(new { file = path });
        else
            context.Output.Line($"{path}: give it to a validator that has the model. It holds the canary's texts and audit secret.");
        return ExitCode.Accepted;
    }

    private static async Task<ExitCode> SettleAsync(VerbContext context, ValidatorFolder folder, string path, string? modelPath, bool offline, CancellationToken stop)
    {
        if (!DisputeFile.TryParse(await File.ReadAllBytesAsync(path, stop).ConfigureAwait(false), out DisputeFile? file, out AuditTicket? ticket, out string? error))
        {
            throw new CommandException(ExitCode.Malformed, $"{path}: {error}");
        }

        using (ticket)
        {
            using ReplayModel model = Find(folder, modelPath, file.ManifestRoot, stop);
            Policy policy = folder.LoadPolicy();
            using VerathosClient client = VerathosClient.Create([ticket.Node], new ClientOptions { Policy = policy, TrustAnchors = folder.LoadAnchors(policy), AllowSimulated = folder.Configuration.AllowSimulated });
            DisputeReport report;
            try
            {
                report = await DisputeRunner.RunAsync(ticket, model, offline ? null : client.Session, stop).ConfigureAwait(false);
            }
            catch (ArgumentException e)
            {
                throw new CommandException(ExitCode.Unsupported, e.Message, e);
            }

            if (context.Json)
                context.Output.WriteJson(report);
            else
                context.Output.Line($"{file.Node}: {report.Detail}.");
            return report.Result == DisputeResult.NodeIsRight ? ExitCode.Accepted : report.Result == DisputeResult.NodeIsWrong ? ExitCode.Rejected : ExitCode.Failed;
        }
    }

    private static ReplayModel Find(ValidatorFolder folder, string? given, string root, CancellationToken stop)
    {
        foreach (string path in given is null ? folder.Configuration.Models.Select(folder.Resolve) : [ModelPath.Resolve(given)])
        {
            ReplayModel model = ReplayModel.Open(path, new LoadOptions { Profile = NumericProfile.Served }, null, stop);
            if (Convert.ToHexStringLower(model.Manifest.Root) == root)
            {
                return model;
            }

            model.Dispose();
        }

        throw new CommandException(ExitCode.Unsupported, $"the weights of the model {root} are not here; name them with --model");
    }
}
