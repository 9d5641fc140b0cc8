using Verathos.Fingerprint.Statistics;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.State;

public sealed class WorkTests
{
    private static readonly DateTimeOffset s_start = StateFixture.Start;

    [Fact]
    public void A_canary_leaves_once_whatever_happens_after()
    {
        using StateFixture fixture = new();
        Assert.True(fixture.State.BeginCanary(StateFixture.Id(0, 0), s_start));
        Assert.False(fixture.State.BeginCanary(StateFixture.Id(0, 0), s_start));
        fixture.Reopen();
        Assert.Equal((1, 0, 0), fixture.State.Recover(s_start.AddSeconds(30)));
        Assert.False(fixture.State.BeginCanary(StateFixture.Id(0, 0), s_start));
        CanaryRow canary = fixture.Canary(0, 0);
        Assert.Equal((WorkState.Ended, WorkResult.ValidatorError, "validator.stopped"), (canary.State, canary.Result, canary.Reason));
    }

    [Fact]
    public void An_answer_is_written_with_its_audit_and_ends_once()
    {
        using StateFixture fixture = new();
        Assert.True(fixture.Answer(0, 0));
        fixture.Reopen();
        CanaryRow canary = fixture.Canary(0, 0);
        Assert.Equal((WorkState.Ended, WorkResult.Passed, 3, 4), (canary.State, canary.Result, canary.PromptTokens, canary.OutputTokens));
        Assert.Equal(TimeSpan.FromMilliseconds(1.5), canary.TimeToFirstToken);
        AuditRow audit = Assert.Single(fixture.State.Audits(1));
        Assert.Equal((true, WorkState.Planned, 1_000_000), (audit.Chosen, audit.State, audit.RatePpm));
        Assert.True(fixture.State.TryGetTicket(canary.Id, out byte[]? ticket));
        Assert.Equal([1, 2, 3, 0], ticket);
        Assert.Throws<StateException>(() => fixture.State.EndCanary(canary, s_start, new WorkEnd(WorkResult.Passed), StateFixture.AnswerOf(0, 0), static _ => throw new InvalidOperationException()));
    }

    [Fact]
    public void A_ticket_does_not_lie_open_in_the_file()
    {
        using StateFixture fixture = new();
        Assert.True(fixture.State.BeginCanary(StateFixture.Id(0, 0), s_start));
        byte[] secret = [.. Enumerable.Range(100, 32).Select(static i => (byte)i)];
        fixture.State.EndCanary(fixture.Canary(0, 0), s_start, new WorkEnd(WorkResult.Passed), StateFixture.AnswerOf(0, 0) with { Ticket = secret }, static _ => throw new InvalidOperationException());
        Assert.Equal(StateFixture.Seed, fixture.State.Seed(1));
        string database = fixture.Database;
        byte[] bytes = [.. Read(database), .. File.Exists(database + "-wal") ? Read(database + "-wal") : []];
        Assert.True(bytes.AsSpan().IndexOf(secret) < 0);
        Assert.True(bytes.AsSpan().IndexOf(StateFixture.Seed) < 0);
    }

    [Fact]
    public void Two_receipts_with_one_counter_are_found_after_a_restart()
    {
        using StateFixture fixture = new();
        Assert.True(fixture.Answer(0, 0, counter: 5));
        fixture.Reopen();
        Assert.False(fixture.Answer(0, 1, receipt: 9, counter: 5));
        CanaryRow canary = fixture.Canary(0, 1);
        Assert.Equal((WorkResult.Failed, "receipt.equivocation"), (canary.Result, canary.Reason));
        EventRow caught = Assert.Single(fixture.State.Events(1));
        Assert.Equal((EventKind.Caught, "proof.json"), (caught.Kind, caught.Proof));
        Assert.Equal(NodeStatus.Quarantined, fixture.State.Node("a")!.Status);
    }

    [Fact]
    public void A_later_turn_is_due_after_the_earlier_answer_and_left_out_without_it()
    {
        using StateFixture fixture = new(canaries: 4, turns: 2);
        Assert.Null(fixture.Canary(0, 1).DueAt);
        fixture.Answer(0, 0);
        Assert.Equal(s_start.AddSeconds(14), fixture.Canary(0, 1).DueAt);
        Assert.True(fixture.State.BeginCanary(StateFixture.Id(0, 2), s_start));
        fixture.State.FailCanary(fixture.Canary(0, 2), s_start, new WorkEnd(WorkResult.Unavailable, "node.unreachable"));
        Assert.Equal((WorkState.Skipped, "canary.conversation"), (fixture.Canary(0, 3).State, fixture.Canary(0, 3).Reason));
        fixture.Reopen();

        // The first answer's text is gone with the process.
        fixture.State.Recover(s_start);
        Assert.Equal(WorkState.Skipped, fixture.Canary(0, 1).State);
    }

    [Fact]
    public void An_audit_under_way_is_made_again_and_none_is_lost()
    {
        using StateFixture fixture = new();
        fixture.Answer(0, 0);
        fixture.Answer(0, 1, chosen: false);
        Assert.True(fixture.State.BeginAudit(StateFixture.Id(0, 0), s_start));
        Assert.False(fixture.State.BeginAudit(StateFixture.Id(0, 0), s_start));
        Assert.False(fixture.State.BeginAudit(StateFixture.Id(0, 1), s_start));
        fixture.Reopen();
        Assert.Equal((0, 0, 1), fixture.State.Recover(s_start));
        AuditRow audit = Assert.Single(fixture.State.DueAudits(s_start.AddSeconds(20), 10));
        Assert.True(fixture.State.BeginAudit(audit.Canary, s_start));
        fixture.State.EndAudit(audit, s_start, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("layer", -1000)] }, 5, TimeSpan.FromMilliseconds(2));
        Assert.Throws<StateException>(() => fixture.State.EndAudit(audit, s_start, new WorkEnd(WorkResult.Passed), 5, TimeSpan.Zero));
        Assert.Equal([WorkState.Ended, WorkState.Skipped], fixture.State.Audits(1).Select(static row => row.State));
    }

    [Fact]
    public void A_vote_can_ask_for_a_skipped_audit_and_what_the_seed_chose_stays_visible()
    {
        using StateFixture fixture = new();
        fixture.Answer(0, 0, chosen: false);
        Assert.True(fixture.State.RequireAudit(StateFixture.Id(0, 0), "replica", s_start, s_start.AddSeconds(5), 2));
        Assert.False(fixture.State.RequireAudit(StateFixture.Id(0, 0), "replica", s_start, s_start.AddSeconds(5), 2));
        AuditRow audit = Assert.Single(fixture.State.Audits(1));
        Assert.Equal((false, WorkState.Planned, "replica", 2), (audit.Chosen, audit.State, audit.RateReason, audit.Tier));
    }

    [Fact]
    public void No_outcome_counts_twice_and_evidence_is_what_outcomes_add_up_to()
    {
        using StateFixture fixture = new();
        fixture.Answer(0, 0, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("x", 2_000_000), StateFixture.Weighing("x", -500_000, 1), StateFixture.Weighing("y", -500_000) with { TableVersion = 0, WeightMicro = 0 }] });
        NodeRow node = fixture.State.Node("a")!;
        Assert.Equal(new EDetector(1_500_000, 2), node.Evidence);
        Assert.Equal(node.Evidence, fixture.State.Recompute(node.Id));

        // The whole step is undone where one of its outcomes is there already.
        Assert.ThrowsAny<Exception>(() => fixture.State.AddOutcomes(1, node.Id, StateFixture.Id(0, 0), s_start, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("z", 1), StateFixture.Weighing("x", 2_000_000)] }));
        Assert.Equal(new EDetector(1_500_000, 2), fixture.State.Node("a")!.Evidence);
        Assert.DoesNotContain(fixture.State.Outcomes(1), static outcome => outcome.Test == "z");
    }

    [Fact]
    public void Evidence_restarts_at_nought_and_again_after_a_release()
    {
        using StateFixture fixture = new();
        fixture.Answer(0, 0, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("x", -500_000), StateFixture.Weighing("x", 3_000_000, 1)] });
        NodeRow node = fixture.State.Node("a")!;
        Assert.Equal(3_000_000, node.Evidence.SumMicro);
        fixture.State.AddEvent(1, node.Id, s_start, new NewEvent(EventKind.Released, "by hand", ""), 4);
        Assert.Equal(default, fixture.State.Recompute(node.Id));
        Assert.Equal((new EDetector(0, 0), 5), (fixture.State.Node("a")!.Evidence, fixture.State.Node("a")!.FreshUntilEpoch));
        fixture.Answer(0, 1, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("x", 1_000)] });
        Assert.Equal(fixture.State.Recompute(node.Id), fixture.State.Node("a")!.Evidence);
        Assert.Equal(1_000, fixture.State.Node("a")!.Evidence.SumMicro);
    }

    [Fact]
    public void A_caught_node_is_quarantined_a_banned_one_stays_banned_and_only_a_release_leads_back()
    {
        using StateFixture fixture = new();
        long node = fixture.State.Node("a")!.Id;
        NodeStatus After(EventKind kind)
        {
            fixture.State.AddEvent(1, node, s_start, new NewEvent(kind, kind.ToString(), ""));
            return fixture.State.Node("a")!.Status;
        }

        Assert.Equal(NodeStatus.Active, After(EventKind.BoundReached));
        Assert.Equal(NodeStatus.Active, After(EventKind.Outvoted));
        Assert.Equal(NodeStatus.Quarantined, After(EventKind.Caught));
        Assert.Equal(NodeStatus.Banned, After(EventKind.Banned));
        Assert.Equal(NodeStatus.Banned, After(EventKind.Caught));
        Assert.Equal("Banned", fixture.State.Node("a")!.StatusReason);
        fixture.Reopen();
        Assert.Equal(NodeStatus.Active, After(EventKind.Released));
    }

    [Fact]
    public void A_new_boot_model_or_profile_makes_a_node_fresh_and_is_an_event()
    {
        using StateFixture fixture = new(nodes: 2);
        (long a, long b) = (fixture.State.Node("a")!.Id, fixture.State.Node("b")!.Id);
        AttestedFacts facts = new(new byte[32], "p", new byte[16], new byte[32]);
        fixture.State.TakeFacts(1, a, s_start, facts, 3);
        Assert.Equal(1, fixture.State.Node("a")!.FreshUntilEpoch);
        Assert.Empty(fixture.State.Events());
        fixture.State.TakeFacts(1, a, s_start, facts with { KeysetDigest = [1, .. new byte[31]] }, 3);
        Assert.Empty(fixture.State.Events());
        foreach ((AttestedFacts changed, string reason) in ((AttestedFacts, string)[])
            [(facts with { BootId = [1, .. new byte[15]] }, "node.boot"), (facts with { ManifestRoot = [1, .. new byte[31]] }, "node.model"), (facts with { Profile = "q" }, "node.profile")])
        {
            fixture.State.TakeFacts(1, a, s_start, facts, 3);
            fixture.State.TakeFacts(1, a, s_start, changed, 3);
            Assert.Equal((EventKind.Changed, reason), (fixture.State.Events()[^1].Kind, fixture.State.Events()[^1].Reason));
            Assert.Equal(4, fixture.State.Node("a")!.FreshUntilEpoch);
        }

        fixture.State.TakeFacts(1, a, s_start, facts, 3);
        fixture.State.TakeFacts(1, b, s_start, facts, 3);
        Assert.Equal((EventKind.SharedKeyset, b), (fixture.State.Events()[^1].Kind, fixture.State.Events()[^1].Node));
    }

    [Fact]
    public void An_epoch_closes_once_and_only_when_all_its_work_has_ended()
    {
        using StateFixture fixture = new(canaries: 1);
        Assert.Throws<StateException>(() => fixture.State.EndEpoch(1, s_start, []));
        ChallengeRow challenge = Assert.Single(fixture.State.DueChallenges(s_start, 10));
        Assert.True(fixture.State.BeginChallenge(challenge.Id, s_start));
        fixture.State.EndChallenge(challenge, s_start, new WorkEnd(WorkResult.Passed), null, 10, true, 1);
        fixture.Answer(0, 0, chosen: false);
        Assert.Equal(0, fixture.State.OpenWork(1));
        fixture.State.EndEpoch(1, s_start, [new ScoreRow(1, fixture.State.Node("a")!.Id, 5, 6, "{}")]);
        Assert.Throws<StateException>(() => fixture.State.EndEpoch(1, s_start, []));
        Assert.Single(fixture.State.Scores());
        Assert.Throws<StateException>(() => fixture.State.BeginEpoch(3, StateFixture.Seed, new byte[32], "{}", 2000, s_start, s_start, []));
        Assert.Equal(1000, fixture.State.NextNumber);
    }

    private static byte[] Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
