using System.Globalization;
using System.Text;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>The page of the attack table.</summary>
public static class AttackMarkdown
{
    private const string Begin = "<!-- attack table: begin (written by verathos bench training-attacks --write) -->";
    private const string End = "<!-- attack table: end -->";

    /// <summary>Puts the tables of some results between the marks of a page.</summary>
    /// <exception cref="InvalidDataException">The page does not have the marks.</exception>
    public static string Replace(string page, AttackReport report)
    {
        ArgumentNullException.ThrowIfNull(page);
        int from = page.IndexOf(Begin, StringComparison.Ordinal);
        int to = page.IndexOf(End, StringComparison.Ordinal);
        return from >= 0 && to > from
            ? $"{page[..(from + Begin.Length)]}\n\n{Write(report)}\n{page[to..]}"
            : throw new InvalidDataException("the page has no marks between which the table goes");
    }

    /// <summary>The tables.</summary>
    public static string Write(AttackReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder page = new();
        page.AppendLine(CultureInfo.InvariantCulture, $"{report.Results.Count} of {report.Plan.Count} cells were run{(report.Results.Count < report.Plan.Count ? "; a dash stands where no seed was, and (1) or (2) behind a figure says that only so many of three seeds were" : "")}. Settings: {AttackModel.Settings(AttackNames.Default)}; {AttackModel.Workers} workers, {AttackBench.Rounds} rounds.");
        page.AppendLine();
        page.AppendLine("### The whole judge");
        page.AppendLine();
        page.AppendLine("| attack | bad | final loss, worst seed | to the attack-free run | left out, of what they sent | by which check: contributions, first to last round | best paid of them | honest contributions left out |");
        page.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (AttackRow row in report.Rows(AttackNames.Default))
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"| {row.Attack} | {row.Bad * 5} % | {row.Loss} | {row.Ratio} | {row.LeftOut} | {row.Checks} | {row.Earned} | {row.Mistakes} |");
        }

        page.AppendLine();
        page.AppendLine(CultureInfo.InvariantCulture, $"Goals: {report.Goals}");
        foreach (int bad in report.Plan.Where(cell => cell.Bad > 0).Select(cell => cell.Bad).Distinct().Order())
        {
            page.AppendLine();
            page.AppendLine(CultureInfo.InvariantCulture, $"### Final loss with {bad * 5} % bad, as a ratio to the attack-free run of the same aggregator and seed, worst seed");
            page.AppendLine();
            string[] aggregators = [.. AttackNames.Aggregators.Select(aggregator => aggregator.Name)];
            page.AppendLine($"| attack | {string.Join(" | ", aggregators)} |");
            page.AppendLine($"|---|{string.Concat(aggregators.Select(_ => "---|"))}");
            foreach (string attack in AttackNames.Attacks.Select(attack => attack.Name))
            {
                page.AppendLine($"| {attack} | {string.Join(" | ", aggregators.Select(aggregator => report.Ratio(attack, bad, aggregator)))} |");
            }

            page.AppendLine($"| final loss without | {string.Join(" | ", aggregators.Select(report.FreeLoss))} |");
        }

        page.AppendLine();
        page.AppendLine("### The backdoor");
        page.AppendLine();
        page.AppendLine("How likely the final model takes the attackers' token after their trigger, highest of the seeds that were run:");
        page.AppendLine();
        page.AppendLine("| aggregator | without | 10 % | 20 % | 30 % | 40 % |");
        page.AppendLine("|---|---|---|---|---|---|");
        foreach (string aggregator in AttackNames.Aggregators.Select(aggregator => aggregator.Name))
        {
            page.AppendLine($"| {aggregator} | {string.Join(" | ", ((int[])[0, 2, 4, 6, 8]).Select(bad => report.Backdoor(aggregator, bad)))} |");
        }

        return page.ToString();
    }
}
