using System.CommandLine;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Bundles;
using Verathos.Client.Streams;
using Verathos.Client.Verdicts;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos receipt save|verify</c>: keep the proof of an answer in one file, and check such a file offline.</summary>
internal static class ReceiptCommand
{
    public static Command Create()
    {
        Command command = new("receipt", "Save the proof of an answer in one file, or verify such a file offline");
        command.Subcommands.Add(CreateSave());
        command.Subcommands.Add(CreateVerify());
        return command;
    }

    private static Command CreateSave()
    {
        Command command = new("save", "Ask a node and write evidence, collateral, policy and receipt to one file");
        TrustArguments trust = new();
        SamplingArguments sampling = new();
        Argument<string> prompt = new("prompt") { Description = "What to ask" };
        Option<string> file = new("--out") { Description = "The file to write", DefaultValueFactory = _ => "answer.verathos" };
        Option<bool> withoutContent = new("--without-content")
        {
            Description = "Leave out token ids and the receipt's secret, so that the file may be shown to others; the checks that need them are then left out",
        };
        command.Arguments.Add(prompt);
        command.Options.Add(file);
        command.Options.Add(withoutContent);
        trust.AddTo(command);
        sampling.AddTo(command);
        command.SetVerb(async (context, token) =>
        {
            try
            {
                using VerathosClient client = await VerathosClient.ConnectAsync(trust.Nodes(context), trust.Options(context), token).ConfigureAwait(false);
                if (client.Session.Simulated)
                    context.Output.Simulated();

                Answer answer = await client.CompleteAsync(sampling.Request(context, [("user", context.Value(prompt)!)]), token).ConfigureAwait(false);
                byte[] bundle = ProofBundle.Of(answer, !context.Value(withoutContent)).Encode();
                string path = Path.GetFullPath(context.Value(file)!);
                await File.WriteAllBytesAsync(path, bundle, token).ConfigureAwait(false);
                Report(context, answer, path, bundle.Length);
                return ExitCode.Accepted;
            }
            catch (VerathosException failure)
            {
                throw TrustArguments.Failure(failure);
            }
        });
        return command;
    }

    private static Command CreateVerify()
    {
        Command command = new("verify", "Verify a saved file without its node, at the time that it records or at one that you give");
        TrustArguments trust = new();
        Argument<string> file = new("file") { Description = "A file that receipt save wrote" };
        Option<string?> at = new("--at")
        {
            Description = "Judge at this time, which you answer for from your own knowledge (as 2026-01-31T12:00:00Z or in Unix seconds). The times inside the file are its maker's word, and production policies take none of them",
        };
        Option<bool> now = new("--now") { Description = "Judge at this machine's time, while the evidence is still young enough for the policy" };
        Option<bool> savedPolicy = new("--saved-policy") { Description = "Apply the policy inside the file instead of your own; it proves only what that policy asks for" };
        command.Arguments.Add(file);
        command.Options.Add(savedPolicy);
        command.Options.Add(at);
        command.Options.Add(now);
        trust.AddTo(command, node: false);
        command.SetVerb(async (context, token) =>
        {
            string path = context.Value(file)!;
            byte[] bytes = await File.ReadAllBytesAsync(path, token).ConfigureAwait(false);
            if (!ProofBundle.TryDecode(bytes, out ProofBundle? bundle, out string? error))
                throw new CommandException(ExitCode.Malformed, $"{path}: {error}; receipt save writes such files");

            if (bundle.Receipt is null || bundle.Transcript is null)
                throw new CommandException(ExitCode.Rejected, $"{path} holds no receipt, so it proves no answer; look at its evidence with evidence verify");

            if (context.Value(now) && context.Value(at) is not null)
                throw new CommandException(ExitCode.Usage, "--at and --now name two times; give one of them");

            DateTimeOffset? when = context.Value(now) ? TimeProvider.System.GetUtcNow()
                : context.Value(at) is { } time ? EvidenceArguments.ParseTime(time, "--at")
                : null;
            Policy policy = context.Value(savedPolicy) ? Saved(bundle, path) : trust.Policy(context);
            EvidenceSource.Bundle source = new(bundle, when, TimeSource.Verifier) { Trace = context.Value(trust.Trace) };
            return EvidenceReport.Verify(context, trust, policy, source.Appraise(policy, trust.AnchorsFor(context, policy)));
        });
        return command;
    }

    private static Policy Saved(ProofBundle bundle, string path) =>
        Policy.TryParse(bundle.Policy, out Policy? policy, out IReadOnlyList<string> errors)
            ? policy!
            : throw new CommandException(ExitCode.Malformed, $"the policy inside {path} cannot be read: {string.Join("; ", errors)}");

    private static void Report(VerbContext context, Answer answer, string path, int bytes)
    {
        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                file = path,
                bytes,
                text = answer.Text,
                simulated = answer.Simulated,
                verdict = TrustArguments.Json(answer.Node.Verdict),
                receipt = TrustArguments.Json(answer.ReceiptVerdict),
            });
            return;
        }

        context.Output.Text(answer.Text);
        context.Output.Line();
        context.Output.Note($"{(answer.Simulated ? "SIMULATED: " : "")}{VerdictTable.Summary(answer.ReceiptVerdict)}");
        context.Output.Note($"{bytes} bytes in {path}; check it later with: verathos receipt verify {path}");
    }
}
