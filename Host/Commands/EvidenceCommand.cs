using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Bundles;
using Verathos.Client.Trust;
using Verathos.Client.Verdicts;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos evidence show|verify</c>: what a node or a file of evidence says, and what becomes of it.</summary>
internal static class EvidenceCommand
{
    public static Command Create()
    {
        Command command = new("evidence", "Look at and verify evidence, of a node or in a file");
        command.Subcommands.Add(CreateShow());
        command.Subcommands.Add(CreateVerify());
        return command;
    }

    private static Command CreateShow()
    {
        Command command = new("show", "Print what evidence says, with the outcome of every check; judged only by a policy that is named");
        EvidenceArguments arguments = new(command);
        command.SetVerb(async (context, token) =>
        {
            EvidenceSource source = await arguments.LoadAsync(context, token).ConfigureAwait(false);
            Policy? policy = context.Value(arguments.Trust.PolicyFile) is null ? null : arguments.Trust.Policy(context);
            return EvidenceReport.Show(context, arguments.Trust, policy, source.Appraise(policy, arguments.AnchorsFor(context, policy)));
        });
        return command;
    }

    private static Command CreateVerify()
    {
        Command command = new("verify", "Verify evidence and appraise it under a policy");
        EvidenceArguments arguments = new(command);
        Option<string?> batch = new("--batch")
        {
            Description = "A file of lines, or - for standard input: one JSON object a line in (id, evidence_b64 or path, format, product, collateral, at, policy, trust_anchor_pem), one JSON verdict a line out, in the same order",
        };
        command.Options.Add(batch);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(batch) is { } lines)
            {
                arguments.RefuseBesideBatch(context);
                return await EvidenceBatch.RunAsync(lines, arguments.ForBatch(context, token), context.Output, token).ConfigureAwait(false);
            }

            EvidenceSource source = await arguments.LoadAsync(context, token).ConfigureAwait(false);
            bool given = context.Value(arguments.Trust.PolicyFile) is not null || context.Value(arguments.Trust.AllowSimulated);

            // The default policy is about nodes; a lone quote, report or token is judged by a policy that is named, or by none.
            Policy? policy = !given && source.IsPiece ? null : arguments.Trust.Policy(context);
            TrustAnchors anchors = arguments.AnchorsFor(context, policy);
            return EvidenceReport.Verify(context, arguments.Trust, policy, source.Appraise(policy, anchors));
        });
        return command;
    }
}
