using Verathos.Validator.Audits;
using Verathos.Validator.Reports;
using Verathos.Validator.Scores;
using Verathos.Validator.State;
using Verathos.Validator.Tests.State;

namespace Verathos.Validator.Tests.Reports;

public class ReportBuilderTests
{
    private static ReportBuilder Builder(ValidatorState state, byte[]? seed = null) => new(state, 25_000_000, "notice", _ => seed);

    private static StateFixture Audited()
    {
        StateFixture fixture = new(nodes: 3, canaries: 2);
        Assert.True(fixture.Answer(0, 0));
        Assert.True(fixture.Answer(0, 1, chosen: false));
        Assert.True(fixture.Answer(1, 0));
        Assert.True(fixture.State.BeginCanary(StateFixture.Id(1, 1), StateFixture.Start));
        fixture.State.FailCanary(fixture.Canary(1, 1), StateFixture.Start, new WorkEnd(WorkResult.Unavailable, "node.unreachable", "no answer"));
        Assert.True(fixture.State.BeginCanary(StateFixture.Id(2, 0), StateFixture.Start));
        fixture.State.FailCanary(fixture.Canary(2, 0), StateFixture.Start, new WorkEnd(WorkResult.ValidatorError, "validator.disk", "no room"));
        foreach (AuditRow audit in fixture.State.Audits(1).Where(audit => audit.Chosen))
        {
            Assert.True(fixture.State.BeginAudit(audit.Canary, StateFixture.Start));
            bool cheat = audit.Canary[0] == 1;
            fixture.State.EndAudit(
                audit,
                StateFixture.Start.AddSeconds(30),
                new WorkEnd(cheat ? WorkResult.Failed : WorkResult.Passed, cheat ? "layer.query" : null)
                {
                    Outcomes = [StateFixture.Weighing("layer", cheat ? 3_000_000 : -500_000)],
                    Events = cheat ? [new NewEvent(EventKind.Caught, "layer.query", "the opened layer", audit.Canary)] : [],
                },
                2000,
                TimeSpan.FromMilliseconds(5));
        }

        return fixture;
    }

    [Fact]
    public void An_epochs_scores_follow_from_the_state_and_are_told_with_their_reasons()
    {
        using StateFixture fixture = Audited();
        IReadOnlyList<ScoreRow> scores = EpochScores.Compute(fixture.State, 1, ScoringRules.Default);
        Assert.Equal(scores, EpochScores.Compute(fixture.State, 1, ScoringRules.Default));
        Assert.Equal([800_000, 0, 0], scores.Select(score => score.ScorePpm));
        Assert.Equal([1_000_000, 0, 0], scores.Select(score => score.WeightPpm));
        Assert.Equal("layer.query", EpochScores.Parts(scores[1]).Score.Losses[0].Check);

        // What the validator did not ask is carried, from nothing here.
        Assert.True(EpochScores.Parts(scores[2]).Score.Carried);
        Assert.Throws<StateException>(() => EpochScores.Parts(scores[0] with { Parts = "[]" }));
    }

    [Fact]
    public void A_report_counts_what_was_checked_and_what_was_skipped()
    {
        using StateFixture fixture = Audited();
        ValidatorReport running = Builder(fixture.State).Build(StateFixture.Start, 10);
        Assert.Null(running.Nodes[0].History[0].ScorePpm);
        foreach (ChallengeRow challenge in fixture.State.Challenges(1))
        {
            Assert.True(fixture.State.BeginChallenge(challenge.Id, StateFixture.Start));
            fixture.State.EndChallenge(challenge, StateFixture.Start, new WorkEnd(WorkResult.Passed), null, 50, true, 1);
        }

        fixture.State.SkipCanary(fixture.Canary(2, 1), StateFixture.Start, "validator.late");
        fixture.State.EndEpoch(1, StateFixture.Start.AddMinutes(2), EpochScores.Compute(fixture.State, 1, ScoringRules.Default));
        ValidatorReport report = Builder(fixture.State).Build(StateFixture.Start, 10);
        EpochReport epoch = Assert.Single(report.Epochs);
        Assert.True(report.Simulated);
        Assert.Equal((3, 2, 2, 1, 1, 1), (epoch.Tier0, epoch.Tier1, epoch.Chosen, epoch.Skipped, epoch.ValidatorErrors, epoch.Caught));
        Assert.Equal((12, 8), (epoch.AnsweredTokens, epoch.VerifiedTokens));
        Assert.Equal(("quarantined", "layer.query", 3_000_000), (report.Nodes[1].Status, report.Nodes[1].StatusReason, report.Nodes[1].History[0].EvidenceMicro));
        Assert.Equal((0, 800_000L), (report.Nodes[0].EvidenceMicro, report.Nodes[0].History[0].ScorePpm));
        Assert.Equal((1, 1), (report.Checks.Single(check => check.Name == "openings (tier 1)").Passed, report.Checks.Single(check => check.Name == "openings (tier 1)").Failed));
        Assert.Equal(["b"], Builder(fixture.State).Build(StateFixture.Start, 10, new HashSet<string> { "b" }).Nodes.Select(node => node.Name));
        Assert.Contains("layer.query", HtmlReport.Write(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_choice_that_does_not_follow_from_the_revealed_seed_is_told()
    {
        using StateFixture fixture = new(nodes: 1, canaries: 1);
        Assert.True(fixture.Answer(0, 0));

        // The fixture's commitment is no seed's.
        Assert.Null(Builder(fixture.State).Build(StateFixture.Start, 1).Epochs[0].ChoiceFollows);
        Assert.False(Builder(fixture.State, StateFixture.Seed).Build(StateFixture.Start, 1).Epochs[0].ChoiceFollows);
    }

    [Fact]
    public void Choices_that_follow_are_told_and_one_that_was_changed_is_not()
    {
        byte[] seed = StateFixture.Seed;
        Assert.True(Of(chosen: true));
        Assert.False(Of(chosen: false));

        bool? Of(bool chosen)
        {
            using StateFixture fixture = new(nodes: 1, canaries: 1);
            fixture.State.BeginEpoch(2, seed, AuditSeed.Commit(2, seed), "{}", 2000, StateFixture.Start.AddMinutes(1), StateFixture.Start.AddMinutes(2), [new PlannedWork("a", StateFixture.Start.AddMinutes(1), new PlannedCanary([9, .. new byte[15]], 0, 500, 0, TimeSpan.Zero, null))]);
            Assert.True(fixture.State.BeginCanary([9, .. new byte[15]], StateFixture.Start.AddMinutes(1)));
            AnsweredCanary answer = StateFixture.AnswerOf(0, 9) with { Audit = new AuditDecision(1_000_000, "fresh", chosen, 1, chosen ? StateFixture.Start : null, chosen ? StateFixture.Start : null) };
            fixture.State.EndCanary(fixture.State.Canary([9, .. new byte[15]])!, StateFixture.Start.AddMinutes(1), new WorkEnd(WorkResult.Passed), answer, static _ => throw new InvalidOperationException());
            return Builder(fixture.State, seed).Build(StateFixture.Start, 1).Epochs.Single(epoch => epoch.Number == 2).ChoiceFollows;
        }
    }

    [Fact]
    public void Evidence_begins_at_nought_after_a_release()
    {
        using StateFixture fixture = Audited();
        fixture.State.AddEvent(1, fixture.State.Node("b")!.Id, StateFixture.Start, new NewEvent(EventKind.Released, "the disk was replaced", "by hand"));
        NodeReport node = Builder(fixture.State).Build(StateFixture.Start, 10).Nodes[1];
        Assert.Equal(0, node.History[0].EvidenceMicro);
        Assert.Equal(["caught", "released"], node.Events.Select(happened => happened.Kind).TakeLast(2));
    }
}
