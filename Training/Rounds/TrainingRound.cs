using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>
/// One round: members commit, commitments close, members reveal, reveals close, a validator says what they come to. A phase of the members closes when
/// every one that may still come has come, or at its deadline if a quorum has, or later as soon as one has; without a quorum after a further wait
/// the round is given up. Late and missing members cost nobody but themselves. The first validator alone is heard until its deadline, then
/// the next one too, and so on; the first outcome that is taken ends the round. Every event is handed to the journal before it counts, and a round
/// made of the same events is in the same state. Not safe for several threads at once.
/// </summary>
public sealed class TrainingRound
{
    // What no signed statement exceeds.
    private const int MostRecordBytes = 65536;

    /// <summary>The most records that a reveal may bring between two that were taken.</summary>
    internal const int MostLinks = 1024;

    private readonly RoundSettings _settings;
    private readonly TimeProvider _time;
    private readonly Action<RoundEvent> _journal;
    private readonly Dictionary<WorkerKey, RoundMember> _members;
    private readonly Dictionary<WorkerKey, List<Keyset>> _keysets;
    private readonly Dictionary<WorkerKey, ReadOnlyMemory<byte>> _commitments = [];
    private readonly SortedDictionary<WorkerKey, RoundContribution> _contributions = [];
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private DateTimeOffset _deadline;

    /// <summary>Opens a round, or goes on with one.</summary>
    /// <param name="settings">The same as when it was opened.</param>
    /// <param name="time">The coordinator's clock.</param>
    /// <param name="journal">Called with every new event; returns when it is kept, and throws where it cannot be: then nothing happened.</param>
    /// <param name="events">The events so far, in order; empty for a new round.</param>
    /// <exception cref="ArgumentException">The settings make no sense.</exception>
    /// <exception cref="InvalidDataException">The events are not a round of these settings.</exception>
    public TrainingRound(RoundSettings settings, TimeProvider time, Action<RoundEvent> journal, IReadOnlyList<RoundEvent> events)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentNullException.ThrowIfNull(events);
        settings.Validate();
        (_settings, _time, _journal) = (settings, time, journal);
        _members = settings.Members.ToDictionary(member => member.Worker);
        _keysets = settings.Members.ToDictionary(member => member.Worker, member => (List<Keyset>)[.. member.Earlier, member.Keyset]);
        foreach (RoundEvent happened in events)
        {
            if (!IsPossible(happened) || !TryApply(happened))
            {
                throw new InvalidDataException($"the journal's {happened.GetType().Name} cannot have happened in this round");
            }
        }

        if (Phase == RoundPhase.Opening)
        {
            Happen(new RoundEvent.Opened(settings.Digest(), Now()));
        }
    }

    /// <summary>Where the round is; the clock may have more to say: see <see cref="Advance"/>.</summary>
    public RoundPhase Phase { get; private set; }

    /// <summary>When the phase closes if there is a quorum; the last deadline once the round is over.</summary>
    public DateTimeOffset Deadline => _deadline;

    /// <summary>The result once contributions are settled, with the outcome once the round is closed; null before, and of a round that was given up.</summary>
    public RoundResult? Result { get; private set; }

    /// <summary>What was fixed before it opened.</summary>
    public RoundSettings Settings => _settings;

    /// <summary>Whether a member has committed.</summary>
    public bool HasCommitted(WorkerKey worker) => _commitments.ContainsKey(worker);

    /// <summary>Whether a member has revealed.</summary>
    public bool HasRevealed(WorkerKey worker) => _contributions.ContainsKey(worker);

    /// <summary>Lets the clock close what is due.</summary>
    /// <returns>The phase afterwards.</returns>
    public RoundPhase Advance()
    {
        RoundPhase before;
        do
        {
            before = Phase;
            DateTimeOffset now = Now();
            if (Phase == RoundPhase.Committing && IsDue(now, _commitments.Count, _members.Count))
            {
                Happen(new RoundEvent.CommitmentsClosed(now));
            }
            else if (Phase == RoundPhase.Revealing && IsDue(now, _contributions.Count, _commitments.Count))
            {
                Happen(_settings.Validators.Count == 0 ? new RoundEvent.Closed(now) : new RoundEvent.RevealsClosed(now));
            }
            else if (IsHopeless(now))
            {
                Happen(new RoundEvent.Abandoned(now));
            }
        }
        while (Phase != before);

        return Phase;
    }

    /// <summary>Takes a commitment; who speaks for a worker is the caller's to check.</summary>
    /// <param name="worker">Who.</param>
    /// <param name="commitment">32 bytes.</param>
    public RoundReply Commit(WorkerKey worker, ReadOnlyMemory<byte> commitment)
    {
        Advance();
        RoundReply reply = JudgeCommitment(worker, commitment);
        if (reply == RoundReply.Taken)
        {
            Happen(new RoundEvent.Committed(worker, commitment.ToArray(), Now()));
            Advance();
        }

        return reply;
    }

    /// <summary>Takes a reveal. One that is refused may be sent again until the deadline.</summary>
    /// <param name="worker">Who.</param>
    /// <param name="salt">32 bytes.</param>
    /// <param name="record">The signed record.</param>
    /// <param name="gradient">The gradient, sealed to the validators; who opens it judges it.</param>
    /// <param name="links">Signed records between the worker's last one that was taken and this one, oldest first: of rounds whose deadline it missed.</param>
    public RoundReply Reveal(
        WorkerKey worker, ReadOnlyMemory<byte> salt, ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> gradient, IReadOnlyList<ReadOnlyMemory<byte>>? links = null)
    {
        Advance();
        links ??= [];
        if (gradient.Length > _settings.MostGradientBytes || record.Length > MostRecordBytes || links.Count > MostLinks || links.Any(link => link.Length > MostRecordBytes))
        {
            return RoundReply.TooLarge;
        }

        RoundEvent.Revealed reveal = new(worker, salt.ToArray(), record.ToArray(), gradient.ToArray(), Now()) { Links = [.. links.Select(link => (ReadOnlyMemory<byte>)link.ToArray())] };
        RoundReply reply = JudgeReveal(reveal, out _, out _);
        if (reply == RoundReply.Taken)
        {
            Happen(reveal);
            Advance();
        }

        return reply;
    }

    /// <summary>Takes another keyset of a member, for which evidence was checked: a record may be signed under any that was taken.</summary>
    /// <param name="worker">Who.</param>
    /// <param name="keyset">The keyset.</param>
    public RoundReply Renew(WorkerKey worker, Keyset keyset)
    {
        ArgumentNullException.ThrowIfNull(keyset);
        Advance();
        RoundReply reply = JudgeKeyset(worker, keyset);
        if (reply == RoundReply.Taken)
        {
            Happen(new RoundEvent.Renewed(worker, keyset.Encoded.ToArray(), Now()));
        }

        return reply;
    }

    /// <summary>Takes a validator's outcome, which ends the round. Whether the next model is right is the caller's to check.</summary>
    /// <param name="statement">The signed outcome.</param>
    /// <param name="aggregate">The encoded aggregate.</param>
    public RoundReply Judge(ReadOnlyMemory<byte> statement, ReadOnlyMemory<byte> aggregate)
    {
        Advance();
        RoundEvent.Judged judged = new(statement.ToArray(), aggregate.ToArray(), Now());
        RoundReply reply = JudgeOutcome(judged, out _);
        if (reply == RoundReply.Taken)
        {
            Happen(judged);
        }

        return reply;
    }

    private RoundReply JudgeKeyset(WorkerKey worker, Keyset keyset) =>
        !_keysets.TryGetValue(worker, out List<Keyset>? known) ? RoundReply.NotAMember
        : known.Exists(one => one.Digest.Span.SequenceEqual(keyset.Digest.Span)) ? RoundReply.TakenBefore
        : Phase is not (RoundPhase.Committing or RoundPhase.Revealing) ? RoundReply.TooLate
        : known.Count > 2 * RoundMember.MostEarlier ? RoundReply.TooLarge
        : RoundReply.Taken;

    private RoundReply JudgeOutcome(RoundEvent.Judged judged, out TrainingOutcome? outcome)
    {
        outcome = null;
        if (Phase == RoundPhase.Closed && Result?.Outcome is { } before && before.Message.Span.SequenceEqual(judged.Statement.Span))
        {
            return RoundReply.TakenBefore;
        }

        if (Phase != RoundPhase.Judging)
        {
            return Phase is RoundPhase.Closed or RoundPhase.Abandoned ? RoundReply.TooLate : RoundReply.TooEarly;
        }

        RoundReply reply = OutcomeCheck.Check(_settings, Result!, judged.Statement.Span, judged.Aggregate.Span, out outcome, out int place);
        return reply == RoundReply.Taken && judged.At < _deadline + ((place - 1) * _settings.OutcomeTime) ? RoundReply.TooEarly : reply;
    }

    private RoundReply JudgeCommitment(WorkerKey worker, ReadOnlyMemory<byte> commitment)
    {
        if (!_members.ContainsKey(worker))
        {
            return RoundReply.NotAMember;
        }

        if (_commitments.TryGetValue(worker, out ReadOnlyMemory<byte> before))
        {
            // Also after the phase: who was cut off may ask whether it was heard.
            return before.Span.SequenceEqual(commitment.Span) ? RoundReply.TakenBefore : RoundReply.Conflict;
        }

        return Phase != RoundPhase.Committing ? RoundReply.TooLate
            : commitment.Length != Records.TrainingCommitment.Size ? RoundReply.Malformed
            : RoundReply.Taken;
    }

    private RoundReply JudgeReveal(RoundEvent.Revealed reveal, out TrainingRecord? record, out Keyset? keyset)
    {
        record = null;
        keyset = null;
        if (!_members.TryGetValue(reveal.Worker, out RoundMember? member))
        {
            return RoundReply.NotAMember;
        }

        if (_contributions.TryGetValue(reveal.Worker, out RoundContribution? before))
        {
            return before.Message.Span.SequenceEqual(reveal.Record.Span) && before.Gradient.Span.SequenceEqual(reveal.Gradient.Span) ? RoundReply.TakenBefore : RoundReply.Conflict;
        }

        if (Phase == RoundPhase.Committing)
        {
            return RoundReply.TooEarly;
        }

        if (Phase != RoundPhase.Revealing)
        {
            return RoundReply.TooLate;
        }

        return _commitments.TryGetValue(reveal.Worker, out ReadOnlyMemory<byte> committed)
            ? RevealCheck.Check(_settings, member, _keysets[reveal.Worker], committed, reveal, out record, out keyset)
            : RoundReply.NotCommitted;
    }

    // Whether the clock and the numbers allow what a journal says, as they allowed it when it was written.
    private bool IsPossible(RoundEvent happened) => happened.At >= _last && happened switch
    {
        RoundEvent.CommitmentsClosed => Phase == RoundPhase.Committing && IsDue(happened.At, _commitments.Count, _members.Count),
        RoundEvent.Closed => Phase == RoundPhase.Revealing && _settings.Validators.Count == 0 && IsDue(happened.At, _contributions.Count, _commitments.Count),
        RoundEvent.RevealsClosed => Phase == RoundPhase.Revealing && _settings.Validators.Count > 0 && IsDue(happened.At, _contributions.Count, _commitments.Count),
        RoundEvent.Abandoned => IsHopeless(happened.At),
        _ => true,
    };

    private bool IsDue(DateTimeOffset now, int came, int mayCome) => came >= _settings.Quorum && (came == mayCome || now >= _deadline);

    private bool IsHopeless(DateTimeOffset now) => Phase switch
    {
        RoundPhase.Committing or RoundPhase.Revealing => now >= _deadline + _settings.Patience,
        RoundPhase.Judging => now >= _deadline + ((_settings.Validators.Count - 1) * _settings.OutcomeTime) + _settings.Patience,
        _ => false,
    };

    private DateTimeOffset Now()
    {
        // A clock that goes back does not undo a deadline.
        DateTimeOffset now = _time.GetUtcNow();
        return now > _last ? now : _last;
    }

    private void Happen(RoundEvent happening)
    {
        _journal(happening);
        if (!TryApply(happening))
        {
            throw new InvalidOperationException($"{happening.GetType().Name} was decided and cannot be");
        }
    }

    private bool TryApply(RoundEvent happened)
    {
        switch (happened)
        {
            case RoundEvent.Opened opened when Phase == RoundPhase.Opening && opened.SettingsDigest.Span.SequenceEqual(_settings.Digest()):
                (Phase, _deadline) = (RoundPhase.Committing, opened.At + _settings.CommitTime);
                break;
            case RoundEvent.Committed committed when JudgeCommitment(committed.Worker, committed.Commitment) == RoundReply.Taken:
                _commitments.Add(committed.Worker, committed.Commitment);
                break;
            case RoundEvent.CommitmentsClosed closed when Phase == RoundPhase.Committing:
                (Phase, _deadline) = (RoundPhase.Revealing, closed.At + _settings.RevealTime);
                break;
            case RoundEvent.Revealed revealed when JudgeReveal(revealed, out TrainingRecord? record, out Keyset? keyset) == RoundReply.Taken:
                _contributions.Add(revealed.Worker, new RoundContribution(revealed.Worker, record!, revealed.Record, keyset!, revealed.Links, revealed.Gradient));
                break;
            case RoundEvent.Renewed renewed when Keyset.TryParse(renewed.Keyset, out Keyset? another, out _) && JudgeKeyset(renewed.Worker, another) == RoundReply.Taken:
                _keysets[renewed.Worker].Add(another);
                break;
            case RoundEvent.Closed when Phase == RoundPhase.Revealing:
                (Phase, Result) = (RoundPhase.Closed, Settle());
                break;
            case RoundEvent.RevealsClosed when Phase == RoundPhase.Revealing:
                (Phase, Result, _deadline) = (RoundPhase.Judging, Settle(), happened.At + _settings.OutcomeTime);
                break;
            case RoundEvent.Judged judged when JudgeOutcome(judged, out TrainingOutcome? outcome) == RoundReply.Taken:
                (Phase, Result) = (RoundPhase.Closed, Result! with { Outcome = new RoundOutcome(outcome!, judged.Statement, judged.Aggregate) });
                break;
            case RoundEvent.Abandoned when Phase is RoundPhase.Committing or RoundPhase.Revealing or RoundPhase.Judging:
                (Phase, Result) = (RoundPhase.Abandoned, null);
                break;
            default:
                return false;
        }

        _last = happened.At;
        return true;
    }

    private RoundResult Settle()
    {
        WorkerKey[] missing = [.. _members.Keys.Where(worker => !_contributions.ContainsKey(worker)).Order()];
        return new RoundResult(_settings.Round, [.. _contributions.Values], [.. missing.Where(w => !_commitments.ContainsKey(w))], [.. missing.Where(_commitments.ContainsKey)]);
    }
}
