using CsCheck;
using Verathos.Training.Aggregation;
using Verathos.Training.Attacks;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Aggregation;

public sealed class AggregatorTests
{
    private static readonly double[][] Rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];

    // The examples in ByzFL's documentation (https://byzfl.epfl.ch): aggregators, then attacks.
    [Theory]
    [InlineData(AggregationRule.Mean, 0, 4, 5, 6)]
    [InlineData(AggregationRule.CoordinateMedian, 0, 4, 5, 6)]
    [InlineData(AggregationRule.TrimmedMean, 1, 4, 5, 6)]
    [InlineData(AggregationRule.Krum, 1, 1, 2, 3)]
    [InlineData(AggregationRule.MultiKrum, 1, 2.5, 3.5, 4.5)]
    [InlineData(AggregationRule.CenteredClip, 0, 4, 5, 6)]
    public void Byzfls_vectors_are_met_exactly(AggregationRule rule, int faulty, double x, double y, double z)
    {
        AggregationOptions options = new() { Rule = rule, Faulty = faulty, Radius = rule == AggregationRule.CenteredClip ? 100 : null, Iterations = 1 };
        Assert.Equal([x, y, z], Aggregator.Apply(Samples.Contributions(Rows), options).Vector.ToDense());
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-6)]
    public void Byzfls_geometric_median_is_met_to_the_last_digit_given(double smoothing)
    {
        double[] median = Aggregator.Apply(Samples.Contributions(Rows), new() { Rule = AggregationRule.GeometricMedian, Iterations = 3, Smoothing = smoothing }).Vector.ToDense();
        Assert.Equal([3.78788764, 4.78788764, 5.78788764], median.Select(value => Math.Round(value, 8)));
    }

    [Fact]
    public void Sparse_vectors_of_a_long_space_are_joined_as_dense_ones_are()
    {
        // Coordinates on both sides of the places at which they are counted anew, and one vector that only says where.
        const int Dimension = (2 * 65_536) + 5;
        Random random = new(4);
        int[] edges = [0, 65_535, 65_536, 131_071, 131_072, Dimension - 1];
        SparseVector[] vectors = [.. Enumerable.Range(0, 5).Select(_ => Sparse(random, Dimension, edges))];
        SparseVector further = Sparse(random, Dimension, edges);
        CoordinateColumns columns = new(vectors, further);
        Assert.Equal(vectors.Append(further).SelectMany(vector => vector.Indices.ToArray()).Distinct().Order(), columns.Coordinates);
        double[][] dense = [.. vectors.Select(vector => vector.ToDense())];
        double[] column = new double[vectors.Length];
        double[] weights = [1, -2, 0.5, 3, 4], sums = columns.WeightedSum(weights);
        for (int place = 0; place < columns.Coordinates.Length; place++)
        {
            columns.Column(place, column);
            Assert.Equal(dense.Select(row => row[columns.Coordinates[place]]), column);
            Assert.Equal(column.Zip(weights, (value, weight) => weight * value).Sum(), sums[place], 1e-12);
        }

        double[] point = columns.Spread(further), all = further.ToDense();
        for (int row = 0; row < vectors.Length; row++)
        {
            Assert.Equal(Math.Sqrt(dense[row].Zip(all, (x, v) => ((2 * x) - v) * ((2 * x) - v)).Sum()), columns.Distance(row, 2, point), 1e-9);
        }
    }

    private static SparseVector Sparse(Random random, int dimension, int[] edges)
    {
        int[] indices = [.. Enumerable.Range(0, 3000).Select(_ => random.Next(dimension)).Concat(edges.Where(_ => random.Next(2) == 0)).Distinct().Order()];
        return new SparseVector(dimension, indices, [.. indices.Select(_ => Samples.Normal(random))]);
    }

    [Fact]
    public void Byzfls_attacks_are_met_exactly()
    {
        SparseVector[] honest = [.. Rows.Select(row => SparseVector.Dense(row))];
        Assert.Equal([8.5, 9.5, 10.5], GradientAttacks.Alie(honest, 1.5).ToDense());
        Assert.Equal([-8.0, -10, -12], GradientAttacks.InnerProduct(honest, 2).ToDense());
        Assert.Equal([-4.0, -5, -6], GradientAttacks.InnerProduct(honest, 1).ToDense());
        Assert.Equal([-1.0, -2, -3], GradientAttacks.SignFlip(honest[0]).ToDense());
        Assert.Equal([10.0, 20, 30], GradientAttacks.Scaling(honest[0], 10).ToDense());
    }

    [Fact]
    public void Bulyan_takes_the_values_around_the_median()
    {
        // f = 1, n = 7: Krum drops the two far ones, of the five left the three values nearest to the median count.
        double[][] rows = [[0], [1], [2], [3], [4], [100], [-100]];
        Assert.Equal([2.0], Aggregator.Apply(Samples.Contributions(rows), new() { Rule = AggregationRule.Bulyan, Faulty = 1 }).Vector.ToDense());
    }

    [Fact]
    public void Bulyan_agrees_with_its_definition_done_plainly() => Gen.Select(Gen.Int[0, 1 << 30], Gen.Int[7, 11]).Sample(
        (seed, count) =>
        {
            Random random = new(seed);
            double[][] rows = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 4).Select(_ => Samples.Normal(random)).ToArray())];
            double[] got = Aggregator.Apply(Samples.Contributions(rows), new() { Rule = AggregationRule.Bulyan, Faulty = 1 }).Vector.ToDense();
            List<double[]> left = [.. rows];
            List<double[]> taken = [];
            while (taken.Count < rows.Length - 2)
            {
                double Score(double[] x) => left.Where(y => y != x).Select(y => x.Zip(y, (a, b) => (a - b) * (a - b)).Sum()).Order().Take(Math.Max(1, left.Count - 3)).Sum();
                double[] best = left.MinBy(Score)!;
                taken.Add(best);
                left.Remove(best);
            }

            for (int k = 0; k < 4; k++)
            {
                double[] values = [.. taken.Select(row => row[k])];
                double median = RobustStatistics.Median(values);
                Assert.Equal(values.OrderBy(v => Math.Abs(v - median)).Take(taken.Count - 2).Average(), got[k], 1e-12);
            }
        },
        iter: 100);

    [Fact]
    public void FlTrust_weighs_by_the_cosine_and_rescales()
    {
        // Cosines 1, 0 and -1 to the trusted gradient of norm 2.
        double[][] rows = [[5, 0], [0, 3], [-1, 0]];
        Aggregate aggregate = Aggregator.Apply(Samples.Contributions(rows), new() { Rule = AggregationRule.FlTrust, Trusted = SparseVector.Dense([2, 0]) });
        Assert.Equal([2.0, 0], aggregate.Vector.ToDense());
        Assert.Equal([1.0, 0, 0], aggregate.Weights.Select(weight => weight.Weight));

        // (1, 1) has the cosine s = 1/sqrt 2 and becomes 2 (s, s): the sum (2 + 2 s s, 2 s s) over 1 + s.
        double s = 1 / Math.Sqrt(2);
        double[] mixed = Aggregator.Apply(Samples.Contributions([[1, 0], [1, 1]]), new() { Rule = AggregationRule.FlTrust, Trusted = SparseVector.Dense([2, 0]) }).Vector.ToDense();
        Assert.Equal(3 / (1 + s), mixed[0], 1e-12);
        Assert.Equal(1 / (1 + s), mixed[1], 1e-12);
    }

    [Fact]
    public void Centred_clipping_starts_from_the_previous_aggregate()
    {
        // From (10, 0): (13, 0) lies within 5, (10, 100) is pulled to (10, 5): the mean moves by (1.5, 2.5).
        AggregationOptions options = new() { Rule = AggregationRule.CenteredClip, Previous = SparseVector.Dense([10, 0]), Radius = 5, Iterations = 1 };
        Assert.Equal([11.5, 2.5], Aggregator.Apply(Samples.Contributions([[13, 0], [10, 100]]), options).Vector.ToDense());
    }

    [Fact]
    public void The_default_divides_by_total_trust_and_never_by_those_who_sent_a_coordinate()
    {
        // Four equally trusted workers; coordinate 1 is sent by one of them alone and must not arrive with its whole value.
        SparseVector trusted = SparseVector.Dense([1, 0, 0]);
        Contribution[] contributions =
        [
            .. Enumerable.Range(0, 3).Select(i => new Contribution(Samples.Worker(i), new SparseVector(3, [0], [1]))),
            new Contribution(Samples.Worker(3), new SparseVector(3, [0, 1], [1, 0.001])),
        ];
        AggregationOptions options = new() { Trusted = trusted, Radius = 10, Iterations = 1 };
        double[] update = Aggregator.Apply(contributions, options).Vector.ToDense();
        Assert.Equal(1, update[0], 1e-6);
        Assert.Equal(0.001 / 4, update[1], 1e-8);
    }

    [Fact]
    public void The_default_lets_no_contribution_be_longer_than_the_median_one()
    {
        Contribution[] contributions = Samples.Contributions([[1, 0], [1, 0], [1, 0], [100, 0]]);
        AggregationOptions options = new() { Trusted = SparseVector.Dense([1, 0]), Radius = 1000, Iterations = 1 };
        Assert.Equal([1.0, 0], Aggregator.Apply(contributions, options).Vector.ToDense());
    }

    [Fact]
    public void The_default_holds_where_the_mean_breaks()
    {
        Random random = new(11);
        double[] direction = [.. Enumerable.Range(0, 200).Select(_ => Samples.Normal(random))];
        SparseVector truth = SparseVector.Dense(direction);
        SparseVector Noisy(double noise) => SparseVector.Dense([.. direction.Select(value => value + (noise * Samples.Normal(random)))]);
        SparseVector[] honest = [.. Enumerable.Range(0, 14).Select(_ => Noisy(1))];
        (string Name, SparseVector Vector)[] attacks =
        [
            ("ALIE", GradientAttacks.Alie(honest, 1.5)), ("IPM", GradientAttacks.InnerProduct(honest, 2)), ("small IPM", GradientAttacks.InnerProduct(honest, 0.1)),
            ("sign flip", GradientAttacks.SignFlip(honest[0])), ("scaling", GradientAttacks.Scaling(GradientAttacks.SignFlip(honest[1]), 100)),
        ];
        foreach ((string name, SparseVector vector) in attacks)
        {
            Contribution[] contributions = [.. honest.Concat(Enumerable.Repeat(vector, 6)).Select((v, i) => new Contribution(Samples.Worker(i), v))];
            AggregationOptions options = new() { Trusted = Noisy(3), Previous = Noisy(1), Faulty = 6 };
            double cosine = Aggregator.Apply(contributions, options).Vector.Cosine(truth);
            double mean = Aggregator.Apply(contributions, options with { Rule = AggregationRule.Mean }).Vector.Cosine(truth);
            TestContext.Current.TestOutputHelper!.WriteLine($"{name}: cosine to the truth {cosine:F3}, of the mean {mean:F3}");
            Assert.True(cosine > 0.85, $"{name}: {cosine}");
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_order_of_arrival_changes_no_bit(AggregationRule rule)
    {
        Random random = new(3);
        Contribution[] contributions = [.. Enumerable.Range(0, 12).Select(i => new Contribution(Samples.Worker(i), Sparse(random, 500, 60)))];
        AggregationOptions options = new() { Rule = rule, Faulty = 2, Trusted = Sparse(random, 500, 500), Previous = Sparse(random, 500, 100) };
        double[] expected = Aggregator.Apply(contributions, options).Vector.ToDense();
        for (int i = 0; i < 5; i++)
        {
            random.Shuffle(contributions);
            Aggregate again = Aggregator.Apply(contributions, options);
            Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), again.Vector.ToDense().Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(again.Weights.Select(weight => weight.Worker).Order(), again.Weights.Select(weight => weight.Worker));
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Sparse_vectors_give_what_dense_ones_give(AggregationRule rule)
    {
        Random random = new(4);
        Contribution[] sparse = [.. Enumerable.Range(0, 9).Select(i => new Contribution(Samples.Worker(i), Sparse(random, 100, 20)))];
        Contribution[] dense = [.. sparse.Select(c => c with { Gradient = SparseVector.Dense(c.Gradient.ToDense()) })];
        AggregationOptions options = new() { Rule = rule, Faulty = 1, Trusted = Sparse(random, 100, 100), Previous = Sparse(random, 100, 30) };
        double[] left = Aggregator.Apply(sparse, options).Vector.ToDense();
        double[] right = Aggregator.Apply(dense, options).Vector.ToDense();
        Assert.All(left.Zip(right), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    public static TheoryData<AggregationRule> Rules => [.. Enum.GetValues<AggregationRule>()];

    [Fact]
    public void Nobody_trusted_moves_nothing()
    {
        AggregationOptions options = new() { Trusted = SparseVector.Dense([-1, -1, -1]), Previous = SparseVector.Dense([1, 1, 1]) };
        Assert.Equal(0, Aggregator.Apply(Samples.Contributions(Rows), options).Vector.Count);
        Assert.Equal(0, Aggregator.Apply(Samples.Contributions(Rows), options with { Rule = AggregationRule.FlTrust }).Vector.Count);
    }

    [Fact]
    public void Guarantees_are_those_of_the_papers() => Assert.Equal(
        [9, 0, 9, 9, 9, 8, 8, 4, 9, 9],
        Enum.GetValues<AggregationRule>().Select(rule => Aggregator.MostFaulty(rule, 20)));

    [Fact]
    public void What_cannot_be_aggregated_is_refused()
    {
        Contribution[] good = Samples.Contributions(Rows);
        Contribution[][] bad = [[], [good[0], good[0]], [good[0], new(Samples.Worker(9), SparseVector.Dense([1]))], [new(Samples.Worker(0), SparseVector.Dense([1, double.NaN, 0]))]];
        Assert.All(bad, contributions => Assert.Throws<ArgumentException>(() => Aggregator.Apply(contributions, new() { Rule = AggregationRule.Mean })));
        AggregationOptions[] options =
        [
            new(), new() { Rule = AggregationRule.FlTrust }, new() { Rule = AggregationRule.TrimmedMean, Faulty = 2 }, new() { Rule = AggregationRule.Bulyan, Faulty = 1 },
            new() { Rule = AggregationRule.Krum, Faulty = 3 }, new() { Rule = AggregationRule.CenteredClip, Radius = 0 }, new() { Rule = AggregationRule.GeometricMedian, Iterations = 0 },
            new() { Rule = AggregationRule.GeometricMedian, Smoothing = 0 }, new() { Rule = AggregationRule.Mean, Faulty = -1 },
        ];
        Assert.All(options, option => Assert.Throws<ArgumentException>(() => Aggregator.Apply(good, option)));
    }

    internal static SparseVector Sparse(Random random, int dimension, int count)
    {
        int[] indices = [.. Enumerable.Range(0, dimension)];
        random.Shuffle(indices);
        int[] kept = [.. indices[..count].Order()];
        return new SparseVector(dimension, kept, [.. kept.Select(_ => Samples.Normal(random))]);
    }
}
