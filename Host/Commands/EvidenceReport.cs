using System.Globalization;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;
using Verathos.Client.Verdicts;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>Prints the outcome of <c>evidence</c> and <c>receipt verify</c>.</summary>
internal static class EvidenceReport
{
    /// <summary>The policy line that says whose word on the time counts.</summary>
    private const string TimeSourceCheck = CheckNames.PolicyPrefix + "node.timeSources";

    /// <summary>What the evidence says. The exit status is that of <see cref="Verify"/>.</summary>
    public static ExitCode Show(VerbContext context, TrustArguments trust, Policy? policy, EvidenceSource.Appraised appraised)
    {
        Verdict verdict = appraised.Verdict;
        ExitCode exit = Exit(context, trust, appraised);
        if (appraised.Simulated)
            context.Output.Simulated();

        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                kind = appraised.Source.Name,
                exit = (int)exit,
                outcome = exit,
                policy = policy?.Name,
                simulated = appraised.Simulated,
                node = Node(appraised.Evidence),
                verdict = TrustArguments.Json(verdict),
            });
        }
        else
        {
            context.Output.Table(["claim", "value"], Claims(appraised), appraised.Source.Name + (appraised.Simulated ? " (SIMULATED)" : ""));
            context.Output.Line(VerdictTable.Summary(verdict));
            if (policy is null)
                context.Output.Line("nothing here was judged by a policy; name one with --policy, or use evidence verify");

            Hint(context, appraised, exit);
        }

        return exit;
    }

    /// <summary>Every check and the outcome. The exit status is that of the verdict, or of the receipt where that is what fails.</summary>
    public static ExitCode Verify(VerbContext context, TrustArguments trust, Policy? policy, EvidenceSource.Appraised appraised)
    {
        Verdict verdict = appraised.Verdict;
        ExitCode exit = Exit(context, trust, appraised);

        if (appraised.Simulated)
            context.Output.Simulated();

        if (appraised.Source.CollateralProblem is { } lacking)
            context.Output.Note("collateral: " + lacking);

        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                kind = appraised.Source.Name,
                exit = (int)exit,
                outcome = exit,
                simulated = appraised.Simulated,
                policy = policy?.Name,
                same_policy_as_saved = appraised.SamePolicy,
                node = Node(appraised.Evidence),
                collateral_problem = appraised.Source.CollateralProblem,
                verdict = TrustArguments.Json(verdict),
                receipt = appraised.Receipt is { } checks ? TrustArguments.Json(checks) : null,
            });
            return exit;
        }

        string title = $"{appraised.Source.Name}, {(policy is null ? "no policy" : "policy " + policy.Name)}{(appraised.Simulated ? " (SIMULATED)" : "")}";
        context.Output.Table(VerdictTable.Headers, VerdictTable.Rows(verdict.Checks), title);
        if (appraised.Receipt is { } receipt)
        {
            context.Output.Table(VerdictTable.Headers, VerdictTable.Rows(receipt.Checks), "the receipt");
            context.Output.Line(VerdictTable.Summary(receipt));
        }

        if (verdict.Advisories.Count > 0)
            context.Output.Line("advisories: " + string.Join(", ", verdict.Advisories));

        context.Output.Line(VerdictTable.Time(verdict));
        if (appraised.SamePolicy == false)
            context.Output.Line("the bundle was saved under another policy than the one applied here");

        context.Output.Line(VerdictTable.Summary(verdict));
        if (verdict.UnevaluatedLines.Count > 0)
            context.Output.Line($"not evaluated, because this evidence cannot answer them: {string.Join(", ", verdict.UnevaluatedLines)}");

        Hint(context, appraised, exit);
        return exit;
    }

    private static ExitCode Exit(VerbContext context, TrustArguments trust, EvidenceSource.Appraised appraised)
    {
        ExitCode exit = trust.Exit(context, appraised.Verdict);
        return exit is ExitCode.Accepted or ExitCode.NotAppraised && appraised.Receipt is { Valid: false } ? ExitCode.Rejected : exit;
    }

    /// <summary>What a person may do about a rejection that is no fault of the evidence.</summary>
    private static void Hint(VerbContext context, EvidenceSource.Appraised appraised, ExitCode exit)
    {
        Verdict verdict = appraised.Verdict;
        if (verdict is { IsAccepted: true, Simulated: true } && exit == ExitCode.Rejected && appraised.Receipt is not { Valid: false })
            context.Output.Note("simulated evidence is accepted with --allow-simulated only");

        if (verdict.TimeSource != TimeSource.Asserted || verdict.Find(TimeSourceCheck) is not { Result: CheckResult.Failed })
            return;

        context.Output.Note(appraised.Source switch
        {
            EvidenceSource.Bundle => "the times in a saved file are its maker's word: name the time from your own knowledge with receipt verify --at TIME, or --now",
            EvidenceSource.Collection => "say when you made the nonce with --requested-at TIME, and leave --at out to judge by this machine's clock",
            _ => "leave --at out to judge by this machine's clock",
        });
    }

    private static IEnumerable<IReadOnlyList<string>> Claims(EvidenceSource.Appraised appraised)
    {
        if (appraised.Evidence is { Keyset: { } keyset, Manifest: { } manifest, Configuration: { } configuration } evidence)
        {
            yield return [manifest.Several.Count == 0 ? "model" : "models", string.Join(", ", manifest.Names)];
            yield return ["manifest root", Convert.ToHexStringLower(manifest.Root)];
            foreach (Protocol.Evidence.ModelEntry model in manifest.Several)
                yield return [$"  of {model.Name}", $"{Convert.ToHexStringLower(model.Root.Span)}, {model.NumericProfile}, prompts to {model.MaxPromptTokens} tokens"];

            yield return ["keyset digest", Convert.ToHexStringLower(keyset.Digest.Span)];
            yield return ["keyset valid", $"{Time(keyset.NotBefore)} to {Time(keyset.NotAfter)}"];
            yield return ["keys", string.Join(", ", keyset.KeyConfigs.Select(key => key.Kem.ToString()))];
            yield return ["binding", Convert.ToHexStringLower(evidence.Binding.Span)];
            yield return ["topology", configuration.Topology];
            yield return ["engine", configuration.Engine];
            yield return ["numeric profile", configuration.NumericProfile];
            yield return ["GPUs", evidence.Collection!.Gpus.Count.ToString(CultureInfo.InvariantCulture)];
        }

        foreach ((string name, string value) in appraised.Verdict.Claims)
            yield return [name, value];
    }

    private static object? Node(AppraisedEvidence? evidence) =>
        evidence is { Keyset: { } keyset, Manifest: { } manifest, Configuration: { } configuration }
            ? new
            {
                model = manifest.Name,
                manifest_root = Convert.ToHexStringLower(manifest.Root),
                models = manifest.Several.Select(model => new
                {
                    name = model.Name,
                    manifest_root = Convert.ToHexStringLower(model.Root.Span),
                    numeric_profile = model.NumericProfile,
                    max_prompt_tokens = model.MaxPromptTokens,
                    tensors = model.Tensors,
                    bytes = model.Bytes,
                }),
                keyset_digest = Convert.ToHexStringLower(keyset.Digest.Span),
                not_before = keyset.NotBefore,
                not_after = keyset.NotAfter,
                kems = keyset.KeyConfigs.Select(key => key.Kem.ToString()),
                binding = Convert.ToHexStringLower(evidence.Binding.Span),
                topology = configuration.Topology,
                engine = configuration.Engine,
                numeric_profile = configuration.NumericProfile,
                gpus = evidence.Collection!.Gpus.Count,
            }
            : null;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
