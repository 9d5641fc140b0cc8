using System.Text.Json;
using Verathos.Testing;
using Verathos.Training.Ratings;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Ratings;

public sealed class RatingTests
{
    // What openskill.py's tests play to make the file (https://github.com/vivekjoshy/openskill.py, tests/models): players, ranks, weights.
    // In "margins" and "balance" all players are equal, so that the options' own terms are zero there.
    private static readonly Dictionary<string, (int[] Players, double[] Ranks, double[][]? Weights, bool LimitSigma)> Games = new()
    {
        ["normal"] = ([1, 2], [1, 2], null, false),
        ["ranks"] = ([1, 2, 1, 2], [2, 1, 4, 3], null, false),
        ["scores"] = ([1, 2], [-1, -2], null, false),
        ["margins"] = ([2, 2, 2, 2, 2], [-10, -5, -5, -2, -1], [[1, 2], [2, 1], [1, 2], [3, 1], [1, 2]], false),
        ["limit_sigma"] = ([1, 2, 3], [2, 1, 3], null, true),
        ["ties"] = ([1, 2, 3], [1, 2, 1], null, false),
        ["weights"] = ([3, 2, 3, 2], [2, 1, 4, 3], [[2, 0, 0], [1, 2], [0, 0, 1], [0, 1]], false),
        ["balance"] = ([2, 2], [1, 2], null, false),
    };

    public static TheoryData<string> Names => [.. Games.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void OpenSkills_vectors_are_met(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Vectors.Path("standards/openskill-plackettluce.json")));
        JsonElement model = document.RootElement.GetProperty("model");
        SkillRating start = new(model.GetProperty("mu").GetDouble(), model.GetProperty("sigma").GetDouble());
        (int[] players, double[] ranks, double[][]? weights, bool limitSigma) = Games[name];
        SkillRating[][] got = new PlackettLuce { LimitSigma = limitSigma }.Rate([.. players.Select(count => Enumerable.Repeat(start, count).ToArray())], ranks, weights);
        JsonElement expected = document.RootElement.GetProperty(name);
        Assert.Equal(players.Length, expected.EnumerateObject().Count());
        for (int team = 0; team < players.Length; team++)
        {
            JsonElement rows = expected.GetProperty($"team_{team + 1}");
            Assert.Equal(players[team], rows.GetArrayLength());
            for (int player = 0; player < players[team]; player++)
            {
                Assert.Equal(rows[player].GetProperty("mu").GetDouble(), got[team][player].Mu, 1e-13);
                Assert.Equal(rows[player].GetProperty("sigma").GetDouble(), got[team][player].Sigma, 1e-13);
            }
        }
    }

    [Fact]
    public void Every_vector_of_the_file_is_played()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Vectors.Path("standards/openskill-plackettluce.json")));
        Assert.Equal(document.RootElement.EnumerateObject().Select(p => p.Name).Except(["model"]).Order(), Games.Keys.Order());
    }

    [Fact]
    public void A_game_that_makes_no_sense_is_refused()
    {
        SkillRating[] one = [SkillRating.Initial];
        Assert.Throws<ArgumentException>(() => new PlackettLuce().Rate([one], [1]));
        Assert.Throws<ArgumentException>(() => new PlackettLuce().Rate([one, one], [1]));
        Assert.Throws<ArgumentException>(() => new PlackettLuce().Rate([one, []], [1, 2]));
        Assert.Throws<ArgumentException>(() => new PlackettLuce().Rate([one, one], [1, double.NaN]));
        Assert.Throws<ArgumentException>(() => new PlackettLuce().Rate([one, one], [1, 2], [[1], [1, 2]]));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0.57243340223994617)]
    [InlineData(3, 0.10119288512538816)]
    [InlineData(5, 0)]
    [InlineData(70, 0)]
    public void Sync_falls_with_the_steps_behind(int behind, double expected) => Assert.Equal(expected, WorkerScore.SyncOf(behind), 1e-15);

    [Fact]
    public void A_worker_cannot_be_ahead() => Assert.Throws<ArgumentOutOfRangeException>(() => WorkerScore.SyncOf(-1));

    [Fact]
    public void The_gap_is_near_one_for_who_trains_on_its_documents_and_near_zero_for_who_does_not()
    {
        Random random = new(1);
        (GapAverage own, GapAverage other, GapAverage opposite) = default((GapAverage, GapAverage, GapAverage));
        double mean = 0;
        for (int round = 0; round < 200; round++)
        {
            own = own.Next(0.02, 0.01);
            other = other.Next(random.NextDouble(), random.NextDouble());
            mean += other.Value / 200;
            opposite = opposite.Next(0.01, 0.02);
        }

        Assert.Equal(1, own.Value, 1e-6);
        Assert.InRange(mean, -0.2, 0.2);
        Assert.Equal(-1, opposite.Value, 1e-6);
        Assert.Equal(0.1, default(GapAverage).Next(1, 0).Value);
        Assert.Equal(0, default(GapAverage).Next(1, 1).Value);
        Assert.Throws<ArgumentException>(() => own.Next(double.NaN, 0));
    }

    [Fact]
    public void What_others_reach_earns_nothing_and_makes_a_stranger()
    {
        Assert.Equal(0.4588314677411235, GapAverage.Chance, 1e-15);
        Assert.Equal((0.0, 0.0, 0.5, 1.0), (new GapAverage(-1).Earning, new GapAverage(0.25).Earning, new GapAverage(0.625).Earning, new GapAverage(1).Earning));
        GapAverage honest = default;
        for (int round = 1; round <= 3; round++)
        {
            honest = honest.Next(1, 0);
            Assert.Equal(round == 3, honest.Earning > 0);
        }

        Assert.True(new GapAverage(-GapAverage.Chance).IsStranger);
        Assert.False(new GapAverage(-0.458).IsStranger);

        // Who has nothing of its own documents passes one deviation of others in one round of six: the mean of what it earns.
        Random random = new(5);
        (GapAverage copy, double earned) = (default, 0);
        for (int round = 0; round < 20_000; round++)
        {
            copy = copy.Next(random.NextDouble() < 0.16 ? 1 : 0, 0.5);
            earned += copy.Earning / 20_000;
        }

        Assert.InRange(earned, 0, 0.001);
    }

    [Fact]
    public void The_final_score_is_a_product_and_never_that_of_two_evils()
    {
        Assert.Equal(10 * 0.5 * 1, new WorkerScore(new SkillRating(25, 5), new GapAverage(0.5), 0).Final);
        Assert.Equal(0, new WorkerScore(new SkillRating(10, 5), new GapAverage(-0.5), 0).Final);
        Assert.Equal(0, new WorkerScore(new SkillRating(25, 5), new GapAverage(0.5), 5).Final);
    }

    [Fact]
    public void The_board_does_not_depend_on_who_was_judged_first()
    {
        RoundScore[] results = [.. Enumerable.Range(0, 9).Select(i => new RoundScore(Samples.Worker(i), i / 3, 0.1 * i, 0.3, i % 2))];
        ScoreBoard left = new();
        left.Add(results);
        Array.Reverse(results);
        ScoreBoard right = new();
        right.Add(results);
        Assert.Equal(left.Scores, right.Scores);
        ScoreBoard resumed = new(left.Scores);
        left.Add(results);
        resumed.Add(results);
        Assert.Equal(left.Scores, resumed.Scores);
        Assert.True(left.Of(Samples.Worker(8)).Rating.Mu > left.Of(Samples.Worker(0)).Rating.Mu);
        Assert.Equal(SkillRating.Initial, left.Of(Samples.Worker(99)).Rating);
        Assert.Throws<ArgumentException>(() => left.Add([results[0], results[0]]));
    }

    [Fact]
    public void One_worker_alone_plays_no_game()
    {
        ScoreBoard board = new();
        board.Add([new RoundScore(Samples.Worker(1), 1, 1, 0, 0)]);
        Assert.Equal((SkillRating.Initial, 0.1), (board.Of(Samples.Worker(1)).Rating, board.Of(Samples.Worker(1)).Gap.Value));
    }

    [Fact]
    public void A_rating_is_too_low_by_three_deviations_and_by_two_of_a_newcomers()
    {
        double floor = 2 * SkillRating.Initial.Sigma;
        Assert.Equal(25 - floor, RatingBound.Of([25]), 1e-12);
        Assert.Equal(25 - floor, RatingBound.Of([24, 25, 26, 25, 10]), 1e-12);

        // Distances from the median of 30: 0, 10, 10, 20, 50.
        Assert.Equal(30 - (3 * 1.4826 * 10), RatingBound.Of([30, 40, 50, 20, -20]), 1e-12);
        Assert.Throws<ArgumentException>(() => RatingBound.Of([]));
    }
}
