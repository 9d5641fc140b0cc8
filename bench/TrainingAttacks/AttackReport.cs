
namespace Verathos.Bench.TrainingAttacks;

/// <summary>Finished cells of a plan.</summary>
/// <param name="Plan">All cells.</param>
/// <param name="Results">Those that were run, in the plan's order.</param>
public sealed record AttackReport(IReadOnlyList<AttackCell> Plan, IReadOnlyList<AttackResult> Results)
{
    /// <summary>The most that the judge's final loss may be, as a ratio to the attack-free run, up to <see cref="MostBad"/>.</summary>
    public const double MostRatio = 1.02;

    /// <summary>The most that a copycat or free rider may earn, as a share of an honest worker's mean.</summary>
    public const double MostIdleShare = 0.05;

    /// <summary>Bad workers of twenty up to which the goals hold.</summary>
    public const int MostBad = 6;

    /// <summary>Cells of the judge that break a goal, with what they came to.</summary>
    public IReadOnlyList<string> Broken =>
    [
        .. Results.Where(result => result.Cell is { Aggregator: AttackNames.Default, Bad: > 0 and <= MostBad }).SelectMany(result => ((string?[])
        [
            RatioOf(result) is { } ratio && !(ratio <= MostRatio) ? Text($"{result.Cell.Attack} at {result.Cell.Bad * 5} %, seed {result.Cell.Seed}: loss {ratio:0.000} times the attack-free run's") : null,
            AttackNames.Idle.Contains(result.Cell.Attack) && !(result.MostEarned < MostIdleShare) ? Text($"{result.Cell.Attack} at {result.Cell.Bad * 5} %, seed {result.Cell.Seed}: earned {100 * (result.MostEarned ?? double.NaN):0.0} % of an honest share") : null,
        ]).OfType<string>()),
    ];

    /// <summary>Whether the goals hold, in words.</summary>
    public string Goals
    {
        get
        {
            int of = Results.Count(result => result.Cell is { Aggregator: AttackNames.Default, Bad: > 0 and <= MostBad });
            return of == 0 ? "no cell was run that they are about."
                : Broken.Count == 0 ? Text($"in all {of} cells of up to 30 % bad that were run the final loss is within 2 % of the attack-free run's, and every copycat and free rider earned less than 5 % of an honest share.")
                : Text($"of {of} cells of up to 30 % bad that were run these break them: {string.Join("; ", Broken)}.");
        }
    }

    /// <summary>The lines of one aggregator's table.</summary>
    public IEnumerable<AttackRow> Rows(string aggregator) =>
        from attack in AttackNames.Attacks.Select(attack => attack.Name)
        from bad in Plan.Where(cell => cell.Bad > 0).Select(cell => cell.Bad).Distinct().Order()
        select Row(Of(attack, bad, aggregator), attack, bad, aggregator);

    /// <summary>The worst seed's ratio, as text.</summary>
    public string Ratio(string attack, int bad, string aggregator)
    {
        AttackResult[] results = Of(attack, bad, aggregator);
        double?[] ratios = [.. results.Select(RatioOf).Where(ratio => ratio is not null)];
        return ratios.Length == 0 ? "-" : (ratios.Any(ratio => double.IsPositiveInfinity(ratio!.Value)) ? "no number" : Text($"{ratios.Max():0.000}")) + Missing(ratios.Length, attack, bad, aggregator);
    }

    /// <summary>The greatest final loss without bad workers, as text.</summary>
    public string FreeLoss(string aggregator) => Of(AttackNames.None, 0, aggregator) is { Length: > 0 } results ? Text($"{results.Max(result => result.FinalLoss ?? double.PositiveInfinity):0.0000}") : "-";

    /// <summary>The highest probability of the backdoor, as text.</summary>
    public string Backdoor(string aggregator, int bad) =>
        Of(bad == 0 ? AttackNames.None : "backdoor", bad, aggregator).Select(result => result.Backdoor).Max() is { } most ? Text($"{100 * most:0.0} %") : "-";

    /// <summary>The final loss over that of the attack-free run; infinite where it is no number; null without such a run.</summary>
    public double? RatioOf(AttackResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Results.FirstOrDefault(free => free.Cell == result.Cell.WithoutBad())?.FinalLoss is { } without ? (result.FinalLoss ?? double.PositiveInfinity) / without : null;
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private AttackRow Row(AttackResult[] results, string attack, int bad, string aggregator)
    {
        if (results.Length == 0)
        {
            return new AttackRow(attack, bad, "-", "-", "-", "-", "-", "-");
        }

        int sent = results.Sum(result => result.BadContributions), moved = results.Sum(result => result.BadAccepted);
        int honest = results.Sum(result => result.HonestContributions), mistaken = results.Sum(result => result.Mistakes.Sum(mistake => mistake.Count));
        double?[] earned = [.. results.Select(result => result.MostEarned).Where(share => share is not null)];
        return new AttackRow(
            attack,
            bad,
            Text($"{results.Max(result => result.FinalLoss ?? double.PositiveInfinity):0.0000}"),
            Ratio(attack, bad, aggregator),
            sent == 0 ? "-" : Text($"{100.0 * (sent - moved) / sent:0} %"),
            Joined(results.SelectMany(result => result.Caught)),
            earned.Length == 0 ? "-" : Text($"{100 * earned.Max():0.0} %"),
            honest == 0 ? "-" : mistaken == 0 ? "none" : Text($"{100.0 * mistaken / honest:0.0} %: {Joined(results.SelectMany(result => result.Mistakes))}"));
    }

    private static string Joined(IEnumerable<AttackCaught> caught) => caught.GroupBy(entry => entry.Check)
        .Select(group => (group.Key, Count: group.Sum(entry => entry.Count), First: group.Min(entry => entry.First), Last: group.Max(entry => entry.Last)))
        .OrderByDescending(entry => entry.Count)
        .Select(entry => entry.First == entry.Last ? Text($"{entry.Key} {entry.Count} ({entry.First})") : Text($"{entry.Key} {entry.Count} ({entry.First} to {entry.Last})"))
        .DefaultIfEmpty("none").Aggregate((left, right) => $"{left}, {right}");

    private AttackResult[] Of(string attack, int bad, string aggregator) =>
        [.. Results.Where(result => result.Cell.Attack == attack && result.Cell.Bad == bad && result.Cell.Aggregator == aggregator)];

    private string Missing(int have, string attack, int bad, string aggregator)
    {
        int of = Plan.Count(cell => cell.Attack == attack && cell.Bad == bad && cell.Aggregator == aggregator);
        return have < of ? Text($" ({have})") : "";
    }
}
