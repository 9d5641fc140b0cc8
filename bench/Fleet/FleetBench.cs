using System.Diagnostics;
using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Epochs;
using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Bench.Fleet;

/// <summary>One epoch of the real validator over many simulated nodes on loopback: evidence, canaries through the seal, and an audit of every receipt.</summary>
public static class FleetBench
{
    // What a canary and its audit take of two cores that also run all nodes, with room to spare.
    private const double SecondsPerCanary = 0.2;
    private const int LeastSeconds = 20;
    private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Runs it.</summary>
    public static async Task<FleetReport> RunAsync(FleetOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string root = Directory.CreateTempSubdirectory("verathos-fleet-").FullName;
        try
        {
            (byte[] limits, byte[] likelihoods) = Measured(options, cancellationToken);
            long started = Stopwatch.GetTimestamp();
            FleetNodes nodes = await FleetNodes.StartAsync(options, cancellationToken).ConfigureAwait(false);
            await using (nodes.ConfigureAwait(false))
            {
                double starting = Stopwatch.GetElapsedTime(started).TotalSeconds;
                int spread = options.EpochSeconds ?? (int)Math.Max(LeastSeconds, options.Nodes * options.Canaries * SecondsPerCanary);
                ValidatorFolder folder = Prepare(root, options, nodes, spread, limits, likelihoods);
                using ValidatorServices services = ValidatorServices.Open(folder, TimeProvider.System, null, cancellationToken);
                started = Stopwatch.GetTimestamp();
                using (CancellationTokenSource watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
                {
                    Task watch = WatchAsync(services.State, options, watching.Token);
                    await new ValidatorRun(services, static _ => { }).RunAsync(1, cancellationToken).ConfigureAwait(false);
                    await watching.CancelAsync().ConfigureAwait(false);
                    await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                return Report(options, services.State, nodes, starting, Stopwatch.GetElapsedTime(started).TotalSeconds, spread);
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static (byte[] Limits, byte[] Likelihoods) Measured(FleetOptions options, CancellationToken cancellationToken)
    {
        if (options is { Limits: { } limits, Likelihoods: { } likelihoods })
        {
            return (limits, likelihoods);
        }

        CalibrationResult measured = Calibration.Run(options.Model, new CalibrationOptions { Seed = options.Seed, Reference = false }, options.Progress, cancellationToken);
        return (measured.MergeInto((Verathos.Fingerprint.Limits.LimitTable?)null).ToJson(), measured.MergeInto((Verathos.Fingerprint.Statistics.LikelihoodTables?)null).ToJson());
    }

    private static ValidatorFolder Prepare(string root, FleetOptions options, FleetNodes nodes, int spread, byte[] limits, byte[] likelihoods)
    {
        string list = Path.Combine(root, "nodes.json");
        File.WriteAllBytes(list, JsonSerializer.SerializeToUtf8Bytes(nodes.Addresses.Select(static node => new { node.Name, Url = node.Address.AbsoluteUri, Identity = (object?)null }), s_names));
        ValidatorConfiguration configuration = ValidatorDefaults.Of(list, "policy.json", options.TrustAnchors, [options.Model], maxContext: 512);
        ValidatorFolder folder = ValidatorFolder.Create(Path.Combine(root, "validator"), configuration with
        {
            EpochSeconds = spread,
            ChallengesPerNode = 1,
            CanariesPerNode = options.Canaries,

            // Soon after the answer, so that the epoch ends; a node new to the validator has all of its receipts audited.
            AuditWindowSeconds = Math.Clamp(spread / 10, 3, 60),
            DeepPpm = 0,

            // Thinking people would keep the epoch waiting, and exactly so many canaries are sent.
            Canaries = configuration.Canaries with { MaxTurns = 1 },
            Parallel = 4,
        });
        File.WriteAllBytes(folder.Resolve(folder.Configuration.Policy), options.Policy);
        File.WriteAllBytes(folder.Resolve(folder.Configuration.Limits), limits);
        File.WriteAllBytes(folder.Resolve(folder.Configuration.Likelihoods), likelihoods);
        return folder;
    }

    private static async Task WatchAsync(ValidatorState state, FleetOptions options, CancellationToken cancellationToken)
    {
        int of = options.Nodes * options.Canaries;
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken).ConfigureAwait(false);
            options.Progress?.Invoke("receipts audited", Math.Min(of, state.LatestEpoch == 0 ? 0 : state.Audits(1).Count(static audit => audit.State == WorkState.Ended)), of);
        }
    }

    private static FleetReport Report(FleetOptions options, ValidatorState state, FleetNodes nodes, double starting, double seconds, int spread)
    {
        IReadOnlyList<CanaryRow> canaries = state.Canaries(1);
        IReadOnlyList<AuditRow> audits = state.Audits(1);
        IReadOnlyList<ChallengeRow> challenges = state.Challenges(1);
        Dictionary<long, NodeRow> rows = state.Nodes().ToDictionary(static node => node.Id);
        Dictionary<string, EventRow> caught = state.Events().Where(static happened => happened.Kind == EventKind.Caught).GroupBy(happened => rows[happened.Node].Name).ToDictionary(static group => group.Key, static group => group.First());
        AuditRow[] judged = [.. audits.Where(static audit => audit is { Chosen: true, Result: WorkResult.Passed or WorkResult.Failed })];
        string[] misses =
        [
            .. canaries.Where(row => (row.State == WorkState.Skipped && !caught.ContainsKey(rows[row.Node].Name)) || IsMissed(row.Result))
                .Select(row => $"{rows[row.Node].Name}, canary {row.Ordinal}: {row.State} {row.Result} {row.Reason} {row.Detail}"),
            .. audits.Where(static row => IsMissed(row.Result)).Select(row => $"{rows[row.Node].Name}, audit: {row.State} {row.Result} {row.Reason} {row.Detail}"),
        ];
        return new FleetReport
        {
            Model = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Model))} in {NumericProfile.Served.Identifier}",
            Seed = options.Seed,
            Nodes = options.Nodes,
            Processors = Environment.ProcessorCount,
            StartSeconds = starting,
            EpochSeconds = seconds,
            SpreadSeconds = spread,
            PeakBytes = ProcessMemory.PeakBytes(Environment.ProcessId),
            Challenges = challenges.Count(static row => row.Result == WorkResult.Passed),
            Planned = canaries.Count,
            Answered = canaries.Count(static row => row.Result is WorkResult.Passed or WorkResult.Failed),
            Spared = canaries.Count(row => row.State == WorkState.Skipped && caught.ContainsKey(rows[row.Node].Name)),
            Missed = misses.Length,
            Moved = canaries.Count(static row => row.Moved > 0),
            Misses = misses,
            Audited = judged.Length,
            Openings = state.Outcomes(1).Count,
            Tokens = canaries.Sum(static row => (long)row.OutputTokens),
            BytesPerNode = (canaries.Sum(static row => row.Bytes) + audits.Sum(static row => row.Bytes) + challenges.Sum(static row => row.EvidenceBytes)) / (double)options.Nodes,
            JudgeMilliseconds = judged.Length == 0 ? 0 : judged.Average(static audit => audit.Judged.TotalMilliseconds),
            Keysets = rows.Values.Select(static node => node.KeysetDigest is { } digest ? Convert.ToHexString(digest) : null).OfType<string>().Distinct().Count(),
            Cheats = [.. nodes.Cheats.Select(cheat => new FleetCheat(
                cheat.Key, cheat.Value, caught.ContainsKey(cheat.Key), caught.GetValueOrDefault(cheat.Key)?.Reason, judged.Count(audit => rows[audit.Node].Name == cheat.Key),
                judged.Count(audit => rows[audit.Node].Name == cheat.Key && audit.Result == WorkResult.Failed)))],
            FalselyCaught = [.. caught.Keys.Where(name => !nodes.Cheats.ContainsKey(name))],
        };
    }

    private static bool IsMissed(WorkResult? result) => result is WorkResult.Unavailable or WorkResult.ValidatorError or WorkResult.Lost;
}
