using CsCheck;
using Verathos.Validator.Scores;

namespace Verathos.Validator.Tests.Scores;

public class ScoringTests
{
    private static readonly ScoringRules s_rules = ScoringRules.Default;

    private static NodeObservation Good(string node = "a") => new()
    {
        Node = node,
        Model = "m",
        Standing = StandingKind.Active,
        Due = 20,
        Answered = 20,
        CanariesDue = 13,
        CanariesExcused = 0,
        AnsweredTokens = 800,
        VerifiedTokens = 800,
        FirstTokenMicros = 40_000,
        TokensPerKilosecond = 50_000,
        EvidenceAgeSeconds = 60,
        Failures = [],
        PreviousScorePpm = 0,
    };

    private static NodeScore ScoreOf(NodeObservation node, params NodeObservation[] others) => Scoring.Epoch([node, .. others], s_rules)[0];

    private static NodeObservation[] Others() => [Good("b"), Good("c"), Good("d")];

    [Fact]
    public void A_node_at_the_median_has_four_fifths_and_a_faster_one_all()
    {
        Assert.Equal(800_000, ScoreOf(Good(), Others()).ScorePpm);
        Assert.Equal(1_000_000, ScoreOf(Good() with { FirstTokenMicros = 32_000, TokensPerKilosecond = 62_500 }, Others()).ScorePpm);
    }

    [Fact]
    public void Each_factor_takes_points_and_names_itself()
    {
        (NodeObservation Worse, string Factor)[] cases =
        [
            (Good() with { VerifiedTokens = 400 }, ScoreFactors.Tokens),
            (Good() with { FirstTokenMicros = 80_000 }, ScoreFactors.Latency),
            (Good() with { TokensPerKilosecond = 25_000 }, ScoreFactors.Throughput),
            (Good() with { EvidenceAgeSeconds = 3600 }, ScoreFactors.Evidence),
            (Good() with { Answered = 10 }, ScoreFactors.Availability),
            (Good() with { Standing = StandingKind.Probation }, ScoreFactors.Standing),
        ];
        NodeScore good = ScoreOf(Good(), Others());
        foreach ((NodeObservation worse, string factor) in cases)
        {
            NodeScore score = ScoreOf(worse, Others());
            Assert.True(score.ScorePpm < good.ScorePpm, factor);
            ScoreLoss? before = good.Losses.FirstOrDefault(loss => loss.Check == factor);
            Assert.True(score.Losses.First(loss => loss.Check == factor).LostPpm > (before?.LostPpm ?? 0), factor);
        }
    }

    [Fact]
    public void One_failed_proof_zeroes_the_epoch_and_is_named()
    {
        NodeScore score = ScoreOf(Good() with { Failures = [new FailedCheck("opening.rows", FaultOf.Node, true, 1), new FailedCheck("receipt.signature", FaultOf.Node, true, 2)] }, Others());
        Assert.Equal(0, score.ScorePpm);
        Assert.Equal([("opening.rows", 1_000_000L), ("receipt.signature", 0L)], score.Losses.Select(loss => (loss.Check, loss.LostPpm)));
    }

    [Fact]
    public void The_validators_own_errors_change_nothing()
    {
        NodeObservation hindered = Good() with { CanariesExcused = 5, Failures = [new FailedCheck("validator.network", FaultOf.Validator, false, 5), new FailedCheck("validator.key", FaultOf.Validator, true, 1)] };
        Assert.Equal(ScoreOf(Good(), Others()).ScorePpm, ScoreOf(hindered, Others()).ScorePpm);
    }

    [Fact]
    public void A_node_that_the_validator_could_not_ask_keeps_its_score()
    {
        NodeObservation unasked = Good() with { Due = 0, Answered = 0, CanariesDue = 0, CanariesExcused = 13, AnsweredTokens = 0, VerifiedTokens = 0, FirstTokenMicros = null, TokensPerKilosecond = null, PreviousScorePpm = 712_000 };
        NodeScore carried = ScoreOf(unasked, Others());
        Assert.Equal((712_000, true), (carried.ScorePpm, carried.Carried));

        // Neither a quarantined one, nor one of which a proof failed, nor one that nobody meant to ask.
        Assert.Equal(0, ScoreOf(unasked with { Standing = StandingKind.Quarantined }, Others()).ScorePpm);
        Assert.Equal(0, ScoreOf(unasked with { Failures = [new FailedCheck("evidence.binding", FaultOf.Node, true, 1)] }, Others()).ScorePpm);
        NodeScore unwanted = ScoreOf(unasked with { CanariesExcused = 0 }, Others());
        Assert.Equal((0, ScoreFactors.Unasked), (unwanted.ScorePpm, Assert.Single(unwanted.Losses).Check));
    }

    [Theory]
    [InlineData(StandingKind.Quarantined)]
    [InlineData(StandingKind.Banned)]
    public void Who_is_out_scores_nothing(StandingKind standing) => Assert.Equal(0, ScoreOf(Good() with { Standing = standing }, Others()).ScorePpm);

    [Fact]
    public void A_cheat_does_not_shift_the_median()
    {
        NodeObservation fast = Good("x") with { FirstTokenMicros = 1, TokensPerKilosecond = 50_000_000 };
        NodeObservation[] cheats = [.. Enumerable.Range(0, 5).Select(i => fast with { Node = $"x{i}", Failures = [new FailedCheck("opening.rows", FaultOf.Node, true, 1)] })];
        NodeObservation[] quarantined = [.. Enumerable.Range(0, 5).Select(i => fast with { Node = $"q{i}", Standing = StandingKind.Quarantined })];
        Assert.Equal(800_000, ScoreOf(Good(), [.. Others(), .. cheats, .. quarantined]).ScorePpm);
    }

    [Fact]
    public void Nodes_are_compared_within_their_model_and_few_of_them_count_as_median()
    {
        NodeObservation slow = Good("s") with { Model = "large", FirstTokenMicros = 900_000, TokensPerKilosecond = 900 };
        Assert.Equal(800_000, ScoreOf(slow, [.. Others(), Good("t") with { Model = "large" }]).ScorePpm);
        Assert.True(ScoreOf(slow, [Good("t") with { Model = "large" }, Good("u") with { Model = "large" }]).ScorePpm < 800_000);
    }

    [Fact]
    public void Losses_sum_to_what_is_missing_and_scores_stay_in_range() =>
        Gen.Select(Gen.Long[0, 40], Gen.Long[0, 40], Gen.Long[0, 2000], Gen.Long[0, 2000], Gen.Long[1, 1_000_000_000], Gen.Long[1, 1_000_000_000], Gen.Long[0, 10_000], Gen.Int[0, 3]).Sample((answered, unanswered, verified, unverified, latency, throughput, age, standing) =>
        {
            NodeObservation node = Good() with
            {
                Due = answered + unanswered,
                Answered = answered,
                CanariesDue = answered + unanswered,
                AnsweredTokens = verified + unverified,
                VerifiedTokens = verified,
                FirstTokenMicros = latency,
                TokensPerKilosecond = throughput,
                EvidenceAgeSeconds = age,
                Standing = (StandingKind)standing,
            };
            NodeScore score = ScoreOf(node, Others());
            Assert.InRange(score.ScorePpm, 0, 1_000_000);
            Assert.All(score.Losses, loss => Assert.InRange(loss.LostPpm, 0, 1_000_000));
            Assert.Equal(1_000_000, score.ScorePpm + score.Losses.Sum(loss => loss.LostPpm));
            Assert.Equal(score.ScorePpm, ScoreOf(node, [.. Others().Reverse()]).ScorePpm);
        });

    [Fact]
    public void Observations_and_rules_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ScoreOf(Good() with { Answered = 21 }));
        Assert.Throws<ArgumentException>(() => ScoreOf(Good() with { VerifiedTokens = 801 }));
        Assert.Throws<ArgumentException>(() => Scoring.Epoch([Good()], s_rules with { StaleEvidenceSeconds = s_rules.FreshEvidenceSeconds }));
    }

    [Fact]
    public void Weights_sum_to_the_total_exactly_and_do_not_depend_on_the_order()
    {
        Dictionary<string, long> scores = new() { ["c"] = 1, ["a"] = 1, ["b"] = 1, ["z"] = 0 };
        Assert.Equal(new Dictionary<string, long> { ["a"] = 34, ["b"] = 33, ["c"] = 33, ["z"] = 0 }, Weights.Normalise(scores, 100).OrderBy(pair => pair.Key).ToDictionary());
        Assert.All(Weights.Normalise(new Dictionary<string, long> { ["a"] = 0, ["b"] = 0 }, 65_535).Values, weight => Assert.Equal(0, weight));
        Gen.Long[0, long.MaxValue / 2].Array[1, 40].Where(values => values.Any(value => value > 0)).Sample(values =>
        {
            Dictionary<string, long> many = values.Select((value, i) => ($"n{i}", value)).ToDictionary(pair => pair.Item1, pair => pair.value);
            IReadOnlyDictionary<string, long> weights = Weights.Normalise(many, 65_535);
            Assert.Equal(65_535, weights.Values.Sum());
            Assert.Equal(weights.OrderBy(pair => pair.Key), Weights.Normalise(many.Reverse().ToDictionary(), 65_535).OrderBy(pair => pair.Key));
            Assert.All(many.Where(pair => pair.Value == 0), pair => Assert.Equal(0, weights[pair.Key]));
        });
    }

    [Fact]
    public void The_way_back_takes_time_and_new_keys()
    {
        Assert.False(WayBack.MayRelease(s_rules, caughtEpoch: 10, quarantines: 1, currentEpoch: 12, keysetChanged: true, out string? early));
        Assert.Contains("epoch 13", early, StringComparison.Ordinal);
        Assert.False(WayBack.MayRelease(s_rules, 10, 1, 13, keysetChanged: false, out string? keys));
        Assert.Contains("keyset", keys, StringComparison.Ordinal);
        Assert.True(WayBack.MayRelease(s_rules, 10, 1, 13, keysetChanged: true, out _));
        Assert.False(WayBack.MayRelease(s_rules, 10, 2, 13, keysetChanged: true, out _));
        Assert.Equal([2, 4, 8, 16, 32, 64, 64], Enumerable.Range(1, 7).Select(n => WayBack.Epochs(s_rules, n)));
        Assert.Equal(64, WayBack.Epochs(s_rules, int.MaxValue));
        Assert.Equal([StandingKind.Active, StandingKind.Probation, StandingKind.Probation, StandingKind.Active], new int?[] { null, 0, 2, 3 }.Select(clean => WayBack.Standing(s_rules, clean)));
    }
}
