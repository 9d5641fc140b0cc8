using System.CommandLine;
using Verathos.Attestation;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>The options that say where collateral comes from: a disk cache, the vendors' services, and which of Intel's evaluations.</summary>
internal sealed class CollateralArguments
{
    public Option<string?> Cache { get; } = new("--cache") { Description = "A folder in which collateral is kept; without --fetch it is only read" };

    private readonly Option<string?> _update = new("--update") { Description = "Which of Intel's TCB evaluations: standard (default) or early" };

    private readonly Option<int?> _number = new("--tcb-evaluation-number") { Description = "Intel's TCB evaluation by its number, in the place of --update" };

    private readonly Option<string?> _pcs = new("--pcs") { Description = "Another address of Intel's PCS" };

    private readonly Option<string?> _rootCrl = new("--root-crl") { Description = "Another address of the Intel SGX Root CA's revocation list" };

    private readonly Option<string?> _pccs = new("--pccs") { Description = "A PCCS that is asked in the place of Intel's services" };

    private readonly Option<string?> _kds = new("--kds") { Description = "Another address of AMD's KDS" };

    private readonly Option<string?> _rim = new("--rim-service") { Description = "Another address of NVIDIA's RIM service" };

    private readonly Option<string?> _ocsp = new("--ocsp") { Description = "Another address of NVIDIA's OCSP responder" };

    private readonly Option<bool> _nonce = new("--ocsp-nonce") { Description = "Have OCSP answers made for this very question, by a nonce that they must repeat" };

    private readonly Option<bool> _refresh = new("--refresh") { Description = "Ask the services for everything, whatever the cache holds" };

    private readonly Option<double> _maximumAge = new("--max-age") { Description = "Hours after which a cached document is fetched again though its own time is not over", DefaultValueFactory = _ => 24 };

    private readonly Option<double> _timeout = new("--timeout") { Description = "Seconds that one document may take, all tries together", DefaultValueFactory = _ => 60 };

    /// <summary>The options of the disk alone.</summary>
    public void AddCacheTo(Command command)
    {
        command.Options.Add(Cache);
        command.Options.Add(_update);
        command.Options.Add(_number);
    }

    /// <summary>The options of the services.</summary>
    public void AddServicesTo(Command command)
    {
        foreach (Option option in new Option[] { _pcs, _rootCrl, _pccs, _kds, _rim, _ocsp, _nonce, _refresh, _maximumAge, _timeout })
            command.Options.Add(option);
    }

    /// <summary>The option of the time alone.</summary>
    public void AddTimeoutTo(Command command) => command.Options.Add(_timeout);

    /// <summary>Which of Intel's evaluations.</summary>
    public TcbSelection Selection(VerbContext context)
    {
        string? update = context.Value(_update);
        if (context.Value(_number) is { } number)
        {
            return update is null && number is >= 0 and <= ushort.MaxValue
                ? TcbSelection.Of(number)
                : throw new CommandException(ExitCode.Usage, "--tcb-evaluation-number takes a number from 0 to 65535, and stands in the place of --update");
        }

        return update switch
        {
            null => TcbSelection.Default,
            "standard" => TcbSelection.Standard,
            "early" => TcbSelection.Early,
            _ => throw new CommandException(ExitCode.Usage, "--update takes standard or early"),
        };
    }

    /// <summary>The cache, where one is named.</summary>
    public CollateralCache? OpenCache(VerbContext context) => context.Value(Cache) is { } folder ? new CollateralCache(folder) : null;

    /// <summary>The transport, within the time that the options allow.</summary>
    public CollateralTransport OpenTransport(VerbContext context)
    {
        double seconds = context.Value(_timeout);
        if (seconds is not (> 0 and <= 3600))
            throw new CommandException(ExitCode.Usage, "--timeout takes seconds, more than 0 and at most 3600");

        FetchLimits limits = new();
        TimeSpan total = TimeSpan.FromSeconds(seconds);
        return CollateralTransport.Create(limits with { Total = total, Attempt = total < limits.Attempt ? total : limits.Attempt });
    }

    /// <summary>Collects what a plan needs, from the cache and, where asked, from the services.</summary>
    public async Task<CollectedCollateral> CollectAsync(
        VerbContext context, CollateralPlan plan, TrustAnchors anchors, DateTimeOffset at, bool fetch, CancellationToken token)
    {
        double hours = context.Value(_maximumAge);
        if (hours is not (>= 0 and <= 24 * 366))
            throw new CommandException(ExitCode.Usage, "--max-age takes hours, from 0 to a year");

        CollateralCache? cache = OpenCache(context);
        CollectOptions options = new() { MaximumAge = TimeSpan.FromHours(hours), Refresh = context.Value(_refresh) };
        if (!fetch)
            return await plan.CollectAsync(new CollateralCollector(anchors, at, options, cache, null), token).ConfigureAwait(false);

        using CollateralTransport transport = OpenTransport(context);
        CollateralNetwork network = new(transport, Services(context), context.Value(_nonce));
        return await CollateralDisplay.WithProgressAsync(
            context.Output,
            progress => plan.CollectAsync(new CollateralCollector(anchors, at, options, cache, network, progress), token)).ConfigureAwait(false);
    }

    private CollateralServices Services(VerbContext context)
    {
        CollateralServices standard = new();
        CollateralServices services = standard with
        {
            IntelPcs = Address(context, _pcs) ?? standard.IntelPcs,
            IntelRootCrl = Address(context, _rootCrl) ?? standard.IntelRootCrl,
            Pccs = Address(context, _pccs),
            AmdKds = Address(context, _kds) ?? standard.AmdKds,
            NvidiaRim = Address(context, _rim) ?? standard.NvidiaRim,
            NvidiaOcsp = Address(context, _ocsp) ?? standard.NvidiaOcsp,
        };
        return services.Problems() is { Count: > 0 } problems ? throw new CommandException(ExitCode.Usage, string.Join("; ", problems)) : services;
    }

    /// <summary>Reads an address of the command line.</summary>
    public static Uri? Address(VerbContext context, Option<string?> option) =>
        context.Value(option) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && CollateralServices.IsAllowed(address) ? address
        : throw new CommandException(ExitCode.Usage, $"{option.Name} takes an https address (http serves this machine alone) without a name, query or fragment; {text} is none");

    /// <summary>The exit status that goes with a failure.</summary>
    public static ExitCode Exit(FetchFailure failure) => failure switch
    {
        FetchFailure.Downgraded or FetchFailure.WrongContent or FetchFailure.Stale or FetchFailure.TooLarge or FetchFailure.Redirected => ExitCode.Rejected,
        FetchFailure.NotPublished => ExitCode.Unsupported,
        _ => ExitCode.Failed,
    };
}
