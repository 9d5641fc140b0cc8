using System.Collections.Concurrent;
using System.Diagnostics;
using Verathos.Training.Gate;
using Verathos.Training.Judging;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>Runs the cells of the attack table.</summary>
public static class AttackBench
{
    /// <summary>Rounds of a cell of the table.</summary>
    public const int Rounds = 100;

    /// <summary>Workers of a network.</summary>
    public const int Workers = AttackModel.Workers;

    private static readonly int[] Seeds = [1, 2, 3];
    private static readonly int[] Fractions = [2, 4, 6, 8];

    /// <summary>All cells in the order in which they are run: the judge up to 30 % first, then the others at 30 %, then the rest.</summary>
    public static IReadOnlyList<AttackCell> Plan(AttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string[] attacks = [.. AttackNames.Attacks.Select(attack => attack.Name).Where(name => Wanted(options.Attacks, name))];
        string[] others = [.. AttackNames.Aggregators.Select(aggregator => aggregator.Name).Where(name => name != AttackNames.Default && Wanted(options.Aggregators, name))];
        string[] whole = Wanted(options.Aggregators, AttackNames.Default) ? [AttackNames.Default] : [];
        int[] seeds = [.. options.Seeds.Count > 0 ? options.Seeds : Seeds];
        List<AttackCell> cells = [];
        Add(whole, 6);
        Add(whole, 4);
        Add(whole, 2);
        Add(others, 6);
        Add(whole, 8);
        Add(others, 4);
        Add(others, 2);
        Add(others, 8);
        foreach (int bad in options.Bad.Where(bad => !Fractions.Contains(bad)))
        {
            Add([.. whole, .. others], bad);
        }

        return [.. cells.Distinct()];

        void Add(string[] aggregators, int bad)
        {
            if (options.Bad.Count > 0 && !options.Bad.Contains(bad))
            {
                return;
            }

            cells.AddRange(from seed in seeds from aggregator in aggregators select new AttackCell(AttackNames.None, 0, aggregator, seed));
            if (bad > 0)
            {
                cells.AddRange(from seed in seeds from aggregator in aggregators from attack in attacks select new AttackCell(attack, bad, aggregator, seed));
            }
        }
    }

    /// <summary>The finished cells of a plan, in its order, of which none is run.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<AttackResult> Read(AttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        AttackCellFile file = AttackCellFile.Open(options.Cells, options.Rounds);
        return [.. Plan(options).Where(file.Has).Select(file.Get)];
    }

    /// <summary>Runs the cells that the file does not hold, and keeps each as it ends.</summary>
    /// <param name="options">Which.</param>
    /// <param name="cancellationToken">Stops after the rounds in progress; those cells are run again the next time.</param>
    /// <returns>All finished cells of the plan, in its order.</returns>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static IReadOnlyList<AttackResult> Run(AttackOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<AttackCell> plan = Plan(options);
        AttackCellFile file = AttackCellFile.Open(options.Cells, options.Rounds);
        ConcurrentQueue<AttackCell> left = new(plan.Where(cell => !file.Has(cell)));
        Lazy<AttackCorpus> corpus = new(() => AttackCorpus.Create(AttackModel.Documents));
        int done = plan.Count - left.Count;
        long started = Stopwatch.GetTimestamp();
        ConcurrentBag<Exception> failures = [];
        Thread[] threads =
        [
            .. Enumerable.Range(0, Math.Min(options.Threads, left.Count)).Select(_ => new Thread(() =>
            {
                try
                {
                    while (!cancellationToken.IsCancellationRequested && failures.IsEmpty && !(Stopwatch.GetElapsedTime(started) > options.Time) && left.TryDequeue(out AttackCell? cell))
                    {
                        if (RunCell(corpus.Value, cell, options.Rounds, null, cancellationToken) is { } result)
                        {
                            file.Append(result);
                            options.Progress?.Invoke("cells", Interlocked.Increment(ref done), plan.Count);
                        }
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or ArgumentException)
                {
                    failures.Add(e);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return failures.TryTake(out Exception? failure)
            ? throw new InvalidOperationException($"a cell could not be run: {failure.Message}", failure)
            : [.. plan.Where(file.Has).Select(file.Get)];
    }

    /// <summary>Runs one cell on the calling thread.</summary>
    /// <param name="cell">Which.</param>
    /// <param name="rounds">Rounds.</param>
    /// <param name="progress">Told of rounds done and rounds in all.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    public static AttackResult? Run(AttackCell cell, int rounds, Action<string, int, int>? progress, CancellationToken cancellationToken) =>
        RunCell(AttackCorpus.Create(AttackModel.Documents), cell, rounds, progress, cancellationToken);

    internal static AttackResult? RunCell(AttackCorpus corpus, AttackCell cell, int rounds, Action<string, int, int>? progress, CancellationToken cancellationToken)
    {
        TimeSpan before = ThreadTime.Now();
        using AttackSimulation simulation = new(corpus, cell);
        double start = simulation.FinalLoss();
        bool isFinite = true;
        while (simulation.Round < rounds && isFinite)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return null;
            }

            isFinite = simulation.Next();
            progress?.Invoke($"{cell.Attack} against {cell.Aggregator}", simulation.Round, rounds);
        }

        double final = simulation.FinalLoss();
        return Judged(simulation, cell, new AttackResult
        {
            Cell = cell,
            Rounds = simulation.Round,
            StartLoss = start,
            FinalLoss = isFinite && double.IsFinite(final) ? final : null,
            Backdoor = cell.Attack is "backdoor" or AttackNames.None ? simulation.Backdoor() : null,
            Seconds = Math.Round((ThreadTime.Now() - before).TotalSeconds, 1),
        });
    }

    private static bool Wanted(IReadOnlyList<string> only, string name) => only.Count == 0 || only.Contains(name);

    private static AttackResult Judged(AttackSimulation simulation, AttackCell cell, AttackResult result)
    {
        int honest = AttackModel.Workers - cell.Bad;
        (int Round, int Worker, WorkerVerdict Verdict)[] all = [.. simulation.Verdicts.SelectMany((verdicts, round) => verdicts.Select(verdict => (round + 1, simulation.NumberOf(verdict.Worker), verdict)))];
        if (all.Length == 0)
        {
            return result;
        }

        long[] units = [.. Enumerable.Range(0, AttackModel.Workers).Select(worker => all.Where(entry => entry.Worker == worker).Sum(entry => entry.Verdict.Units))];
        return result with
        {
            Caught = Checks(all.Where(entry => entry.Worker >= honest)),
            Mistakes = Checks(all.Where(entry => entry.Worker < honest)),
            HonestContributions = all.Count(entry => entry.Worker < honest),
            BadContributions = all.Count(entry => entry.Worker >= honest),
            BadAccepted = all.Count(entry => entry.Worker >= honest && entry.Verdict.Exclusion == Exclusion.None),
            HonestUnits = units[..honest],
            BadUnits = units[honest..],
        };
    }

    private static AttackCaught[] Checks(IEnumerable<(int Round, int Worker, WorkerVerdict Verdict)> entries) =>
    [
        .. entries.Where(entry => entry.Verdict.Exclusion != Exclusion.None)
            .GroupBy(entry => entry.Verdict.Exclusion == Exclusion.Gate ? entry.Verdict.Gate.ToString() : entry.Verdict.Exclusion.ToString())
            .Select(group => new AttackCaught(group.Key, group.Count(), group.Select(entry => entry.Worker).Distinct().Count(), group.Min(entry => entry.Round), group.Max(entry => entry.Round)))
            .OrderByDescending(caught => caught.Count).ThenBy(caught => caught.Check, StringComparer.Ordinal),
    ];
}
