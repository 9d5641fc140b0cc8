using System.CommandLine;
using Verathos.Attestation;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos collateral fetch|import|list|token</c>: what vendors publish to judge evidence by, fetched on one machine and used on another.</summary>
internal static class CollateralCommand
{
    private const long LongestFile = 16 << 20;

    public static Command Create() => new("collateral", "Fetch, import and list what evidence is judged by")
    {
        CreateFetch(), CreateImport(), CreateList(), CollateralTokenCommand.Create(),
    };

    private static Command CreateFetch()
    {
        Argument<string> file = new("FILE") { Description = "A quote, an SEV-SNP report, GPU reports, or an Azure guest's evidence" };
        Option<string?> outFile = new("--out") { Description = "Where to write the collateral, in the form that evidence verify --collateral reads; - for standard output" };
        Option<string?> format = new("--format") { Description = "The evidence's format, where it is not to be recognised: quote, snp, gpu, azure-hcl" };
        Option<string?> product = new("--product") { Description = "The AMD product line, for reports that do not say it: Milan, Genoa, Bergamo, Siena, Turin" };
        Option<string?> chain = new("--chain") { Description = "The certificate chain of a lone GPU report, PEM" };
        Option<string?> given = new("--collateral") { Description = "What is at hand already, such as a provider's VLEK certificate: a file or folder; what it has is not fetched" };
        Option<string?> at = new("--at") { Description = "The time by which documents must hold, as 2026-01-31T12:00:00Z or in Unix seconds (default: now)" };
        Command command = new("fetch", "Fetch what a piece of evidence needs into a file, a cache, or both") { file, outFile, format, product, chain, given, at };
        CollateralArguments arguments = new();
        arguments.AddCacheTo(command);
        arguments.AddServicesTo(command);
        Option<string?> anchors = AddAnchors(command);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(outFile) is null && context.Value(arguments.Cache) is null)
                throw new CommandException(ExitCode.Usage, "say where the collateral goes: --out FILE, --cache DIR, or both");

            string path = context.Value(file)!;
            byte[] evidence = await ReadAsync(path, token).ConfigureAwait(false);
            EvidenceFormat kind = EvidenceFormats.Recognise(evidence);
            if (context.Value(format) is { } name && !EvidenceFormats.TryFind(name, out kind))
                throw new CommandException(ExitCode.Usage, $"no format {name}; there are {string.Join(", ", EvidenceFormats.All)}");

            TrustAnchors roots = Anchors(context, anchors);
            CollateralRequest request = new()
            {
                Evidence = evidence,
                Format = kind,
                Product = context.Value(product),
                Selection = arguments.Selection(context),
                GpuChainPem = context.Value(chain) is { } pem ? await ReadAsync(pem, token).ConfigureAwait(false) : default,
                Given = Given(context.Value(given), kind),
            };
            if (!CollateralPlan.TryCreate(request, roots, out CollateralPlan? plan, out string problem))
                throw new CommandException(kind == EvidenceFormat.Unknown ? ExitCode.Malformed : ExitCode.Unsupported, $"{path}: {problem}");

            DateTimeOffset when = context.Value(at) is { } time ? EvidenceArguments.ParseTime(time, "--at") : TimeProvider.System.GetUtcNow();
            CollectedCollateral collected = await arguments.CollectAsync(context, plan!, roots, when, fetch: true, token).ConfigureAwait(false);
            return await ReportAsync(context, collected, context.Value(outFile), token).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> ReportAsync(VerbContext context, CollectedCollateral collected, string? outFile, CancellationToken token)
    {
        bool missing = collected.Documents.Any(document => document.Origin == DocumentOrigin.Missing);
        ExitCode exit = collected.Failure is { } failure ? CollateralArguments.Exit(failure.Failure) : missing ? ExitCode.Failed : ExitCode.Accepted;
        bool written = collected.Failure is null && outFile is not null;
        if (written && outFile != "-")
            await File.WriteAllBytesAsync(outFile!, collected.Json.ToArray(), token).ConfigureAwait(false);

        if (written && outFile == "-")
        {
            context.Output.RawLine(System.Text.Encoding.UTF8.GetString(collected.Json.Span));
        }
        else if (context.Json)
        {
            context.Output.WriteJson(new
            {
                exit = (int)exit,
                outcome = exit,
                @out = written ? outFile : null,
                documents = collected.Documents.Select(CollateralDisplay.Json),
                failure = collected.Failure?.Failure,
                problem = collected.Failure?.Message,
            });
        }
        else
        {
            context.Output.Table(CollateralDisplay.Headers, collected.Documents.Select(CollateralDisplay.Row));
        }

        foreach (CollectedDocument document in collected.Documents.Where(document => document.Remark is not null))
            context.Output.Note(document.Remark!);
        if (collected.Failure is not null)
            context.Output.Note("verathos: " + collected.Failure.Message);
        return exit;
    }

    private static Command CreateImport()
    {
        Argument<string[]> files = new("FILE")
        {
            Description = "Collateral files of fetch or of another tool, certificates, lists and references, or folders of such",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("import", "Put collateral files into a cache; what is older than the cache has seen is refused") { files };
        CollateralArguments arguments = new();
        arguments.AddCacheTo(command);
        Option<string?> anchors = AddAnchors(command);
        command.SetVerb(async (context, token) =>
        {
            CollateralCache cache = arguments.OpenCache(context) ?? throw new CommandException(ExitCode.Usage, "name the cache with --cache DIR");
            TrustAnchors roots = Anchors(context, anchors);
            TcbSelection selection = arguments.Selection(context);
            List<(string File, StoreOutcome Outcome)> outcomes = [];
            foreach (string file in (context.Value(files) ?? []).SelectMany(Expand))
            {
                foreach (StoreOutcome outcome in await ImportAsync(cache, file, selection, roots, token).ConfigureAwait(false))
                    outcomes.Add((file, outcome));
            }

            int refused = outcomes.Count(item => !item.Outcome.Stored);
            ExitCode exit = refused == 0 ? ExitCode.Accepted : ExitCode.Rejected;
            if (context.Json)
            {
                context.Output.WriteJson(new
                {
                    exit = (int)exit,
                    outcome = exit,
                    cache = cache.Folder,
                    stored = outcomes.Count - refused,
                    refused,
                    documents = outcomes.Select(item => new
                    {
                        file = item.File,
                        kind = item.Outcome.Kind,
                        name = item.Outcome.Name,
                        channel = item.Outcome.Channel,
                        stored = item.Outcome.Stored,
                        failure = item.Outcome.Stored ? (FetchFailure?)null : item.Outcome.Failure,
                        problem = item.Outcome.Problem,
                    }),
                });
            }
            else
            {
                context.Output.Table(["file", "document", "name", ""], outcomes.Select(item => (IReadOnlyList<string>)
                [
                    item.File, item.Outcome.Kind.ToString(), Named(item.Outcome.Name, item.Outcome.Channel), item.Outcome.Stored ? "stored" : $"REFUSED, {item.Outcome.Failure}: {item.Outcome.Problem}",
                ]));
                context.Output.Line($"{outcomes.Count - refused} documents stored, {refused} refused");
            }

            return exit;
        });
        return command;
    }

    private static async Task<IReadOnlyList<StoreOutcome>> ImportAsync(
        CollateralCache cache, string file, TcbSelection selection, TrustAnchors roots, CancellationToken token)
    {
        try
        {
            return CollateralFolder.TryRead(file, EvidenceFormat.Unknown, out byte[] json, out string problem)
                ? await CollateralFile.ImportAsync(cache, json, selection, roots, TimeProvider.System.GetUtcNow(), Path.GetFileName(file), token).ConfigureAwait(false)
                : [new StoreOutcome(CollateralKind.None, "", "", false, FetchFailure.WrongContent, problem)];
        }
        catch (CollateralException e)
        {
            return [new StoreOutcome(CollateralKind.None, "", "", false, e.Failure, e.Message)];
        }
    }

    private static Command CreateList()
    {
        Option<string?> at = new("--at") { Description = "The time by which documents must hold (default: now)" };
        Command command = new("list", "List what a cache holds, what of it is of no use, and why") { at };
        CollateralArguments arguments = new();
        command.Options.Add(arguments.Cache);
        Option<string?> anchors = AddAnchors(command);
        command.SetVerb(async (context, token) =>
        {
            CollateralCache cache = arguments.OpenCache(context) ?? throw new CommandException(ExitCode.Usage, "name the cache with --cache DIR");
            DateTimeOffset when = context.Value(at) is { } time ? EvidenceArguments.ParseTime(time, "--at") : TimeProvider.System.GetUtcNow();
            IReadOnlyList<CacheEntry> entries = await cache.ListAsync(Anchors(context, anchors), when, token).ConfigureAwait(false);
            IReadOnlyList<HighestSeen> highest = await cache.ListHighestAsync(token).ConfigureAwait(false);
            if (context.Json)
            {
                context.Output.WriteJson(new
                {
                    cache = cache.Folder,
                    at = when,
                    highest = highest.Select(mark => new { issuer = mark.Issuer, number = Number(mark.Number), issued = mark.Issued }),
                    documents = entries.Select(entry => new
                    {
                        kind = entry.Kind,
                        name = entry.Name,
                        channel = entry.Channel,
                        number = Number(entry.Number),
                        issued = entry.Issued,
                        next_update = entry.NextUpdate,
                        fetched_at = entry.FetchedAt,
                        source = entry.Source,
                        bytes = entry.Length,
                        problem = entry.Problem,
                    }),
                });
            }
            else
            {
                context.Output.Table(
                    ["document", "name", "number", "issued", "good until", "fetched", ""],
                    entries.Select(entry => (IReadOnlyList<string>)
                    [
                        entry.Kind.ToString(), Named(entry.Name, entry.Channel), Number(entry.Number) ?? "",
                        CollateralDisplay.Time(entry.Issued), CollateralDisplay.Time(entry.NextUpdate), CollateralDisplay.Time(entry.FetchedAt), entry.Problem ?? "good",
                    ]));
                context.Output.Table(
                    ["highest seen of", "number", "issued"],
                    highest.Select(mark => (IReadOnlyList<string>)[mark.Issuer, Number(mark.Number)!, CollateralDisplay.Time(mark.Issued)]));
                context.Output.Line($"{entries.Count} documents in {cache.Folder}, {entries.Count(entry => entry.Problem is null)} of use at {CollateralDisplay.Time(when)}");
            }

            return ExitCode.Accepted;
        });
        return command;
    }

    /// <summary>Names what of given collateral is older than a cache has seen; null where nothing is.</summary>
    public static async Task<string?> OlderAsync(CollateralCache cache, byte[] json, TcbSelection selection, TrustAnchors roots, CancellationToken token)
    {
        try
        {
            return await CollateralFile.FindOlderAsync(cache, json, selection, roots, token).ConfigureAwait(false) is [StoreOutcome older, ..]
                ? $"the given {older.Kind} {Named(older.Name, older.Channel)} is older than the cache has seen: {older.Problem}"
                : null;
        }
        catch (CollateralException)
        {
            // No form that a cache keeps, such as a lone VLEK certificate: the verifier reads it and says what it is.
            return null;
        }
    }

    /// <summary>The option that replaces the vendors' roots.</summary>
    public static Option<string?> AddAnchors(Command command)
    {
        Option<string?> option = new("--trust-anchor") { Description = "A PEM file of roots that replace the vendors' own, or the folder of a simulated installation's" };
        command.Options.Add(option);
        return option;
    }

    /// <summary>The vendors' roots, or those that the option names.</summary>
    public static TrustAnchors Anchors(VerbContext context, Option<string?> option)
    {
        if (context.Value(option) is not { } path)
            return TrustAnchors.Production;

        if (Directory.Exists(path))
        {
            return TrustAnchors.TryLoadSimulated(path, out TrustAnchors? simulated, out string? error)
                ? simulated!
                : throw new CommandException(ExitCode.Failed, $"the trust anchors in {path} cannot be read: {error}");
        }

        return TrustAnchors.TryFromRoots(File.ReadAllBytes(path), out TrustAnchors? given, out ParseError problem)
            ? given!
            : throw new CommandException(ExitCode.Failed, $"the trust anchors in {path} cannot be read: {problem}");
    }

    /// <summary>Reads a file of evidence.</summary>
    public static async Task<byte[]> ReadAsync(string path, CancellationToken token) =>
        new FileInfo(path) is { Exists: true, Length: > LongestFile }
            ? throw new CommandException(ExitCode.Malformed, $"{path} is longer than {LongestFile} bytes")
            : await File.ReadAllBytesAsync(path, token).ConfigureAwait(false);

    /// <summary>What is at hand already, as one JSON object; empty where nothing is.</summary>
    public static ReadOnlyMemory<byte> Given(string? path, EvidenceFormat format) =>
        path is null ? default
        : CollateralFolder.TryRead(path, format, out byte[] json, out string problem) ? json
        : throw new CommandException(ExitCode.Malformed, problem);

    private static IEnumerable<string> Expand(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : [path];

    private static string? Number(System.Numerics.BigInteger? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Named(string name, string channel) => channel.Length == 0 ? name : $"{name} ({channel})";
}
