using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Verathos.Testing;
using Verathos.Training.Aggregation;
using Verathos.Training.Attacks;
using Verathos.Training.Impact;
using Verathos.Training.Rewards;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Rewards;

public sealed partial class RewardTests
{
    private static readonly string PagePath = Path.Combine(Vectors.RepositoryRoot, "docs", "rewards.md");
    private static readonly string Page = File.ReadAllText(PagePath);

    public static TheoryData<string> Examples => [.. Blocks("reward-example").Select(block => block.GetProperty("name").GetString()!)];

    public static TheoryData<string> Games => [.. Blocks("shapley-example").Select(block => block.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void The_pages_examples_pay_what_the_page_says(string name)
    {
        JsonElement example = Blocks("reward-example").Single(block => block.GetProperty("name").GetString() == name);
        RewardRule rule = new() { UnitsPerNat = example.GetProperty("unitsPerNat").GetInt64(), Budget = example.GetProperty("budget").GetInt64() };
        JsonElement[] workers = [.. example.GetProperty("workers").EnumerateArray()];
        RewardClaim[] claims =
        [
            .. workers.Select((worker, i) => new RewardClaim(
                Samples.Worker(i), worker.GetProperty("impact").GetDouble(), worker.GetProperty("gap").GetDouble(), worker.GetProperty("behind").GetInt32())),
        ];
        RewardSplit split = RewardSplit.Compute(rule, example.GetProperty("fall").GetDouble(), claims);
        Assert.Equal(example.GetProperty("pool").GetInt64(), split.Pool);
        Assert.Equal(workers.Select(worker => worker.GetProperty("units").GetInt64()), split.Shares.Select(share => share.Units));
    }

    [Theory]
    [MemberData(nameof(Games))]
    public void The_pages_games_have_the_values_the_page_says(string name)
    {
        JsonElement game = Blocks("shapley-example").Single(block => block.GetProperty("name").GetString() == name);
        string[] players = [.. game.GetProperty("players").EnumerateArray().Select(player => player.GetString()!)];
        JsonElement values = game.GetProperty("values");
        double[] got = Shapley.Exact(players.Length, set => values.GetProperty(string.Concat(players.Where((_, i) => (set >> i & 1) == 1))).GetDouble());
        Assert.Equal(game.GetProperty("shapley").EnumerateArray().Select(value => value.GetDouble()), got.Select(value => Math.Round(value, 9)));
    }

    [Fact]
    public void The_pages_table_of_a_small_set_is_the_one_that_comes_out()
    {
        const string Begin = "<!-- small set: begin (written by tests/Training.Tests with VERATHOS_UPDATE_DOCS=1) -->\n";
        const string End = "<!-- small set: end -->";
        string table = "\n| contribution | impact alone | share paid | Shapley's share |\n|---|---|---|---|\n"
            + string.Concat(SmallSet().Select(row => string.Create(CultureInfo.InvariantCulture, $"| {row.Name} | {row.Impact:F4} | {100 * row.Share:F1} % | {100 * row.Fair:F1} % |\n"))) + "\n";
        int from = Page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = Page.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("VERATHOS_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(PagePath, string.Concat(Page.AsSpan(0, from), table, Page.AsSpan(to)));
            return;
        }

        Assert.Equal(table, Page[from..to]);
    }

    [Fact]
    public void Paying_by_impact_is_close_to_the_fair_split_on_small_sets()
    {
        (double worst, double least) = (0, 1);
        for (int seed = 0; seed < 10; seed++)
        {
            (string Name, double Impact, double Share, double Fair)[] rows = [.. SmallSet(seed)];
            worst = Math.Max(worst, rows.Max(row => Math.Abs(row.Share - Math.Max(0, row.Fair))));
            least = Math.Min(least, RankCorrelation.Spearman([.. rows.Select(row => row.Impact)], [.. rows.Select(row => row.Fair)]));
            Assert.All(rows.Where(row => row.Name is "sign flip"), row => Assert.True(row.Share == 0 && row.Fair <= 0));
            Assert.All(rows.Where(row => row.Name is "noise"), row => Assert.True(row.Share < 0.05, $"{row.Share}"));
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"ten sets: largest difference of shares {worst:F3}, least rank correlation {least:F2}");
        Assert.True(worst < 0.1 && least > 0.8, $"{worst} {least}");
    }

    [Fact]
    public void Shapleys_axioms_hold() => Gen.Double[-1, 1].Array[16].Sample(values =>
    {
        values[0] = 0;
        double[] split = Shapley.Exact(4, set => values[set]);
        Assert.Equal(values[15], split.Sum(), 1e-12);

        // A player that adds nothing gets nothing, and one that doubles another gets the same.
        double[] dummy = Shapley.Exact(5, set => values[set & 15]);
        Assert.Equal(0, dummy[4], 1e-12);
        Assert.All(split.Zip(dummy), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        double[] twins = Shapley.Exact(4, set => values[(set & 3) | (uint)((set & 12) != 0 ? 4 : 0)]);
        Assert.Equal(twins[2], twins[3], 1e-12);
    });

    [Fact]
    public void A_split_pays_the_whole_pool_and_nothing_for_harm() => Gen.Select(Gen.Double[-1, 1], Gen.Double[-1, 1], Gen.Int[0, 7]).Array[1, 12].Sample(workers =>
    {
        RewardClaim[] claims = [.. workers.Select((worker, i) => new RewardClaim(Samples.Worker(i), worker.Item1, worker.Item2, worker.Item3))];
        RewardSplit split = RewardSplit.Compute(new RewardRule { UnitsPerNat = 1_000_000, Budget = 700_001 }, 0.9, claims);
        bool anyone = claims.Any(claim => RewardSplit.Credit(claim) > 0);
        Assert.Equal(anyone ? 700_001 : 0, split.Pool);
        Assert.Equal(split.Pool, split.Shares.Sum(share => share.Units));
        Assert.All(split.Shares, share => Assert.True(share.Units >= 0));
        Assert.All(claims.Zip(split.Shares).Where(pair => RewardSplit.Credit(pair.First) == 0), pair => Assert.Equal(0, pair.Second.Units));
        Assert.Equal(split.Shares, RewardSplit.Compute(new RewardRule { UnitsPerNat = 1_000_000, Budget = 700_001 }, 0.9, [.. claims.Reverse()]).Shares);
    });

    [Fact]
    public void A_split_that_makes_no_sense_is_refused()
    {
        RewardRule rule = new() { UnitsPerNat = 1, Budget = 1 };
        RewardClaim good = new(Samples.Worker(1), 1, 1, 0);
        Assert.Throws<ArgumentException>(() => RewardSplit.Compute(rule, double.NaN, [good]));
        Assert.Throws<ArgumentException>(() => RewardSplit.Compute(rule, 1, [good, good]));
        Assert.Throws<ArgumentException>(() => RewardSplit.Compute(rule, 1, [good with { Impact = double.PositiveInfinity }]));
        Assert.Throws<ArgumentException>(() => RewardSplit.Compute(rule, 1, [good with { Gap = 1.1 }]));
        Assert.Throws<ArgumentException>(() => RewardSplit.Compute(rule with { Budget = -1 }, 1, [good]));
        Assert.Equal(0, RewardSplit.Compute(rule, 1, []).Pool);
        Assert.Throws<ArgumentOutOfRangeException>(() => Shapley.Exact(17, _ => 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shapley.Exact(0, _ => 0));
    }

    // Six workers at a loss of sum c (w - t)^2 / 2: gradients with more and more noise, one of noise alone, one turned around. The
    // share is the reward's, by what each contribution does alone; the fair one is Shapley's, by what the default aggregate of every
    // set of them does.
    private static IEnumerable<(string Name, double Impact, double Share, double Fair)> SmallSet(int seed = 0)
    {
        const double Step = 0.5;
        Random random = new(seed);
        double[] c = [.. Enumerable.Range(0, 300).Select(_ => 0.2 + random.NextDouble())];
        double[] t = [.. Enumerable.Range(0, 300).Select(_ => 0.1 * Samples.Normal(random))];
        double Loss(ReadOnlySpan<double> w)
        {
            double sum = 0;
            for (int i = 0; i < w.Length; i++)
            {
                sum += 0.5 * c[i] * (w[i] - t[i]) * (w[i] - t[i]);
            }

            return sum;
        }

        SparseVector Gradient(double signal, double noise) => SparseVector.Dense([.. t.Select((x, i) => (signal * c[i] * -x) + (0.06 * noise * Samples.Normal(random)))]);
        (string Name, SparseVector Vector)[] workers =
        [
            ("clear", Gradient(1, 0.2)), ("some noise", Gradient(1, 0.5)), ("more noise", Gradient(1, 0.8)), ("much noise", Gradient(1, 1.2)),
            ("noise", Gradient(0, 1)), ("sign flip", GradientAttacks.SignFlip(Gradient(1, 0.2))),
        ];
        SparseVector trusted = Gradient(1, 0.3);
        double before = Loss(new double[t.Length]);
        double Fall(SparseVector update) => before - Loss(update.Scale(-Step).ToDense());
        double Value(uint set)
        {
            Contribution[] present = [.. workers.Select((worker, i) => new Contribution(Samples.Worker(i), worker.Vector)).Where((_, i) => (set >> i & 1) == 1)];
            return present.Length == 0 ? 0 : Fall(Aggregator.Apply(present, new AggregationOptions { Trusted = trusted }).Vector);
        }

        double[] fair = Shapley.Exact(workers.Length, Value);
        double[] impacts = [.. workers.Select(worker => Fall(worker.Vector))];
        RewardSplit split = RewardSplit.Compute(new RewardRule { UnitsPerNat = 1_000_000_000, Budget = 1_000_000 }, Value(63), [.. impacts.Select((impact, i) => new RewardClaim(Samples.Worker(i), impact, 1, 0))]);
        for (int i = 0; i < workers.Length; i++)
        {
            yield return (workers[i].Name, impacts[i], split.Shares[i].Units / (double)split.Pool, fair[i] / fair.Sum());
        }
    }

    private static IEnumerable<JsonElement> Blocks(string kind)
    {
        JsonElement[] blocks = [.. Block().Matches(Page).Where(match => match.Groups[1].Value == kind).Select(match => JsonDocument.Parse(match.Groups[2].Value).RootElement)];
        Assert.NotEmpty(blocks);
        return blocks;
    }

    [GeneratedRegex(@"<!-- (reward-example|shapley-example) -->\s*```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
