using System.CommandLine;
using Verathos.Host.Cli;
using Verathos.Validator.Configuration;
using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator release</c>: the way back from quarantine, by hand and with a reason.</summary>
internal static class ValidatorReleaseCommand
{
    public static Command Create()
    {
        ValidatorArguments arguments = new();
        Argument<string> name = new("node") { Description = "The node's name" };
        Option<string> reason = new("--reason") { Description = "Why; it stands in the node's history", Required = true };
        Option<bool> early = new("--early") { Description = "Release it though its time in quarantine is not over, or it shows the keys that it was caught with; that stands in its history too" };
        Command command = new("release", "Take a node back from quarantine or a ban: its evidence begins at 0, and everything of it is audited again") { arguments.Dir, name, reason, early };
        command.SetVerb((context, _) => ValidatorArguments.RunAsync(() =>
        {
            if (string.IsNullOrWhiteSpace(context.Value(reason)))
            {
                throw new CommandException(ExitCode.Usage, "--reason says why");
            }

            ValidatorFolder folder = arguments.Open(context);
            using OwnerKey owner = OwnerKey.Load(folder.OwnerKeyPath);
            using StateSeal seal = new(owner.Secret);
            using ValidatorState state = ValidatorState.Open(folder.StatePath, seal);
            NodeRow node = state.Node(context.Value(name)!) ?? throw new CommandException($"no node {context.Value(name)} is known");
            if (node.Status == NodeStatus.Active)
            {
                throw new CommandException($"{node.Name} is in no quarantine");
            }

            int quarantines = Math.Max(1, state.Events(null, node.Id).Count(static e => e.Kind is EventKind.Caught or EventKind.Banned));
            bool keysChanged = node.CaughtKeyset is { } caught && node.KeysetDigest is { } now && !caught.AsSpan().SequenceEqual(now);
            bool may = WayBack.MayRelease(folder.Configuration.Scoring, node.StatusEpoch ?? 0, quarantines, state.LatestEpoch, keysChanged, out string? why);
            if (!may && !context.Value(early))
            {
                throw new CommandException(ExitCode.Rejected, $"{node.Name} is not released: {why} (--early releases it all the same)");
            }

            string detail = $"released by hand from {node.Status}, {node.StatusReason}{(may ? "" : $"; early: {why}")}";
            state.AddEvent(Math.Max(1, state.LatestEpoch), node.Id, TimeProvider.System.GetUtcNow(), new NewEvent(EventKind.Released, context.Value(reason)!, detail), folder.Configuration.FreshEpochs);
            if (context.Json)
                context.Output.WriteJson(new { node = node.Name, released = true, early = !may, detail });
            else
                context.Output.Line($"{node.Name}: {detail}. Everything of it is audited for {folder.Configuration.FreshEpochs} epochs.");
            return Task.FromResult(ExitCode.Accepted);
        }));
        return command;
    }
}
