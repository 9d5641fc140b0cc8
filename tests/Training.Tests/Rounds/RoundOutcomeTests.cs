using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Protocol.Receipts;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Rounds;

/// <summary>Rounds that a validator's word ends, and workers that come back under another keyset.</summary>
public sealed class RoundOutcomeTests : IDisposable
{
    private static readonly byte[] Run = SHA256.HashData("the run"u8);

    private readonly FakeTimeProvider _time = new(TrainingWorker.Start);
    private readonly TrainingWorker[] _workers = [.. Enumerable.Range(1, 4).Select(i => new TrainingWorker(i))];
    private readonly TrainingJudge[] _judges = [new(), new()];
    private readonly List<RoundEvent> _journal = [];

    public void Dispose()
    {
        Array.ForEach(_workers, worker => worker.Dispose());
        Array.ForEach(_judges, judge => judge.Dispose());
    }

    [Fact]
    public void The_first_validators_word_ends_a_round_and_says_nothing_twice()
    {
        TrainingRound round = Settled();
        Assert.Equal(RoundPhase.Judging, round.Phase);
        Assert.Null(round.Result!.Outcome);
        byte[] outcome = _judges[0].Sign(_judges[0].About(round.Settings, round.Result));
        Assert.Equal(RoundReply.Taken, round.Judge(outcome, TrainingJudge.Aggregate));
        Assert.Equal(RoundPhase.Closed, round.Phase);
        Assert.Equal(4.25, round.Result.Outcome!.Statement.Losses!.Value.After);
        Assert.Equal(TrainingJudge.Aggregate, round.Result.Outcome.Aggregate.ToArray());
        Assert.Equal(RoundReply.TakenBefore, round.Judge(outcome, TrainingJudge.Aggregate));
        Assert.Equal(RoundReply.TooLate, round.Judge(_judges[0].Sign(_judges[0].About(round.Settings, round.Result)), TrainingJudge.Aggregate));
    }

    [Fact]
    public void The_next_validator_is_heard_only_after_the_deadline_of_the_one_before()
    {
        TrainingRound round = Settled();
        byte[] outcome = _judges[1].Sign(_judges[1].About(round.Settings, round.Result!));
        Assert.Equal(RoundReply.TooEarly, round.Judge(outcome, TrainingJudge.Aggregate));
        _time.Advance(TimeSpan.FromMinutes(3) - TimeSpan.FromTicks(1));
        Assert.Equal(RoundReply.TooEarly, round.Judge(outcome, TrainingJudge.Aggregate));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(RoundReply.Taken, round.Judge(outcome, TrainingJudge.Aggregate));
    }

    [Fact]
    public void Without_any_word_the_round_is_given_up_after_the_last_ones_time()
    {
        TrainingRound round = Settled();
        _time.Advance(TimeSpan.FromMinutes(3 + 3 + 9) - TimeSpan.FromTicks(1));
        Assert.Equal(RoundPhase.Judging, round.Advance());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(RoundPhase.Abandoned, round.Advance());
        Assert.Null(round.Result);
        Assert.Equal(RoundReply.TooLate, round.Judge(Array.Empty<byte>(), TrainingJudge.Aggregate));
    }

    [Fact]
    public void An_outcome_before_the_contributions_are_settled_is_too_early()
    {
        TrainingRound round = Open();
        Assert.Equal(RoundReply.TooEarly, round.Judge(Array.Empty<byte>(), TrainingJudge.Aggregate));
        Assert.All(_workers, worker => Assert.Equal(RoundReply.Taken, Commit(round, worker)));
        Assert.Equal(RoundReply.TooEarly, round.Judge(Array.Empty<byte>(), TrainingJudge.Aggregate));
    }

    public static TheoryData<RoundReply> Refusals =>
    [
        RoundReply.Statement, RoundReply.NotAValidator, RoundReply.Run, RoundReply.Round, RoundReply.OutcomeChain, RoundReply.BaseModel, RoundReply.Result,
        RoundReply.Verdicts, RoundReply.Aggregate,
    ];

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Every_refusal_of_an_outcome_has_a_case_that_nothing_else_catches(RoundReply refusal)
    {
        TrainingRound round = Settled();
        TrainingOutcome good = _judges[0].About(round.Settings, round.Result!);
        TrainingOutcome outcome = refusal switch
        {
            RoundReply.NotAValidator => good with { Validator = _judges[1].Public.Name },
            RoundReply.Run => good with { Run = new byte[32] },
            RoundReply.Round => good with { Round = 8 },
            RoundReply.OutcomeChain => good with { Previous = new byte[32] },
            RoundReply.BaseModel => good with { BaseModelRoot = new byte[32] },
            RoundReply.Result => good with { ResultDigest = new byte[32] },
            RoundReply.Verdicts => good with { Verdicts = [.. good.Verdicts.Skip(1)] },
            _ => good,
        };
        byte[] aggregate = [.. TrainingJudge.Aggregate];
        aggregate[^1] ^= (byte)(refusal == RoundReply.Aggregate ? 1 : 0);
        using TrainingJudge stranger = new();
        byte[] message = (refusal == RoundReply.Statement ? stranger : _judges[0]).Sign(outcome);
        int before = _journal.Count;
        Assert.Equal(refusal, round.Judge(message, aggregate));
        Assert.Equal(before, _journal.Count);
        Assert.Equal(RoundReply.Taken, round.Judge(_judges[0].Sign(good), TrainingJudge.Aggregate));
    }

    [Fact]
    public void An_outcome_follows_the_last_one_that_counted()
    {
        RoundSettings settings = Settings() with { LastOutcome = SHA256.HashData("the last"u8) };
        TrainingRound round = Settle(new TrainingRound(settings, _time, _journal.Add, []));
        TrainingOutcome good = _judges[0].About(round.Settings, round.Result!);
        Assert.Equal(RoundReply.OutcomeChain, round.Judge(_judges[0].Sign(good with { Previous = null }), TrainingJudge.Aggregate));
        Assert.Equal(RoundReply.OutcomeChain, round.Judge(_judges[0].Sign(good with { Previous = new byte[32] }), TrainingJudge.Aggregate));
        Assert.Equal(RoundReply.Taken, round.Judge(_judges[0].Sign(good), TrainingJudge.Aggregate));
    }

    [Fact]
    public void A_worker_that_came_back_may_show_what_it_signed_under_either_keyset()
    {
        foreach (bool signedBefore in (bool[])[true, false])
        {
            TrainingRound round = new(Settings(), _time, _ => { }, []);
            TrainingWorker worker = _workers[0];
            TrainingRecord record = worker.Record with { BootId = worker.Keyset.BootId, KeysetDigest = worker.Keyset.Digest };
            if (signedBefore)
            {
                worker.Use(record);
                worker.Restart(1);
            }
            else
            {
                worker.Restart(2);
                worker.Use(record with { BootId = worker.Keyset.BootId, KeysetDigest = worker.Keyset.Digest });
            }

            Assert.All(_workers, one => Commit(round, one));
            if (!signedBefore)
            {
                Assert.Equal(RoundReply.Record, Reveal(round, worker));
            }

            Assert.Equal(RoundReply.NotAMember, round.Renew(Samples.Worker(99), worker.Keyset));
            Assert.Equal(RoundReply.Taken, round.Renew(worker.Key, worker.Keyset));
            Assert.Equal(RoundReply.TakenBefore, round.Renew(worker.Key, worker.Keyset));
            Assert.Equal(RoundReply.Taken, Reveal(round, worker));
        }
    }

    [Fact]
    public void A_keyset_from_before_the_round_still_counts_where_the_settings_name_it()
    {
        TrainingWorker worker = _workers[0];
        RoundMember member = worker.Member;
        worker.Restart(3);
        RoundSettings settings = Settings() with { Members = [worker.Member with { Earlier = [member.Keyset] }, .. _workers[1..].Select(one => one.Member)] };
        TrainingRound round = new(settings, _time, _journal.Add, []);
        Assert.All(_workers, one => Commit(round, one));
        Assert.Equal(RoundReply.Taken, Reveal(round, worker));
    }

    [Fact]
    public void Records_of_rounds_that_were_missed_link_a_record_to_the_last_one_taken()
    {
        TrainingWorker worker = _workers[0];
        byte[] fifth = worker.Sign(worker.Record with { Round = 5 }, out byte[] after5);
        byte[] sixth = worker.Sign(worker.Record with { Round = 6, Counter = 2, Previous = after5 }, out byte[] after6);
        byte[] other = worker.Sign(worker.Record with { Round = 6, Counter = 2, Previous = new byte[32] }, out _);
        byte[] same = worker.Sign(worker.Record with { Round = 7, Counter = 2, Previous = after5 }, out _);
        byte[] stranger = _workers[1].Sign(worker.Record with { Round = 5 }, out _);
        worker.Use(worker.Record with { Counter = 3, Previous = after6 });
        TrainingRound round = Open();
        Assert.All(_workers, one => Commit(round, one));
        Assert.Equal(RoundReply.Chain, Reveal(round, worker));
        Assert.Equal(RoundReply.Chain, Reveal(round, worker, sixth));
        Assert.Equal(RoundReply.Chain, Reveal(round, worker, fifth, other));
        Assert.Equal(RoundReply.Chain, Reveal(round, worker, fifth, same));
        Assert.Equal(RoundReply.Record, Reveal(round, worker, stranger, sixth));
        Assert.Equal(RoundReply.TooLarge, round.Reveal(worker.Key, worker.Salt, worker.Message, worker.Gradient, [.. Enumerable.Repeat((ReadOnlyMemory<byte>)fifth, 1025)]));
        Assert.Equal(RoundReply.Taken, Reveal(round, worker, fifth, sixth));
        Assert.Equal([2], _journal.OfType<RoundEvent.Revealed>().Select(revealed => revealed.Links.Count));
    }

    [Fact]
    public void Stopped_anywhere_a_round_with_an_outcome_goes_on_to_the_same_result()
    {
        (byte[] expected, int events) = Play(-1);
        // Opened, commitments, their close, a keyset, reveals, their close, the outcome.
        Assert.Equal(1 + 4 + 1 + 1 + 4 + 1 + 1, events);
        for (int stop = 0; stop <= events; stop++)
        {
            Assert.Equal(expected, Play(stop).Digest);
        }
    }

    [Fact]
    public void A_gradient_that_is_not_sealed_to_exactly_the_validators_is_refused()
    {
        TrainingRound round = Open();
        Assert.All(_workers, one => Commit(round, one));
        TrainingWorker worker = _workers[0];
        SealSubject subject = new(SealSubject.Gradient, Run, worker.Key, 7, SHA256.HashData(worker.Message));
        Assert.Equal(RoundReply.Seal, round.Reveal(worker.Key, worker.Salt, worker.Message, worker.Gradient));
        Assert.Equal(RoundReply.Seal, round.Reveal(worker.Key, worker.Salt, worker.Message, GradientSeal.Seal(worker.Gradient, subject, [_judges[0].Public.SealKey])));
        Assert.Equal(RoundReply.Taken, Reveal(round, worker));
    }

    [Fact]
    public void Settings_survive_and_anything_else_is_refused()
    {
        RoundSettings settings = Settings() with
        {
            LastOutcome = SHA256.HashData("the last"u8),
            Members = [_workers[0].Member with { LastCounter = 3, LastDigest = new byte[32], Earlier = [_workers[1].Keyset] }, .. _workers[1..].Select(one => one.Member)],
        };
        byte[] encoded = RoundSettingsEncoding.Encode(settings);
        Assert.True(RoundSettingsEncoding.TryParse(encoded, settings.Validators, out RoundSettings? read));
        Assert.Equal(settings.Digest(), read.Digest());
        Assert.Equal(encoded, RoundSettingsEncoding.Encode(read));
        Assert.False(RoundSettingsEncoding.TryParse(encoded.AsSpan(1), settings.Validators, out _));
        Assert.False(RoundSettingsEncoding.TryParse([.. encoded, 0], settings.Validators, out _));
        Assert.False(RoundSettingsEncoding.TryParse(RoundSettingsEncoding.Encode(settings with { Quorum = 5 }), settings.Validators, out _));
        for (int length = 0; length < encoded.Length; length += 7)
        {
            Assert.False(RoundSettingsEncoding.TryParse(encoded.AsSpan(0, length), settings.Validators, out _));
        }
    }

    public static TheoryData<string> Forgeries => ["judged by nobody", "judged before its turn", "closed without a word", "a keyset of a stranger", "reveals closed early"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_journal_that_no_round_wrote_is_refused(string what)
    {
        TrainingRound round = what == "reveals closed early" ? Open() : Settled();
        DateTimeOffset now = _time.GetUtcNow();
        List<RoundEvent> journal = [.. _journal];
        switch (what)
        {
            case "judged by nobody":
                journal.Add(new RoundEvent.Judged(new byte[] { 1 }, TrainingJudge.Aggregate, now));
                break;
            case "judged before its turn":
                journal.Add(new RoundEvent.Judged(_judges[1].Sign(_judges[1].About(round.Settings, round.Result!)), TrainingJudge.Aggregate, now));
                break;
            case "closed without a word":
                journal.Add(new RoundEvent.Closed(now.AddHours(1)));
                break;
            case "a keyset of a stranger":
                journal.Insert(1, new RoundEvent.Renewed(Samples.Worker(99), _workers[0].Keyset.Encoded, now));
                break;
            default:
                journal.Add(new RoundEvent.RevealsClosed(now.AddHours(1)));
                break;
        }

        Assert.Throws<InvalidDataException>(() => new TrainingRound(Settings(), _time, _ => { }, journal));
    }

    private (byte[] Digest, int Events) Play(int stop)
    {
        FakeTimeProvider time = new(TrainingWorker.Start);
        List<RoundEvent> journal = [];
        RoundSettings settings = Settings();
        using TrainingWorker again = new(4);
        bool stopped = false;
        TrainingRound round = new(settings, time, journal.Add, []);
        TrainingRound Alive()
        {
            if (!stopped && journal.Count >= stop && stop >= 0)
            {
                stopped = true;
                round = new TrainingRound(settings, time, journal.Add, [.. journal.Select(e => RoundEventEncoding.TryParse(RoundEventEncoding.Encode(e), out RoundEvent? read) ? read : null!)]);
            }

            return round;
        }

        foreach (TrainingWorker worker in _workers)
        {
            Commit(Alive(), worker);
        }

        Alive().Renew(again.Key, again.Keyset);
        foreach (TrainingWorker worker in _workers)
        {
            Assert.Equal(RoundReply.Taken, Reveal(Alive(), worker));
        }

        byte[] outcome = _judges[0].Sign(_judges[0].About(settings, Alive().Result!));
        Assert.Equal(RoundReply.Taken, Alive().Judge(outcome, TrainingJudge.Aggregate));
        Assert.Equal(RoundReply.TakenBefore, Alive().Judge(outcome, TrainingJudge.Aggregate));
        Assert.Equal(RoundPhase.Closed, Alive().Phase);
        return (round.Result!.ContentDigest(), journal.Count);
    }

    private static RoundReply Commit(TrainingRound round, TrainingWorker worker) => round.Commit(worker.Key, worker.Commitment);

    private static RoundReply Reveal(TrainingRound round, TrainingWorker worker, params byte[][] links) =>
        round.Reveal(worker.Key, worker.Salt, worker.Message, Seal(round, worker), [.. links.Select(link => (ReadOnlyMemory<byte>)link)]);

    private static byte[] Seal(TrainingRound round, TrainingWorker worker) => GradientSeal.Seal(
        worker.Gradient, new SealSubject(SealSubject.Gradient, round.Settings.Run, worker.Key, round.Settings.Round, SHA256.HashData(worker.Message)),
        [.. round.Settings.Validators.Select(validator => validator.SealKey)]);

    private TrainingRound Open() => new(Settings(), _time, _journal.Add, []);

    private TrainingRound Settled() => Settle(Open());

    private TrainingRound Settle(TrainingRound round)
    {
        Assert.All(_workers, worker => Assert.Equal(RoundReply.Taken, Commit(round, worker)));
        Assert.All(_workers, worker => Assert.Equal(RoundReply.Taken, Reveal(round, worker)));
        return round;
    }

    private RoundSettings Settings() => new()
    {
        Run = Run,
        Round = 7,
        BaseModelRoot = TrainingWorker.Base,
        Beacon = TrainingWorker.Beacon,
        NumericProfile = "f32",
        Members = [.. _workers.Select(worker => worker.Member)],
        Quorum = 3,
        CommitTime = TimeSpan.FromMinutes(1),
        RevealTime = TimeSpan.FromMinutes(2),
        OutcomeTime = TimeSpan.FromMinutes(3),
        Patience = TimeSpan.FromMinutes(9),
        MostGradientBytes = 4096,
        Validators = [.. _judges.Select(judge => judge.Public)],
    };
}
