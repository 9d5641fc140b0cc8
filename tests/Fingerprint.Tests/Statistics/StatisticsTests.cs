using CsCheck;
using Verathos.Fingerprint.Statistics;

namespace Verathos.Fingerprint.Tests.Statistics;

public sealed class StatisticsTests
{
    private static readonly string s_root = new('a', 64);

    private static LikelihoodTable Table(long[][] honest, long[] cheat) => LikelihoodTable.FromCounts(1, s_root, "p", "t", honest, cheat);

    [Fact]
    public void Weights_are_logarithms_of_ratios_within_their_bounds()
    {
        // Passing: 500/1,001 of cheats and 990/1,002 of honest nodes and more; failing: 501 and 12.
        LikelihoodTable table = Table([[9_989, 11], [9_999, 1]], [4_999, 5_001]);
        Assert.Equal(LikelihoodTable.LeastMicro, table.WeightsMicro[0]);
        Assert.Equal(LikelihoodTable.MostMicro, table.WeightsMicro[1]);
        LikelihoodTable weak = Table([[6_000, 4_000]], [5_000, 5_000]);
        Assert.InRange(weak.WeightsMicro[0] / 1e6, Math.Log(5.0 / 6) - 0.002, Math.Log(5.0 / 6) + 0.0002);
        Assert.InRange(weak.WeightsMicro[1] / 1e6, Math.Log(5.0 / 4) - 0.002, Math.Log(5.0 / 4) + 0.0002);
    }

    /// <summary>The gate: no honest condition has an expected ratio above one, in the reals too.</summary>
    [Fact]
    public void No_honest_condition_of_a_made_table_has_an_expected_ratio_above_one() =>
        Gen.Select(Gen.Int[2, 6], Gen.Int[1, 4], Gen.Int[0, 100_000]).Sample((outcomes, conditions, seed) =>
        {
            Random random = new(seed);
            long[] Counts() => [.. Enumerable.Range(0, outcomes).Select(_ => (long)random.Next(0, 5000))];
            LikelihoodTable table = Table([.. Enumerable.Range(0, conditions).Select(_ => Counts())], Counts());
            return table.PassesGate && table.HonestCounts.All(counts =>
                counts.Select((c, i) => (c + 1) * Math.Exp(table.WeightsMicro[i] / 1e6)).Sum() / (counts.Sum() + outcomes) <= 1);
        });

    [Fact]
    public void A_table_that_lets_an_honest_condition_drift_up_is_refused()
    {
        LikelihoodTable table = Table([[9_000, 1_000]], [1_000, 9_000]);
        Assert.True(table.PassesGate);
        Assert.False((table with { WeightsMicro = [table.WeightsMicro[0] + 100_000, table.WeightsMicro[1] + 100_000] }).PassesGate);
        Assert.False((table with { HonestCounts = [[9_000, 1_000], [5_000, 5_000]] }).PassesGate);
        Assert.False((table with { HonestCounts = [] }).PassesGate);
        Assert.False((table with { HonestCounts = [[1]] }).PassesGate);
        Assert.False((table with { HonestCounts = [[-1, 1]] }).PassesGate);
        Assert.False((table with { WeightsMicro = [LikelihoodTable.LeastMicro - 1, 0] }).PassesGate);
        Assert.False((table with { WeightsMicro = [LikelihoodTable.LeastMicro, LikelihoodTable.MostMicro + 1] }).PassesGate);
        Assert.Throws<ArgumentException>(() => new EDetector().Observe(table with { HonestCounts = [] }, 0));
        Assert.Throws<ArgumentException>(() => Table([[1, 2, 3]], [1, 2]));
    }

    [Fact]
    public void The_bound_of_the_design_is_25_3_nats() => Assert.InRange(EDetector.BoundMicro(100_000, 1_000_000), 25_328_436, 25_328_438);

    [Fact]
    public void Old_honesty_is_no_credit()
    {
        LikelihoodTable table = Table([[9_900, 100]], [5_000, 5_000]);
        EDetector detector = default;
        for (int i = 0; i < 1000; i++)
        {
            detector = detector.Observe(table, 0);
            Assert.Equal(0, detector.SumMicro);
        }

        Assert.Equal(1000, detector.Checks);
        Assert.Equal(table.WeightsMicro[1], detector.Observe(table, 1).SumMicro);
        Assert.False(detector.Reaches(1));
        Assert.True(detector.Observe(table, 1).Reaches(table.WeightsMicro[1]));
    }

    /// <summary>Honest nodes meet a bound after e^bound checks on average or later; a cheat within a few.</summary>
    [Fact]
    public void Honest_nodes_run_as_long_as_promised_and_cheats_do_not()
    {
        LikelihoodTable table = Table([[9_600, 300, 100]], [6_000, 2_000, 2_000]);
        const long bound = 4_000_000;
        Random random = new(11);
        double honest = Enumerable.Range(0, 200).Average(_ => Run(table, bound, () => random.Next(10_000) is var r && r < 9_600 ? 0 : r < 9_900 ? 1 : 2));
        double cheat = Enumerable.Range(0, 200).Average(_ => Run(table, bound, () => random.Next(10_000) is var r && r < 6_000 ? 0 : r < 8_000 ? 1 : 2));
        Assert.True(honest > Math.Exp(bound / 1e6), $"{honest}");
        Assert.InRange(cheat, 1, 20);
    }

    [Theory]
    [InlineData(1, 99, 0.5, 0, false, 0.02)]
    [InlineData(0, 1, 1, 0, false, 0.2533)]
    [InlineData(0, 1, 1, 25_330_000, false, 0.01)]
    [InlineData(0, 1, 1, 24_330_000, false, 0.01)]
    [InlineData(9, 1, 0.5, 25_330_000, false, 1)]
    [InlineData(0, 1, 1, 25_330_000, true, 1)]
    public void The_rate_is_what_economics_and_evidence_ask_for(double saving, double loss, double detection, long sum, bool fresh, double rate)
    {
        AuditEconomics economics = new()
        {
            Saving = saving,
            Loss = loss,
            Detection = detection,
            Requests = saving is > 0 and < 9 ? 10_000_000 : 50,
            Epochs = 2,
            BoundMicro = 25_330_000,
            DriftMicro = 1_000_000,
        };
        Assert.Equal(rate, economics.Rate(new EDetector(sum, 0), fresh), 6);
    }

    [Fact]
    public void Economics_out_of_range_are_refused()
    {
        AuditEconomics economics = new() { Saving = 1, Loss = 1, Detection = 1, Requests = 1, Epochs = 1, BoundMicro = 1, DriftMicro = 1 };
        Assert.Throws<ArgumentException>(() => (economics with { Detection = 0 }).Rate(default, false));
        Assert.Throws<ArgumentException>(() => (economics with { Detection = double.NaN }).Rate(default, false));
        Assert.Throws<ArgumentException>(() => (economics with { Saving = -1 }).Rate(default, false));
        Assert.Throws<ArgumentException>(() => (economics with { Loss = 0 }).Rate(default, false));
        Assert.Throws<ArgumentException>(() => (economics with { Requests = 0 }).Rate(default, false));
        Assert.Throws<ArgumentException>(() => (economics with { DriftMicro = 0 }).Rate(default, false));
    }

    [Theory]
    [InlineData(1, 0.95)]
    [InlineData(10_000, 2.99529e-4)]
    [InlineData(1_000_000, 2.995728e-6)]
    public void What_no_alarm_shows_is_no_less_than_three_in_so_many(long checks, double bound) =>
        Assert.InRange(AlarmRate.UpperBoundOfNone(checks) / bound, 0.99999, 1.00001);

    private static int Run(LikelihoodTable table, long bound, Func<int> draw)
    {
        EDetector detector = default;
        while (!detector.Reaches(bound) && detector.Checks < 100_000)
        {
            detector = detector.Observe(table, draw());
        }

        return (int)detector.Checks;
    }

    /// <summary>Where outcomes are ordered, one that neither side showed weighs as much as the nearer one; without, it speaks for the node.</summary>
    [Fact]
    public void Ordered_outcomes_weigh_no_less_than_those_before_them()
    {
        long[][] honest = [[900, 90, 10, 0, 0]];
        long[] cheat = [0, 0, 400, 0, 600];
        LikelihoodTable plain = LikelihoodTable.FromCounts(1, s_root, "p", "t", honest, cheat);
        LikelihoodTable ordered = LikelihoodTable.FromCounts(1, s_root, "p", "t", honest, cheat, ordered: true);
        Assert.True(plain.WeightsMicro[3] < plain.WeightsMicro[2]);
        Assert.Equal(ordered.WeightsMicro.Order(), ordered.WeightsMicro);
        Assert.True(ordered.WeightsMicro[3] > 0);
        Assert.True(ordered.PassesGate);
    }
}
