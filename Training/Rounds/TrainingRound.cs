using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>
/// One round: members commit, commitments close, members reveal, the round closes. A phase closes when every member that may still
/// come has come, or at its deadline if a quorum has, or later as soon as one has; without a quorum after a further wait the round is
/// given up. Late and missing members cost nobody but themselves. Every event is handed to the journal before it counts, and a round
/// made of the same events is in the same state. Not safe for several threads at once.
/// </summary>
public sealed class TrainingRound
{
    // What no signed statement exceeds.
    private const int MostRecordBytes = 65536;

    private readonly RoundSettings _settings;
    private readonly TimeProvider _time;
    private readonly Action<RoundEvent> _journal;
    private readonly Dictionary<WorkerKey, RoundMember> _members;
    private readonly Dictionary<WorkerKey, (long Order, ReadOnlyMemory<byte> Commitment)> _commitments = [];
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

    /// <summary>The result of a closed round; null before, and of one that was given up.</summary>
    public RoundResult? Result { get; private set; }

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
                Happen(new RoundEvent.Closed(now));
            }
            else if (Phase is RoundPhase.Committing or RoundPhase.Revealing && now >= _deadline + _settings.Patience)
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
    /// <param name="gradient">The encoded gradient; whether it is a good one is the gate's to judge.</param>
    public RoundReply Reveal(WorkerKey worker, ReadOnlyMemory<byte> salt, ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> gradient)
    {
        Advance();
        if (gradient.Length > _settings.MostGradientBytes || record.Length > MostRecordBytes)
        {
            return RoundReply.TooLarge;
        }

        RoundEvent.Revealed reveal = new(worker, salt.ToArray(), record.ToArray(), gradient.ToArray(), Now());
        RoundReply reply = JudgeReveal(reveal, out _);
        if (reply == RoundReply.Taken)
        {
            Happen(reveal);
            Advance();
        }

        return reply;
    }

    private RoundReply JudgeCommitment(WorkerKey worker, ReadOnlyMemory<byte> commitment)
    {
        if (!_members.ContainsKey(worker))
        {
            return RoundReply.NotAMember;
        }

        if (_commitments.TryGetValue(worker, out (long Order, ReadOnlyMemory<byte> Commitment) before))
        {
            // Also after the phase: who was cut off may ask whether it was heard.
            return before.Commitment.Span.SequenceEqual(commitment.Span) ? RoundReply.TakenBefore : RoundReply.Conflict;
        }

        return Phase != RoundPhase.Committing ? RoundReply.TooLate
            : commitment.Length != Records.TrainingCommitment.Size ? RoundReply.Malformed
            : RoundReply.Taken;
    }

    private RoundReply JudgeReveal(RoundEvent.Revealed reveal, out TrainingRecord? record)
    {
        record = null;
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

        return _commitments.TryGetValue(reveal.Worker, out (long Order, ReadOnlyMemory<byte> Commitment) committed)
            ? RevealCheck.Check(_settings, member, committed.Commitment, reveal, out record)
            : RoundReply.NotCommitted;
    }

    // Whether the clock and the numbers allow what a journal says, as they allowed it when it was written.
    private bool IsPossible(RoundEvent happened) => happened.At >= _last && happened switch
    {
        RoundEvent.CommitmentsClosed => Phase == RoundPhase.Committing && IsDue(happened.At, _commitments.Count, _members.Count),
        RoundEvent.Closed => Phase == RoundPhase.Revealing && IsDue(happened.At, _contributions.Count, _commitments.Count),
        RoundEvent.Abandoned => Phase is RoundPhase.Committing or RoundPhase.Revealing && happened.At >= _deadline + _settings.Patience,
        _ => true,
    };

    private bool IsDue(DateTimeOffset now, int came, int mayCome) => came >= _settings.Quorum && (came == mayCome || now >= _deadline);

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
                _commitments.Add(committed.Worker, (_commitments.Count, committed.Commitment));
                break;
            case RoundEvent.CommitmentsClosed closed when Phase == RoundPhase.Committing:
                (Phase, _deadline) = (RoundPhase.Revealing, closed.At + _settings.RevealTime);
                break;
            case RoundEvent.Revealed revealed when JudgeReveal(revealed, out TrainingRecord? record) == RoundReply.Taken:
                _contributions.Add(revealed.Worker, new RoundContribution(revealed.Worker, _commitments[revealed.Worker].Order, record!, revealed.Record, revealed.Gradient));
                break;
            case RoundEvent.Closed when Phase == RoundPhase.Revealing:
                Phase = RoundPhase.Closed;
                WorkerKey[] missing = [.. _members.Keys.Where(worker => !_contributions.ContainsKey(worker)).Order()];
                Result = new RoundResult(_settings.Round, [.. _contributions.Values], [.. missing.Where(w => !_commitments.ContainsKey(w))], [.. missing.Where(_commitments.ContainsKey)]);
                break;
            case RoundEvent.Abandoned when Phase is RoundPhase.Committing or RoundPhase.Revealing:
                Phase = RoundPhase.Abandoned;
                break;
            default:
                return false;
        }

        _last = happened.At;
        return true;
    }
}
