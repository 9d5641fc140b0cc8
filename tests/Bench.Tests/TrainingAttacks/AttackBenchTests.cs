using Verathos.Bench.TrainingAttacks;
using Verathos.Training;

namespace Verathos.Bench.Tests.TrainingAttacks;

public sealed class AttackBenchTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("verathos-attacks-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_sample_cell_is_run_once_kept_and_not_run_again()
    {
        AttackOptions options = new()
        {
            Rounds = 1,
            Threads = 1,
            Cells = Path.Combine(_folder.FullName, "cells.jsonl"),
            Attacks = ["copycat-moved"],
            Aggregators = [AttackNames.Default],
            Bad = [6],
            Seeds = [1],
        };
        AttackResult[] results = [.. AttackBench.Run(options, TestContext.Current.CancellationToken)];
        Assert.Equal([new AttackCell("none", 0, "default", 1), new AttackCell("copycat-moved", 6, "default", 1)], results.Select(result => result.Cell));
        Assert.All(results, result => Assert.True(result.FinalLoss < result.StartLoss, $"{result.FinalLoss} {result.StartLoss}"));
        Assert.Equal((0, 6), (results[1].BadAccepted, results[1].BadContributions));
        Assert.Contains(results[1].Caught, caught => caught is { Check: "PeerValues", Workers: 6, First: 1 });
        Assert.Empty(results.SelectMany(result => result.Mistakes));

        // As if the last line had been cut by a stop: that cell is run again, and what was cut spoils nothing.
        string[] lines = File.ReadAllLines(options.Cells);
        Assert.Equal(2, lines.Length);
        Assert.Equal(2, AttackBench.Read(options).Count);
        File.WriteAllText(options.Cells, lines[0] + "\n" + lines[1][..^9]);
        Assert.Single(AttackBench.Read(options));
        File.AppendAllText(options.Cells, "\n" + lines[1] + "\n");
        Assert.Equal(results.Select(result => result.FinalLoss), AttackBench.Run(options, TestContext.Current.CancellationToken).Select(result => result.FinalLoss));
        Assert.Equal(3, File.ReadAllLines(options.Cells).Length);

        // Another number of rounds is another cell.
        Assert.Empty(AttackBench.Read(options with { Rounds = 3 }));
    }

    [Theory]
    [InlineData("alie")]
    [InlineData("alie-varied")]
    [InlineData("ipm")]
    [InlineData("ipm-varied")]
    public void What_bad_workers_have_in_common_is_of_their_round(string attack)
    {
        AttackCell cell = new(attack, 2, "mean", 1);
        SparseVector[][] rounds = [Honest(1), Honest(2)];
        AttackForge through = new(cell);
        byte[][] first = [.. Enumerable.Range(0, 2).Select(worker => through.Forge(worker, [], rounds[0], null))];
        byte[][] second = [.. Enumerable.Range(0, 2).Select(worker => through.Forge(worker, [], rounds[1], null))];
        Assert.Equal(Enumerable.Range(0, 2).Select(worker => new AttackForge(cell).Forge(worker, [], rounds[0], null)), first);
        Assert.Equal(Enumerable.Range(0, 2).Select(worker => new AttackForge(cell).Forge(worker, [], rounds[1], null)), second);
        Assert.NotEqual(first[0], second[0]);

        static SparseVector[] Honest(int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(0, 3).Select(_ => SparseVector.Dense([.. Enumerable.Range(0, AttackModel.Layout.Count).Select(_ => random.NextDouble() - 0.5)]))];
        }
    }

    [Fact]
    public void The_plan_has_every_cell_once_and_the_judge_up_to_thirty_percent_first()
    {
        IReadOnlyList<AttackCell> plan = AttackBench.Plan(new AttackOptions { Cells = "" });
        int attacks = AttackNames.Attacks.Count, aggregators = AttackNames.Aggregators.Count;
        Assert.Equal(3 * aggregators * ((4 * attacks) + 1), plan.Count);
        Assert.Equal(plan.Count, plan.Distinct().Count());
        Assert.All(plan.Take(3 * ((3 * attacks) + 1)), cell => Assert.True(cell is { Aggregator: "default", Bad: <= 6 }));
    }

    [Fact]
    public void The_page_gives_the_worst_seed_and_says_what_was_not_run()
    {
        AttackOptions options = new() { Cells = "", Attacks = ["ipm", "copycat"], Bad = [6] };
        AttackResult[] results =
        [
            Result("none", 0, "default", 1, 2, 0), Result("none", 0, "default", 2, 2, 0),
            Result("ipm", 6, "default", 1, 2.02, 0), Result("ipm", 6, "default", 2, 2.05, 0),
            Result("copycat", 6, "default", 1, 2.01, 60),
            Result("none", 0, "mean", 1, 2.5, 0), Result("ipm", 6, "mean", 1, null, 0),
        ];
        AttackReport report = new(AttackBench.Plan(options), results);
        Assert.Equal("1.025 (2)", report.Ratio("ipm", 6, "default"));
        Assert.Equal("no number (1)", report.Ratio("ipm", 6, "mean"));
        Assert.Equal("-", report.Ratio("copycat", 6, "mean"));
        Assert.Equal(["ipm at 30 %, seed 2: loss 1.025 times the attack-free run's", "copycat at 30 %, seed 1: earned 6.0 % of an honest share"], report.Broken);
        string page = AttackMarkdown.Replace("before\n<!-- attack table: begin (written by verathos bench training-attacks --write) -->\nold\n<!-- attack table: end -->\nafter\n", report);
        Assert.StartsWith("before\n", page, StringComparison.Ordinal);
        Assert.EndsWith("<!-- attack table: end -->\nafter\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("old", page, StringComparison.Ordinal);
        Assert.Contains("| ipm | 30 % | 2.0500 | 1.025 (2) | 50 % | Norm 12 (3 to 9) | 0.0 % | none |", page, StringComparison.Ordinal);
        Assert.Contains("7 of 90 cells were run", page, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => AttackMarkdown.Replace("no marks", report));
    }

    private static AttackResult Result(string attack, int bad, string aggregator, int seed, double? loss, long earned) => new()
    {
        Cell = new AttackCell(attack, bad, aggregator, seed),
        Rounds = 100,
        StartLoss = 4,
        FinalLoss = loss,
        Caught = bad > 0 && aggregator == "default" ? [new AttackCaught("Norm", 6, 6, seed == 1 ? 3 : 4, seed == 1 ? 5 : 9)] : [],
        HonestContributions = aggregator == "default" ? 1400 : 0,
        BadContributions = aggregator == "default" && bad > 0 ? 12 : 0,
        BadAccepted = aggregator == "default" && bad > 0 ? 6 : 0,
        HonestUnits = aggregator == "default" ? [1000, 1000] : [],
        BadUnits = aggregator == "default" && bad > 0 ? [earned, 0] : [],
    };
}
