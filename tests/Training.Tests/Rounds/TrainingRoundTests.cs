using Microsoft.Extensions.Time.Testing;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Rounds;

public sealed class TrainingRoundTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(TrainingWorker.Start);
    private readonly TrainingWorker[] _workers = [.. Enumerable.Range(1, 5).Select(i => new TrainingWorker(i))];
    private readonly List<RoundEvent> _journal = [];

    public void Dispose() => Array.ForEach(_workers, worker => worker.Dispose());

    [Fact]
    public void A_round_in_which_all_come_closes_before_its_deadlines()
    {
        TrainingRound round = Open();
        Assert.Equal(RoundPhase.Committing, round.Phase);
        Assert.All(_workers, worker => Assert.Equal(RoundReply.Taken, Commit(round, worker)));
        Assert.Equal(RoundPhase.Revealing, round.Phase);
        Assert.Null(round.Result);
        Assert.All(_workers, worker => Assert.Equal(RoundReply.Taken, Reveal(round, worker)));
        Assert.Equal(RoundPhase.Closed, round.Phase);
        Assert.Equal(_workers.Select(worker => worker.Key), round.Result!.Contributions.Select(contribution => contribution.Worker));
        Assert.Equal(_workers.Select(worker => worker.Gradient), round.Result.Contributions.Select(contribution => contribution.Gradient.ToArray()));
        Assert.Empty(round.Result.Uncommitted.Concat(round.Result.Unrevealed));
    }

    [Fact]
    public void Late_and_missing_cost_only_their_owners()
    {
        TrainingRound round = Open();
        Assert.All(_workers[..4], worker => Assert.Equal(RoundReply.Taken, Commit(round, worker)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(RoundReply.TooLate, Commit(round, _workers[4]));
        Assert.Equal(RoundPhase.Revealing, round.Phase);
        Assert.All(_workers[..3], worker => Assert.Equal(RoundReply.Taken, Reveal(round, worker)));
        Assert.Equal(RoundReply.NotCommitted, Reveal(round, _workers[4]));
        Assert.Equal(RoundPhase.Revealing, round.Advance());
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(RoundPhase.Closed, round.Advance());
        Assert.Equal(RoundReply.TooLate, Reveal(round, _workers[3]));
        Assert.Equal([_workers[4].Key], round.Result!.Uncommitted);
        Assert.Equal([_workers[3].Key], round.Result.Unrevealed);
        Assert.Equal(_workers[..3].Select(worker => worker.Key), round.Result.Contributions.Select(contribution => contribution.Worker));

        // The same as a round of which the two were never members' contributions.
        List<RoundEvent> other = [];
        TrainingRound without = new(Settings(), _time, other.Add, []);
        Assert.All(_workers[..3], worker => Commit(without, worker));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.All(_workers[..3], worker => Reveal(without, worker));
        Assert.Equal(RoundPhase.Closed, without.Phase);
        Assert.Equal(round.Result.ContentDigest(), without.Result!.ContentDigest());
    }

    [Fact]
    public void Without_a_quorum_a_phase_waits_and_closes_as_soon_as_one_has_come()
    {
        TrainingRound round = Open();
        Assert.All(_workers[..2], worker => Commit(round, worker));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(RoundPhase.Committing, round.Advance());
        Assert.Equal(RoundReply.Taken, Commit(round, _workers[2]));
        Assert.Equal(RoundPhase.Revealing, round.Phase);
        Assert.All(_workers[..2], worker => Reveal(round, worker));
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(RoundPhase.Revealing, round.Advance());
        Assert.Equal(RoundReply.Taken, Reveal(round, _workers[2]));
        Assert.Equal(RoundPhase.Closed, round.Phase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_quorum_for_too_long_the_round_is_given_up(bool committed)
    {
        TrainingRound round = Open();
        Assert.All(_workers[..(committed ? 3 : 2)], worker => Commit(round, worker));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(committed ? RoundPhase.Revealing : RoundPhase.Committing, round.Advance());
        _time.Advance(TimeSpan.FromMinutes(committed ? 11 : 9) - TimeSpan.FromTicks(1));
        Assert.Equal(committed ? RoundPhase.Revealing : RoundPhase.Committing, round.Advance());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(RoundPhase.Abandoned, round.Advance());
        Assert.Null(round.Result);
        Assert.Equal(RoundReply.TooLate, Commit(round, _workers[4]));
        Assert.Equal(RoundReply.TooLate, Reveal(round, _workers[0]));
    }

    [Fact]
    public void Every_refusal_of_a_commitment_has_its_name()
    {
        TrainingRound round = Open();
        Assert.Equal(RoundReply.NotAMember, round.Commit(Samples.Worker(99), new byte[32]));
        Assert.Equal(RoundReply.Malformed, round.Commit(_workers[0].Key, new byte[31]));
        Assert.Equal(RoundReply.Taken, Commit(round, _workers[0]));
        Assert.Equal(RoundReply.TakenBefore, Commit(round, _workers[0]));
        Assert.Equal(RoundReply.Conflict, round.Commit(_workers[0].Key, new byte[32]));
        Assert.Equal(RoundReply.TooEarly, Reveal(round, _workers[0]));
        Assert.Equal(RoundReply.NotAMember, round.Reveal(Samples.Worker(99), _workers[0].Salt, _workers[0].Message, _workers[0].Gradient));
        Assert.Equal(2, _journal.Count);
    }

    public static TheoryData<RoundReply> Refusals =>
    [
        RoundReply.Commitment, RoundReply.Record, RoundReply.Keyset, RoundReply.Worker, RoundReply.Round, RoundReply.Chain, RoundReply.BaseModel,
        RoundReply.Beacon, RoundReply.Profile,
    ];

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Every_refusal_of_a_reveal_has_a_case_that_nothing_else_catches(RoundReply refusal)
    {
        TrainingWorker worker = _workers[0];
        TrainingRecord record = worker.Record;
        worker.Use(refusal switch
        {
            RoundReply.Keyset => record with { KeysetDigest = new byte[32] },
            RoundReply.Worker => record with { Worker = _workers[1].Key.Bytes.ToArray() },
            RoundReply.Round => record with { Round = 8 },
            RoundReply.Chain => record with { Counter = 2, Previous = new byte[32] },
            RoundReply.BaseModel => record with { BaseModelRoot = new byte[32] },
            RoundReply.Beacon => record with { Beacon = new byte[32] },
            RoundReply.Profile => record with { NumericProfile = "bf16-lane16/2" },
            _ => record,
        });
        if (refusal == RoundReply.Record)
        {
            worker.Message[^1] ^= 1;
        }

        TrainingRound round = Open();
        Assert.All(_workers, w => Commit(round, w));
        byte[] salt = refusal == RoundReply.Commitment ? new byte[32] : worker.Salt;
        Assert.Equal(refusal, round.Reveal(worker.Key, salt, worker.Message, worker.Gradient));
        Assert.All(_workers[1..], w => Assert.Equal(RoundReply.Taken, Reveal(round, w)));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(RoundPhase.Closed, round.Advance());
        Assert.Equal([worker.Key], round.Result!.Unrevealed);
        Assert.Equal(4, round.Result.Contributions.Count);
    }

    [Theory]
    [InlineData("signed early")]
    [InlineData("signed late")]
    [InlineData("other boot")]
    public void A_record_from_outside_its_keyset_is_refused(string what)
    {
        TrainingWorker worker = _workers[0];
        worker.Use(what switch
        {
            "signed early" => worker.Record with { IssuedAt = TrainingWorker.Start.AddSeconds(-1) },
            "signed late" => worker.Record with { IssuedAt = TrainingWorker.Start.AddSeconds(3601) },
            _ => worker.Record with { BootId = new byte[16] },
        });
        TrainingRound round = Open();
        Assert.All(_workers, w => Commit(round, w));
        Assert.Equal(RoundReply.Keyset, Reveal(round, worker));
    }

    [Fact]
    public void A_worker_goes_on_from_its_last_record()
    {
        TrainingWorker worker = _workers[0];
        byte[] last = worker.Digest;
        worker.Use(worker.Record with { Counter = 2, Previous = last });
        RoundSettings settings = Settings() with { Members = [worker.Member with { LastCounter = 1, LastDigest = last }, .. _workers[1..].Select(w => w.Member)] };
        TrainingRound round = new(settings, _time, _journal.Add, []);
        Assert.All(_workers, w => Commit(round, w));
        Assert.Equal(RoundReply.Taken, Reveal(round, worker));

        // The same number after another history.
        settings = settings with { Members = [worker.Member with { LastCounter = 1, LastDigest = new byte[32] }, .. _workers[1..].Select(w => w.Member)] };
        TrainingRound forked = new(settings, _time, _ => { }, []);
        Assert.All(_workers, w => Commit(forked, w));
        Assert.Equal(RoundReply.Chain, Reveal(forked, worker));
    }

    [Fact]
    public void A_copy_of_somebody_elses_commitment_cannot_be_opened()
    {
        TrainingRound round = Open();
        round.Commit(_workers[0].Key, _workers[1].Commitment);
        Assert.All(_workers[1..], w => Commit(round, w));
        Assert.Equal(RoundReply.Commitment, round.Reveal(_workers[0].Key, _workers[1].Salt, _workers[1].Message, _workers[1].Gradient));
    }

    [Fact]
    public void Who_revealed_does_so_once()
    {
        TrainingRound round = Open();
        Assert.All(_workers, w => Commit(round, w));
        Assert.Equal(RoundReply.Taken, Reveal(round, _workers[0]));
        Assert.Equal(RoundReply.TakenBefore, Reveal(round, _workers[0]));
        Assert.Equal(RoundReply.Conflict, round.Reveal(_workers[0].Key, _workers[0].Salt, _workers[0].Message, new byte[3]));
    }

    [Fact]
    public void What_is_larger_than_it_may_be_is_not_looked_at()
    {
        TrainingRound round = Open();
        Assert.All(_workers, w => Commit(round, w));
        Assert.Equal(RoundReply.TooLarge, round.Reveal(_workers[0].Key, _workers[0].Salt, _workers[0].Message, new byte[4097]));
        Assert.Equal(RoundReply.TooLarge, round.Reveal(_workers[0].Key, _workers[0].Salt, new byte[65537], _workers[0].Gradient));
        Assert.Equal(RoundReply.Taken, Reveal(round, _workers[0]));
    }

    [Fact]
    public void What_cannot_be_kept_did_not_happen()
    {
        bool full = false;
        TrainingRound round = new(Settings(), _time, happened => _journal.Add(full ? throw new IOException("no space left") : happened), []);
        full = true;
        Assert.Throws<IOException>(() => Commit(round, _workers[0]));
        full = false;
        Assert.Equal(RoundReply.Taken, Commit(round, _workers[0]));
    }

    [Fact]
    public void Stopped_anywhere_a_round_goes_on_to_the_same_result()
    {
        byte[] expected = Play(-1, out int events);
        Assert.Equal(1 + 4 + 1 + 3 + 1, events);
        for (int stop = 0; stop <= events; stop++)
        {
            Assert.Equal(expected, Play(stop, out _));
        }
    }

    [Fact]
    public void The_result_does_not_depend_on_who_came_first()
    {
        byte[] expected = Play(-1, out _);
        Array.Reverse(_workers);
        Assert.Equal(expected, Play(-1, out _));
    }

    [Fact]
    public void A_clock_that_goes_back_undoes_no_deadline()
    {
        TrainingRound round = Open();
        Assert.All(_workers[..3], worker => Commit(round, worker));
        _time.Advance(TimeSpan.FromMinutes(1));
        round.Advance();
        FakeTimeProvider back = new(TrainingWorker.Start);
        TrainingRound resumed = new(Settings(), back, _journal.Add, [.. _journal]);
        Assert.Equal(RoundReply.TooLate, Commit(resumed, _workers[4]));
        Assert.All(_workers[..3], worker => Assert.Equal(RoundReply.Taken, Reveal(resumed, worker)));
        Assert.True(_journal.Zip(_journal.Skip(1)).All(pair => pair.First.At <= pair.Second.At));
    }

    public static TheoryData<string> Forgeries => ["other settings", "no opening", "closed too early", "given up too early", "a stranger", "commitment after the close", "reveal of nothing", "time runs back", "opened twice"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_journal_that_no_round_wrote_is_refused(string what)
    {
        TrainingRound round = Open();
        Assert.All(_workers[..3], worker => Commit(round, worker));
        DateTimeOffset now = _time.GetUtcNow();
        List<RoundEvent> journal = [.. _journal];
        RoundSettings settings = Settings();
        switch (what)
        {
            case "other settings":
                settings = settings with { Quorum = 2 };
                break;
            case "no opening":
                journal.RemoveAt(0);
                break;
            case "closed too early":
                journal.Add(new RoundEvent.CommitmentsClosed(now.AddSeconds(59)));
                break;
            case "given up too early":
                journal.Add(new RoundEvent.Abandoned(now.AddMinutes(9)));
                break;
            case "a stranger":
                journal.Add(new RoundEvent.Committed(Samples.Worker(99), new byte[32], now));
                break;
            case "commitment after the close":
                journal.Add(new RoundEvent.CommitmentsClosed(now.AddMinutes(1)));
                journal.Add(new RoundEvent.Committed(_workers[4].Key, new byte[32], now.AddMinutes(1)));
                break;
            case "reveal of nothing":
                journal.Add(new RoundEvent.CommitmentsClosed(now.AddMinutes(1)));
                journal.Add(new RoundEvent.Revealed(_workers[0].Key, new byte[32], _workers[0].Message, _workers[0].Gradient, now.AddMinutes(1)));
                break;
            case "time runs back":
                journal.Add(new RoundEvent.Committed(_workers[4].Key, _workers[4].Commitment, now.AddSeconds(-1)));
                break;
            default:
                journal.Add(journal[0]);
                break;
        }

        Assert.Throws<InvalidDataException>(() => new TrainingRound(settings, _time, _ => { }, journal));
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused()
    {
        RoundSettings good = Settings();
        RoundSettings[] bad =
        [
            good with { Quorum = 0 }, good with { Quorum = 6 }, good with { Members = [] }, good with { Members = [_workers[0].Member, _workers[0].Member] },
            good with { CommitTime = TimeSpan.Zero }, good with { RevealTime = -TimeSpan.FromSeconds(1) }, good with { Patience = -TimeSpan.FromTicks(1) },
            good with { Beacon = new byte[31] }, good with { MostGradientBytes = 0 }, good with { BaseModelRoot = default }, good with { Members = [_workers[0].Member with { LastCounter = 1 }], Quorum = 1 },
        ];
        Assert.All(bad, settings => Assert.Throws<ArgumentException>(() => new TrainingRound(settings, _time, _ => { }, [])));
    }

    // A round in which one worker misses the commitments and one the reveals; the coordinator stops once after so many events.
    private byte[] Play(int stop, out int events)
    {
        FakeTimeProvider time = new(TrainingWorker.Start);
        List<RoundEvent> journal = [];
        RoundSettings settings = Settings();
        TrainingWorker[] late = [_workers.Single(w => w.Key == Samples.Worker(5)), _workers.Single(w => w.Key == Samples.Worker(4))];
        bool stopped = false;
        TrainingRound round = new(settings, time, journal.Add, []);
        TrainingRound Alive()
        {
            if (!stopped && journal.Count >= stop && stop >= 0)
            {
                // All that is left is what was written.
                stopped = true;
                round = new TrainingRound(settings, time, journal.Add, [.. journal.Select(e => RoundEventEncoding.TryParse(RoundEventEncoding.Encode(e), out RoundEvent? read) ? read : null!)]);
            }

            return round;
        }

        foreach (TrainingWorker worker in _workers.Except([late[0]]))
        {
            Commit(Alive(), worker);
            Assert.Equal(RoundReply.TakenBefore, Commit(Alive(), worker));
        }

        time.Advance(TimeSpan.FromMinutes(1));
        Alive().Advance();
        foreach (TrainingWorker worker in _workers.Except(late))
        {
            Assert.Equal(RoundReply.Taken, Reveal(Alive(), worker));
            Assert.Equal(RoundReply.TakenBefore, Reveal(Alive(), worker));
        }

        time.Advance(TimeSpan.FromMinutes(2));
        Alive().Advance();
        events = journal.Count;
        Assert.Equal(RoundPhase.Closed, Alive().Phase);
        Assert.Equal([late[0].Key], round.Result!.Uncommitted);
        Assert.Equal([late[1].Key], round.Result.Unrevealed);
        return round.Result.ContentDigest();
    }

    private static RoundReply Commit(TrainingRound round, TrainingWorker worker) => round.Commit(worker.Key, worker.Commitment);

    private static RoundReply Reveal(TrainingRound round, TrainingWorker worker) => round.Reveal(worker.Key, worker.Salt, worker.Message, worker.Gradient);

    private TrainingRound Open() => new(Settings(), _time, _journal.Add, []);

    private RoundSettings Settings() => new()
    {
        Round = 7,
        BaseModelRoot = TrainingWorker.Base,
        Beacon = TrainingWorker.Beacon,
        NumericProfile = "f32",
        Members = [.. _workers.Select(worker => worker.Member)],
        Quorum = 3,
        CommitTime = TimeSpan.FromMinutes(1),
        RevealTime = TimeSpan.FromMinutes(2),
        Patience = TimeSpan.FromMinutes(9),
        MostGradientBytes = 4096,
    };
}
