using Verathos.Fingerprint.Statistics;
using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.Scores;

public class NodeObserverTests
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly NodeRow s_node = new()
    {
        Id = 1,
        Name = "a",
        Url = new Uri("http://127.0.0.1:1"),
        Identity = null,
        Listed = true,
        FirstEpoch = 1,
        Status = NodeStatus.Active,
        StatusReason = null,
        StatusEpoch = null,
        CaughtKeyset = null,
        Evidence = new EDetector(0, 0),
        ManifestRoot = new byte[32],
        Profile = "p",
        BootId = null,
        KeysetDigest = null,
        FreshUntilEpoch = 0,
    };

    private static ChallengeRow Challenge(int minute, WorkResult? result, WorkState state = WorkState.Ended) =>
        new(minute, 1, 1, s_start.AddMinutes(minute), s_start.AddMinutes(minute), state == WorkState.Ended ? s_start.AddMinutes(minute) : null, state, result, "evidence.some", null, 10, true);

    private static CanaryRow Canary(byte number, WorkResult? result, WorkState state = WorkState.Ended, int tokens = 11) => new CanaryRow
    {
        Id = [number],
        Epoch = 1,
        Node = 1,
        Ordinal = number,
        Number = number,
        Turn = 0,
        ReplicaGroup = null,
        DueAt = s_start,
        State = state,
        SentAt = s_start,
        EndedAt = s_start,
        Result = result,
        Reason = "canary.some",
        Detail = null,
        ManifestRoot = new byte[32],
        Profile = "p",
        PromptTokens = 5,
        OutputTokens = tokens,
        TimeToFirstToken = TimeSpan.FromMilliseconds(10),
        Elapsed = TimeSpan.FromMilliseconds(110),
        IdsDigest = null,
        ReceiptDigest = null,
        Bytes = 0,
    };

    private static AuditRow Audit(byte canary, WorkResult? result, bool chosen = true, WorkState state = WorkState.Ended) => new()
    {
        Canary = [canary],
        Epoch = 1,
        Node = 1,
        RatePpm = 1_000_000,
        RateReason = "fresh",
        Chosen = chosen,
        Tier = 1,
        DueAt = null,
        Deadline = null,
        State = chosen ? state : WorkState.Skipped,
        Asked = 1,
        EndedAt = s_start,
        Result = result,
        Reason = "opening.some",
        Detail = null,
        Bytes = 0,
        Judged = TimeSpan.Zero,
    };

    private static EventRow Event(EventKind kind, long epoch) => new(epoch, epoch, 1, s_start, kind, "receipt.equivocation", "", null, null, 0);

    private static NodeObservation Observe(ChallengeRow[] challenges, CanaryRow[] canaries, AuditRow[] audits, EventRow[]? events = null, DateTimeOffset? before = null) =>
        NodeObserver.Observe(s_node, challenges, canaries, audits, events ?? [], StandingKind.Active, before, 0);

    [Fact]
    public void Only_what_the_node_answered_or_left_counts()
    {
        NodeObservation seen = Observe(
            [Challenge(0, WorkResult.Passed), Challenge(1, WorkResult.ValidatorError), Challenge(2, WorkResult.Unavailable), Challenge(3, null, WorkState.Begun)],
            [Canary(1, WorkResult.Passed), Canary(2, WorkResult.Unavailable), Canary(3, WorkResult.ValidatorError), Canary(4, null, WorkState.Skipped), Canary(5, null, WorkState.Planned), Canary(6, WorkResult.Passed)],
            [Audit(1, WorkResult.Passed), Audit(6, null, chosen: false)]);
        Assert.Equal((6, 4, 3, 3), (seen.Due, seen.Answered, seen.CanariesDue, seen.CanariesExcused));
        Assert.Equal((22, 22), (seen.AnsweredTokens, seen.VerifiedTokens));
        Assert.Equal((10_000L, 100_000L), (seen.FirstTokenMicros, seen.TokensPerKilosecond));
        Assert.DoesNotContain(seen.Failures, failure => failure.IsProof);
        Assert.Equal(4, seen.Failures.Where(failure => failure.Fault == FaultOf.Validator).Sum(failure => failure.Count));
    }

    [Fact]
    public void Tokens_of_a_lost_or_failed_audit_are_not_verified_and_only_the_failed_one_is_a_proof()
    {
        NodeObservation lost = Observe([], [Canary(1, WorkResult.Passed), Canary(2, WorkResult.Passed)], [Audit(2, WorkResult.Lost)]);
        Assert.Equal((22, 11), (lost.AnsweredTokens, lost.VerifiedTokens));
        Assert.DoesNotContain(lost.Failures, failure => failure.IsProof);
        NodeObservation failed = Observe([], [Canary(1, WorkResult.Passed)], [Audit(1, WorkResult.Failed)]);
        Assert.Equal(0, failed.VerifiedTokens);
        Assert.Equal(("opening.some", true, FaultOf.Node), (Assert.Single(failed.Failures).Check, failed.Failures[0].IsProof, failed.Failures[0].Fault));
        NodeObservation unjudged = Observe([], [Canary(1, WorkResult.Passed)], [Audit(1, WorkResult.ValidatorError)]);
        Assert.Equal(11, unjudged.VerifiedTokens);
    }

    [Fact]
    public void Evidence_grows_old_by_what_the_node_missed_alone()
    {
        Assert.Equal(0, Observe([Challenge(0, WorkResult.Passed), Challenge(90, WorkResult.ValidatorError)], [], []).EvidenceAgeSeconds);
        Assert.Equal(5400, Observe([Challenge(0, WorkResult.Passed), Challenge(90, WorkResult.Unavailable)], [], []).EvidenceAgeSeconds);
        Assert.Equal(0, Observe([Challenge(0, WorkResult.Unavailable), Challenge(90, WorkResult.Passed)], [], []).EvidenceAgeSeconds);
        Assert.Equal(1800, Observe([Challenge(10, WorkResult.Unavailable)], [], [], before: s_start.AddMinutes(-20)).EvidenceAgeSeconds);
        Assert.Equal(0, Scoring.Evidence(Observe([Challenge(10, WorkResult.Unavailable)], [], []).EvidenceAgeSeconds, ScoringRules.Default));
    }

    [Fact]
    public void What_caught_a_node_beside_its_answers_is_a_failed_proof()
    {
        NodeObservation seen = Observe([], [Canary(1, WorkResult.Passed)], [], [Event(EventKind.Caught, 1), Event(EventKind.Outvoted, 1)]);
        Assert.Equal(("receipt.equivocation", true), (Assert.Single(seen.Failures).Check, seen.Failures[0].IsProof));
    }

    [Fact]
    public void Answers_too_short_to_time_count_as_median()
    {
        NodeObservation seen = Observe([], [Canary(1, WorkResult.Passed, tokens: 3)], []);
        Assert.Null(seen.TokensPerKilosecond);
        Assert.Equal(800_000, Scoring.Epoch([seen], ScoringRules.Default)[0].ThroughputPpm);
    }

    [Fact]
    public void Standings_follow_from_what_happened()
    {
        EventRow[] caught = [Event(EventKind.Caught, 3)];
        EventRow[] released = [.. caught, Event(EventKind.Released, 6)];
        Assert.Equal(StandingKind.Active, Of([], 9));
        Assert.Equal(StandingKind.Quarantined, Of(caught, 9));
        Assert.Equal(StandingKind.Probation, Of(released, 6));
        Assert.Equal(StandingKind.Probation, Of(released, 9));
        Assert.Equal(StandingKind.Active, Of(released, 10));
        Assert.Equal(StandingKind.Probation, Of(released, 10, unclean: 8));
        Assert.Equal(StandingKind.Active, Of(released, 11, unclean: 8));
        Assert.Equal(StandingKind.Quarantined, Of([.. released, Event(EventKind.Caught, 12)], 12));
        Assert.Equal(StandingKind.Banned, Of([.. released, Event(EventKind.Banned, 12), Event(EventKind.Caught, 12)], 12));

        static StandingKind Of(EventRow[] events, long epoch, long unclean = 0) => EpochScores.StandingOf(events, epoch, ScoringRules.Default, before => before != unclean);
    }
}
