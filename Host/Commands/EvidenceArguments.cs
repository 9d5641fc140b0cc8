using System.CommandLine;
using Verathos.Attestation;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Bundles;
using Verathos.Client.Trust;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>The options that say which evidence is meant and what goes with it.</summary>
internal sealed class EvidenceArguments
{
    private const int NonceLength = 32;

    private readonly Argument<string?> _source = new("source")
    {
        Description = "A node's address, or a file: a saved bundle, a node's evidence, an SGX or TDX quote, an SEV-SNP report, a GPU report, an Azure guest's evidence, a token (default: the node at " + TrustArguments.DefaultNode + ")",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _node = new("--node") { Description = "A node's address" };

    private readonly Option<string?> _collateral = new("--collateral") { Description = "What goes with the evidence: a JSON file (QuoteCollateralV3, or as in a batch's line), or a folder of such files, certificates, lists and references" };

    private readonly Option<string?> _format = new("--format") { Description = "The evidence's format, where it is not to be recognised: quote, snp, gpu, azure-hcl, azure-maa, nvidia-eat" };

    private readonly Option<string?> _product = new("--product") { Description = "The AMD product line, for SEV-SNP reports that do not say it: Milan, Genoa, Bergamo, Siena, Turin" };

    private readonly Option<string?> _chain = new("--chain") { Description = "The certificate chain of a GPU report, PEM" };

    private readonly Option<string[]> _rims = new("--rim") { Description = "A reference measurement file of a GPU report; may be given several times" };

    private readonly Option<string?> _eventLog = new("--event-log") { Description = "The event log of a TDX guest: a CCEL table's area, or dstack's JSON list" };

    private readonly Option<string?> _nonce = new("--nonce") { Description = "The nonce that the evidence answers, in hexadecimal" };

    private readonly Option<string?> _at = new("--at") { Description = "The time of judgement, as 2026-01-31T12:00:00Z or in Unix seconds (default: now; a bundle's own time for a bundle)" };

    private readonly Option<string?> _requestedAt = new("--requested-at")
    {
        Description = "When you made the nonce of a node's evidence in a file, written like --at: its age counts from there. Without it nothing says how old the evidence is, and the time counts as asserted, which production policies reject",
    };

    private readonly Option<bool> _fetch = new("--fetch") { Description = "Ask the vendors' services for the collateral that is not at hand; without it nothing is fetched" };

    private readonly CollateralArguments _sources = new();

    public EvidenceArguments(Command command)
    {
        command.Arguments.Add(_source);
        command.Options.Add(_node);
        command.Options.Add(_collateral);
        command.Options.Add(_format);
        command.Options.Add(_product);
        command.Options.Add(_chain);
        command.Options.Add(_rims);
        command.Options.Add(_eventLog);
        command.Options.Add(_nonce);
        command.Options.Add(_at);
        command.Options.Add(_requestedAt);
        command.Options.Add(_fetch);
        _sources.AddCacheTo(command);
        _sources.AddServicesTo(command);
        Trust.AddTo(command, node: false);
    }

    public TrustArguments Trust { get; } = new();

    /// <summary>The roots: those that the policy asks for, else those that the options name.</summary>
    public TrustAnchors AnchorsFor(VerbContext context, Policy? policy)
    {
        if (context.Value(Trust.Anchors) is { } file && File.Exists(file))
            return TrustAnchors.TryFromRoots(File.ReadAllBytes(file), out TrustAnchors? given, out ParseError problem)
                ? given!
                : throw new CommandException(ExitCode.Failed, $"the trust anchors in {file} cannot be read: {problem}");

        if (policy is not null || context.Value(Trust.AllowSimulated))
            return Trust.AnchorsFor(context, policy);

        return context.Value(Trust.Anchors) is not { } folder
            ? TrustAnchors.Production
            : TrustAnchors.TryLoadSimulated(folder, out TrustAnchors? anchors, out string? error)
                ? anchors!
                : throw new CommandException(ExitCode.Failed, $"the trust anchors in {folder} cannot be read: {error}");
    }

    /// <summary>Fetches or reads what is meant.</summary>
    public async Task<EvidenceSource> LoadAsync(VerbContext context, CancellationToken token)
    {
        string? given = context.Value(_node) ?? context.Value(_source);
        DateTimeOffset? at = context.Value(_at) is { } time ? ParseTime(time, "--at") : null;
        DateTimeOffset? requestedAt = context.Value(_requestedAt) is { } made ? ParseTime(made, "--requested-at") : null;
        if (given is null || (given.Contains("://", StringComparison.Ordinal) && !File.Exists(given)))
            return await FetchAsync(TrustArguments.ParseNode(WholeNode(context, given ?? TrustArguments.DefaultNode)), at, token).ConfigureAwait(false);

        byte[] file = await File.ReadAllBytesAsync(given, token).ConfigureAwait(false);
        byte[]? nonce = context.Value(_nonce) is { } hex ? ParseNonce(hex) : null;
        TimeSource source = at is null ? TimeSource.Verifier : TimeSource.Asserted;
        DateTimeOffset when = at ?? TimeProvider.System.GetUtcNow();
        EvidenceFileKind kind = context.Value(_format) is null ? EvidenceFile.Recognise(file) : EvidenceFileKind.Unknown;
        switch (kind)
        {
            case EvidenceFileKind.Bundle:
                WholeNode(context, given);
                ProofBundle.TryDecode(file, out ProofBundle? bundle, out _);
                return new EvidenceSource.Bundle(bundle!, at, TimeSource.Asserted);
            case EvidenceFileKind.Collection:
                WholeNode(context, given);
                return new EvidenceSource.Collection(
                    file,
                    nonce is { Length: NonceLength } exact ? exact : throw new CommandException(ExitCode.Usage, $"{given} is a node's evidence, which answers a nonce: give its 64 digits with --nonce"),
                    requestedAt ?? when,
                    when,
                    requestedAt is null ? TimeSource.Asserted : source);
            default:
                EvidenceFormat format = Format(context, file);
                if (format == EvidenceFormat.Unknown)
                    throw new CommandException(ExitCode.Malformed, $"{given} is no evidence that is known here; name its format with --format if it is");

                (byte[]? collected, string? lacking) = await CollectAsync(context, format, file, when, token).ConfigureAwait(false);
                return new EvidenceSource.Piece(new BatchRequest
                {
                    Evidence = file,
                    Format = format,
                    Collateral = collected,
                    EventLog = context.Value(_eventLog) is { } log ? await File.ReadAllBytesAsync(log, token).ConfigureAwait(false) : (ReadOnlyMemory<byte>?)null,
                    Nonce = nonce is null ? (ReadOnlyMemory<byte>?)null : nonce,
                    Product = context.Value(_product),
                    At = at,
                })
                {
                    CollateralProblem = lacking,
                };
        }
    }

    /// <summary>Refuses options that would look as if they ruled on a batch, whose lines each say for themselves what they are judged by.</summary>
    public void RefuseBesideBatch(VerbContext context)
    {
        (string Name, string? Value)[] options =
        [
            ("--policy", context.Value(Trust.PolicyFile)), ("--trust-anchor", context.Value(Trust.Anchors)), ("--at", context.Value(_at)),
            ("--collateral", context.Value(_collateral)), ("--nonce", context.Value(_nonce)), ("--product", context.Value(_product)), ("--format", context.Value(_format)),
            ("a file", context.Value(_source)),
        ];
        string? name = options.Where(option => option.Value is not null).Select(option => option.Name).FirstOrDefault();
        if (name is not null)
            throw new CommandException(ExitCode.Usage, $"{name} does not go with --batch: each line says its own policy, trust_anchor_pem, at, collateral, nonce, product and format");
    }

    private EvidenceFormat Format(VerbContext context, byte[] file)
    {
        if (context.Value(_format) is not { } name)
            return EvidenceFormats.Recognise(file);

        return EvidenceFormats.TryFind(name, out EvidenceFormat format)
            ? format
            : throw new CommandException(ExitCode.Usage, $"no format {name}; there are {string.Join(", ", EvidenceFormats.All)}");
    }

    /// <summary>What gives lines of a batch that bring no collateral theirs, from the cache and, where asked, from the services; null where neither is named.</summary>
    public Func<BatchRequest, ReadOnlyMemory<byte>>? ForBatch(VerbContext context, CancellationToken token)
    {
        if (!Collects(context))
            return null;

        if (context.Value(_sources.Cache) is null)
            throw new CommandException(ExitCode.Usage, "a batch that fetches keeps what it fetches: name a folder with --cache");

        TcbSelection selection = _sources.Selection(context);
        HashSet<string> said = [];
        return request =>
        {
            CollateralRequest wanted = new() { Evidence = request.Evidence, Format = request.Format, Product = request.Product, Selection = selection };
            TrustAnchors roots = request.Anchors ?? TrustAnchors.Production;
            if (!CollateralPlan.TryCreate(wanted, roots, out CollateralPlan? plan, out string problem))
                return default;

            try
            {
                DateTimeOffset at = request.At ?? TimeProvider.System.GetUtcNow();

                // A line is verified on a thread of its own, which has nothing else to do.
                CollectedCollateral collected = _sources.CollectAsync(context, plan!, roots, at, context.Value(_fetch), token).GetAwaiter().GetResult();
                Say(collected.Failure?.Message);
                return collected.Json;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Say(e.Message);
                return default;
            }
        };

        void Say(string? text)
        {
            lock (said)
            {
                if (text is not null && said.Count < 100 && said.Add(text))
                    context.Output.Note("collateral: " + text);
            }
        }
    }

    private string WholeNode(VerbContext context, string source) => Collects(context)
        ? throw new CommandException(ExitCode.Usage, $"{source} is a node's evidence, which brings its own collateral: --fetch and --cache are for lone quotes and reports")
        : source;

    private bool Collects(VerbContext context) => context.Value(_fetch) || context.Value(_sources.Cache) is not null;

    // What is given, and, where a cache or the network may be asked, what they add. A document that is not to be had does not end
    // the verb: the verdict rejects for its lack, and the problem is said beside it.
    private async Task<(byte[]? Json, string? Problem)> CollectAsync(VerbContext context, EvidenceFormat format, byte[] evidence, DateTimeOffset at, CancellationToken token)
    {
        byte[]? given = Collateral(context, format);
        if (!Collects(context) || format is EvidenceFormat.AzureToken or EvidenceFormat.NvidiaToken)
            return (given, null);

        TrustAnchors anchors = AnchorsFor(context, context.Value(Trust.PolicyFile) is null ? null : Trust.Policy(context));
        TcbSelection selection = _sources.Selection(context);
        if (given is not null && _sources.OpenCache(context) is { } cache && await CollateralCommand.OlderAsync(cache, given, selection, anchors, token).ConfigureAwait(false) is { } older)
            throw new CommandException(ExitCode.Rejected, older);

        CollateralRequest request = new()
        {
            Evidence = evidence,
            Format = format,
            Product = context.Value(_product),
            Selection = selection,
            GpuChainPem = context.Value(_chain) is { } chain ? await File.ReadAllBytesAsync(chain, token).ConfigureAwait(false) : default,
            Given = given,
        };
        if (!CollateralPlan.TryCreate(request, anchors, out CollateralPlan? plan, out string problem))
            return (given, problem);

        CollectedCollateral collected = await _sources.CollectAsync(context, plan!, anchors, at, context.Value(_fetch), token).ConfigureAwait(false);
        string[] lacking = [.. new[] { collected.Failure?.Message }.Concat(collected.Documents.Select(document => document.Remark)).OfType<string>()];
        return (collected.Json.IsEmpty ? null : collected.Json.ToArray(), lacking.Length == 0 ? null : string.Join("; ", lacking));
    }

    // A GPU's chain and references may be named one by one, or lie with what else goes with the evidence.
    private byte[]? Collateral(VerbContext context, EvidenceFormat format)
    {
        List<string> paths = [.. new[] { context.Value(_collateral), context.Value(_chain) }.OfType<string>(), .. context.Value(_rims) ?? []];
        if (paths.Count == 0)
            return null;

        return CollateralFolder.TryRead(paths, format, out byte[] json, out string problem)
            ? json
            : throw new CommandException(ExitCode.Malformed, problem);
    }

    private static async Task<EvidenceSource> FetchAsync(Uri node, DateTimeOffset? at, CancellationToken token)
    {
        try
        {
            using EvidenceFetcher fetcher = new(new ClientOptions());
            FetchedEvidence fetched = await fetcher.FetchAsync(node, token).ConfigureAwait(false);
            return new EvidenceSource.Collection(
                fetched.Raw,
                fetched.Nonce,
                fetched.RequestedAt,
                at ?? TimeProvider.System.GetUtcNow(),
                at is null ? TimeSource.Verifier : TimeSource.Asserted);
        }
        catch (VerathosException failure)
        {
            throw TrustArguments.Failure(failure);
        }
    }

    /// <summary>Reads a nonce of the command line.</summary>
    public static byte[] ParseNonce(string hex)
    {
        byte[] nonce = new byte[hex.Length / 2];
        return hex.Length is > 0 and <= 128 && (hex.Length & 1) == 0 && Convert.FromHexString(hex, nonce, out _, out _) == System.Buffers.OperationStatus.Done
            ? nonce
            : throw new CommandException(ExitCode.Usage, "--nonce takes hexadecimal digits, at most 64 bytes");
    }

    /// <summary>Reads a time of the command line; the option is named in the error.</summary>
    public static DateTimeOffset ParseTime(string text, string option) => BatchRequest.TryReadTime(text, out DateTimeOffset time)
        ? time
        : throw new CommandException(ExitCode.Usage, $"{option} takes a time such as 2026-01-31T12:00:00Z, or Unix seconds");
}
