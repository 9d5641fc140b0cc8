using System.CommandLine;
using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>The options by which a person says what to trust, shared by the verbs that act as a client.</summary>
internal sealed class TrustArguments
{
    /// <summary>Where a node is looked for when none is named.</summary>
    public const string DefaultNode = "http://127.0.0.1:8080";

    public Option<string[]> Node { get; } = new("--node")
    {
        Description = $"The node's address; give several to fail over in this order (default {DefaultNode})",
        AllowMultipleArgumentsPerToken = false,
    };

    public Option<string?> PolicyFile { get; } = new("--policy")
    {
        Description = "The policy file that rules on evidence (default: the strict production policy tdx-h100)",
    };

    public Option<string?> Anchors { get; } = new("--trust-anchor")
    {
        Description = "The folder of a simulated installation's root certificates (default: this user's, with --allow-simulated); for evidence, also a PEM file of roots that replace the vendors' own",
    };

    public Option<bool> AllowSimulated { get; } = new("--allow-simulated")
    {
        Description = "Take evidence of a simulated TEE; without --policy the policy simulated applies. It protects nothing",
    };

    public Option<TraceRequirement> Trace { get; } = new("--trace")
    {
        Description = "Whether answers must commit to their computation: served (where the numeric profile does), always or never",
    };

    public void AddTo(Command command, bool node = true)
    {
        command.Options.Add(Trace);
        if (node)
            command.Options.Add(Node);
        command.Options.Add(PolicyFile);
        command.Options.Add(Anchors);
        command.Options.Add(AllowSimulated);
    }

    /// <summary>The nodes named, or the default one.</summary>
    public IReadOnlyList<Uri> Nodes(VerbContext context)
    {
        string[] given = context.Value(Node) is { Length: > 0 } named ? named : [DefaultNode];
        return [.. given.Select(ParseNode)];
    }

    public static Uri ParseNode(string given) =>
        Uri.TryCreate(given, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new CommandException(ExitCode.Usage, $"{given} is not a node's address; write it as http://HOST:PORT");

    /// <summary>The policy in force.</summary>
    public Policy Policy(VerbContext context)
    {
        if (context.Value(PolicyFile) is not { } path)
            return Attestation.Policies.Policy.BuiltIn(context.Value(AllowSimulated) ? "simulated" : "tdx-h100");

        return Attestation.Policies.Policy.TryParse(File.ReadAllBytes(path), out Policy? policy, out IReadOnlyList<string> errors)
            ? policy!
            : throw new CommandException(ExitCode.Usage, $"{path} is not a policy: {string.Join("; ", errors)}");
    }

    /// <summary>The roots that go with a policy: the vendors' own, or a simulated installation's where the policy admits those alone.</summary>
    public TrustAnchors AnchorsFor(VerbContext context, Policy? policy)
    {
        bool simulated = policy?.Simulated ?? context.Value(AllowSimulated);
        string? folder = context.Value(Anchors);
        if (!simulated)
        {
            return folder is null
                ? TrustAnchors.Production
                : throw new CommandException(ExitCode.Usage, $"--trust-anchor names simulated roots, and policy {policy?.Name} is a production policy; leave one of them out");
        }

        if (!context.Value(AllowSimulated) && folder is null)
            throw new CommandException(ExitCode.Rejected, $"policy {policy?.Name} admits simulated evidence only; add --allow-simulated to try it out");

        return TrustAnchors.TryLoadSimulated(folder ?? SimulatedFolder.Default, out TrustAnchors? anchors, out string? error)
            ? anchors!
            : throw new CommandException(ExitCode.Failed, $"the simulated trust anchors cannot be read: {error} (--trust-anchor names a folder)");
    }

    public ClientOptions Options(VerbContext context)
    {
        Policy policy = Policy(context);
        return new ClientOptions
        {
            Policy = policy,
            TrustAnchors = AnchorsFor(context, policy),
            AllowSimulated = context.Value(AllowSimulated),
            Trace = context.Value(Trace),
        };
    }

    /// <summary>Trust in this user's own simulated installation, for verbs that start their own node.</summary>
    public static ClientOptions Simulated() => new()
    {
        Policy = Attestation.Policies.Policy.BuiltIn("simulated"),
        TrustAnchors = TrustAnchors.TryLoadSimulated(SimulatedFolder.Default, out TrustAnchors? anchors, out string? error)
            ? anchors
            : throw new CommandException(ExitCode.Failed, $"the simulated trust anchors cannot be read: {error}"),
        AllowSimulated = true,
    };

    /// <summary>The exit status that goes with a verdict.</summary>
    public ExitCode Exit(VerbContext context, in Verdict verdict) => verdict switch
    {
        { Kind: VerdictKind.Malformed } => ExitCode.Malformed,
        { Kind: VerdictKind.Unsupported } => ExitCode.Unsupported,
        { IsAccepted: false } => ExitCode.Rejected,
        { Appraised: false } => ExitCode.NotAppraised,
        { Simulated: true } when !context.Value(AllowSimulated) => ExitCode.Rejected,
        _ => ExitCode.Accepted,
    };

    /// <summary>Says what a client's failure means for the process.</summary>
    public static CommandException Failure(VerathosException failure) => new(
        failure.Failure switch
        {
            ClientFailure.EvidenceMalformed => ExitCode.Malformed,
            ClientFailure.EvidenceUnsupported or ClientFailure.NoUsableKey => ExitCode.Unsupported,
            ClientFailure.EvidenceRejected or ClientFailure.SimulatedNotAllowed or ClientFailure.ReceiptInvalid
                or ClientFailure.Equivocation or ClientFailure.OpeningInvalid or ClientFailure.StreamBroken => ExitCode.Rejected,
            ClientFailure.InvalidRequest => ExitCode.Usage,
            _ => ExitCode.Failed,
        },
        failure.Message,
        failure);

    /// <summary>A verdict as a JSON element with the member names of <see cref="Verdict.WriteJson"/>.</summary>
    public static JsonElement Json(in Verdict verdict)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            verdict.WriteJson(writer);

        return JsonElement.Parse(stream.ToArray());
    }

    /// <summary>A receipt's checks for <c>--json</c>.</summary>
    public static object Json(ReceiptVerdict verdict) => new
    {
        valid = verdict.Valid,
        reason = verdict.Reason,
        checks = verdict.Checks.Select(check => new
        {
            name = check.Name,
            result = check.Result,
            detail = check.Detail,
        }),
    };
}
