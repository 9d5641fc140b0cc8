using System.Security.Cryptography;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// The rounds of a run, one after another: who joins, what is taken in a round, and the model that each leads to. Everything that counts is on the disk
/// before anybody is told. It relays sealed gradients and cannot read them; the model follows from the outcomes that validators sign, which
/// it checks as every worker does. Safe for several threads.
/// </summary>
internal sealed partial class Coordinator : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CoordinatorStore _store;
    private readonly JoinCheck _check;
    private readonly GradientLayout _layout;
    private readonly TimeProvider _time;
    private readonly Action<string> _tell;
    private readonly byte[] _firstRoot;
    private readonly Dictionary<WorkerKey, RosterEntry> _roster = [];
    private readonly Dictionary<string, DateTimeOffset> _nonces = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _version;
    private float[] _base;
    private byte[] _baseRoot;
    private RoundJournal? _journal;
    private TrainingRound? _round;
    private ulong _latest;
    private bool _isOver = true;
    private RoundOutcome? _outcome;
    private ReadOnlyMemory<byte>? _lastOutcome;
    private ulong _outcomeRound;

    /// <summary>Goes on with a run, or begins it.</summary>
    /// <param name="store">Its folder; stays the caller's.</param>
    /// <param name="check">How evidence is checked.</param>
    /// <param name="layout">Of what is trained.</param>
    /// <param name="first">The weights that the first round starts from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Takes a line for the owner.</param>
    /// <exception cref="InvalidDataException">The folder holds something that no run of this file wrote.</exception>
    public Coordinator(CoordinatorStore store, JoinCheck check, GradientLayout layout, float[] first, TimeProvider time, Action<string> tell)
    {
        (_store, _check, _layout, _time, _tell, _base) = (store, check, layout, time, tell, first);
        _version = (ulong)time.GetUtcNow().UtcTicks;
        _firstRoot = _baseRoot = TrainingRoots.OfModel(layout, first);
        if (!store.HasModel(1))
        {
            store.WriteModel(1, first);
        }
        else if (!TrainingRoots.OfModel(layout, ReadModel(1)).AsSpan().SequenceEqual(_firstRoot))
        {
            throw new InvalidDataException("the run's folder starts from another model than this program makes of the run's file");
        }

        _latest = store.LatestRound();
        int joins = 0;
        if (_latest > 0)
        {
            joins = Load(_latest);
        }

        foreach (RosterEntry joined in store.Joined.Skip(joins))
        {
            Take(joined);
        }

        if (_round is { } round)
        {
            foreach (RosterEntry entry in _roster.Values)
            {
                Renew(round, entry);
            }
        }

        Step();
    }

    /// <summary>Root of the model that the run starts from.</summary>
    public ReadOnlyMemory<byte> FirstRoot => _firstRoot;

    /// <summary>The run.</summary>
    public RunFile Run => _store.Run;

    /// <summary>Where the run is.</summary>
    public RunProgress Progress
    {
        get
        {
            lock (_gate)
            {
                bool finished = _isOver && _latest >= (ulong)Run.Rounds.Count;
                return new RunProgress(
                    _version, _latest, finished ? RunProgress.Finished : _isOver ? RunProgress.Waiting : _round!.Phase.ToString().ToLowerInvariant(),
                    _isOver ? DateTimeOffset.UnixEpoch : _round!.Deadline, _isOver ? _roster.Values.Count(IsActive) : _round!.Settings.Members.Count,
                    _isOver ? 0 : _round!.Settings.Members.Count(member => _round.HasCommitted(member.Worker)), _isOver ? 0 : _round!.Settings.Members.Count(member => _round.HasRevealed(member.Worker)),
                    _baseRoot, _outcomeRound);
            }
        }
    }

    /// <summary>Waits until the run is elsewhere than a version, or the time is over.</summary>
    public async Task WaitAsync(ulong known, TimeSpan wait, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_gate)
        {
            if (_version != known)
            {
                return;
            }

            changed = _changed.Task;
        }

        await Task.WhenAny(changed, Task.Delay(wait, _time, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Lets the clock close what is due, and begins the next round where one can be.</summary>
    public void Step()
    {
        lock (_gate)
        {
            _round?.Advance();
            while (_round is { Phase: RoundPhase.Closed or RoundPhase.Abandoned } || _isOver)
            {
                if (!_isOver)
                {
                    Finish();
                }

                if (_latest >= (ulong)Run.Rounds.Count || !Begin())
                {
                    return;
                }
            }
        }
    }

    /// <summary>What a worker itself has done in the round, and its newest keyset where it is waited for.</summary>
    public (bool HasCommitted, bool HasRevealed, ReadOnlyMemory<byte> Keyset) Of(WorkerKey worker)
    {
        lock (_gate)
        {
            bool runs = !_isOver;
            return (runs && _round!.HasCommitted(worker), runs && _round!.HasRevealed(worker),
                _roster.TryGetValue(worker, out RosterEntry? entry) && IsActive(entry) ? entry.Keysets[^1].Digest : default);
        }
    }

    /// <summary>Takes a commitment of a worker for whom the request speaks.</summary>
    public RoundReply Commit(WorkerKey worker, ReadOnlyMemory<byte> commitment, ReadOnlyMemory<byte> request) => In(round =>
        Speaks(worker, request, "commit", round.Settings.Round, commitment.Span) ? round.Commit(worker, commitment) : RoundReply.Request);

    /// <summary>Takes a reveal of a worker for whom the request speaks.</summary>
    public RoundReply Reveal(
        WorkerKey worker, ReadOnlyMemory<byte> salt, ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> sealedGradient, IReadOnlyList<ReadOnlyMemory<byte>> links, ReadOnlyMemory<byte> request) =>
        In(round => Speaks(worker, request, "reveal", round.Settings.Round, RequestBodies.Reveal(salt, record, sealedGradient, links))
            ? round.Reveal(worker, salt, record, sealedGradient, links)
            : RoundReply.Request);

    /// <summary>Takes an outcome that leads to the model whose root it names.</summary>
    public RoundReply Judge(ReadOnlyMemory<byte> statement, ReadOnlyMemory<byte> aggregate)
    {
        lock (_gate)
        {
            // Another validator, or the clock, ended that round in the meantime.
            if (Read(statement.Span) is { } outcome && outcome.Round < _latest + (_isOver ? 1UL : 0UL))
            {
                return RoundReply.TooLate;
            }
        }

        return In(round => JudgeIn(round, statement, aggregate));
    }

    private RoundReply JudgeIn(TrainingRound round, ReadOnlyMemory<byte> statement, ReadOnlyMemory<byte> aggregate)
    {
        if (round.Phase == RoundPhase.Judging && Next(statement, aggregate) is { } refused)
        {
            return refused;
        }

        return round.Judge(statement, aggregate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _journal?.Dispose();
            _journal = null;
            _round = null;
            _isOver = true;
        }
    }

    private RoundReply In(Func<TrainingRound, RoundReply> part)
    {
        lock (_gate)
        {
            RoundReply reply = _isOver ? RoundReply.TooEarly : part(_round!);
            Step();
            return reply;
        }
    }

    private bool Speaks(WorkerKey worker, ReadOnlyMemory<byte> request, string operation, ulong round, ReadOnlySpan<byte> body) =>
        _roster.TryGetValue(worker, out RosterEntry? entry) && RequestCheck.Speaks(entry.Hotkey, request.Span, Run.Id, operation, round, body);

    // The machine checks who signed what; only who has the model can check where it leads.
    private RoundReply? Next(ReadOnlyMemory<byte> statement, ReadOnlyMemory<byte> aggregate)
    {
        return Read(statement.Span) is not { } outcome ? RoundReply.Statement
            : !SparseAggregate.TryParse(aggregate.Span, _layout.Count, out SparseVector? vector) ? RoundReply.Aggregate
            : !outcome.NextModelRoot.Span.SequenceEqual(TrainingRoots.OfModel(_layout, OuterStep.Apply(_base, vector, Run.Rounds.OuterRate))) ? RoundReply.NextModel
            : null;
    }

    private TrainingOutcome? Read(ReadOnlySpan<byte> statement)
    {
        foreach (RoundValidator validator in Run.RoundValidators)
        {
            using ECDsa key = validator.SigningKey.ToECDsa();
            if (TrainingOutcome.TryParse(statement, key, out TrainingOutcome? outcome, out _))
            {
                return outcome;
            }
        }

        return null;
    }

    private int Load(ulong number)
    {
        (RoundSettings settings, IReadOnlyList<RosterEntry> roster, int joins, ulong outcomeRound) = _store.Begun(number);
        foreach (RosterEntry entry in roster)
        {
            _roster[entry.Worker] = entry;
        }

        _base = ReadModel(number);
        _baseRoot = TrainingRoots.OfModel(_layout, _base);
        if (!_baseRoot.AsSpan().SequenceEqual(settings.BaseModelRoot.Span))
        {
            throw new InvalidDataException($"{_store.ModelPath(number)} is not the model that round {number} starts from");
        }

        _outcomeRound = outcomeRound;
        _outcome = null;
        Open(settings);
        _tell($"round {number} goes on: {_round!.Phase.ToString().ToLowerInvariant()}");
        return joins;
    }

    private void Open(RoundSettings settings)
    {
        _journal = _store.OpenJournal(settings.Round);
        RoundJournal journal = _journal;
        _round = new TrainingRound(settings, _time, happened =>
        {
            journal.Append(happened);
            Changed();
        }, journal.Events);
        (_latest, _isOver) = (settings.Round, false);
        Changed();
    }

    private bool Begin()
    {
        RosterEntry[] members = [.. _roster.Values.Where(IsActive).OrderBy(static entry => entry.Worker)];
        if (members.Length < (_latest == 0 ? Run.Rounds.StartWorkers : Run.Rounds.Quorum))
        {
            return false;
        }

        RunRounds rounds = Run.Rounds;
        ulong number = _latest + 1;
        RoundSettings settings = new()
        {
            Run = Run.Id,
            Round = number,
            BaseModelRoot = _baseRoot,
            Beacon = Run.BeaconOf(number),
            NumericProfile = Run.NumericProfile,
            Members = [.. members.Select(static entry => new RoundMember(entry.Worker, entry.Keysets[^1], entry.LastCounter, entry.LastDigest) { Earlier = [.. entry.Keysets.SkipLast(1)] })],
            Quorum = rounds.Quorum,
            CommitTime = TimeSpan.FromSeconds(rounds.CommitSeconds),
            RevealTime = TimeSpan.FromSeconds(rounds.RevealSeconds),
            OutcomeTime = TimeSpan.FromSeconds(rounds.OutcomeSeconds),
            Patience = TimeSpan.FromSeconds(rounds.PatienceSeconds),
            MostGradientBytes = RequestBodies.MostSealedBytes(_layout, Run.RoundValidators.Count),
            LastOutcome = _lastOutcome,
            Validators = Run.RoundValidators,
        };
        _store.BeginRound(settings, [.. _roster.Values.OrderBy(static entry => entry.Worker)], _store.Joined.Count, _outcomeRound);
        Open(settings);
        _tell($"round {number} of {rounds.Count} opened for {members.Length} workers");
        return true;
    }

    private void Finish()
    {
        TrainingRound round = _round!;
        RoundSettings settings = round.Settings;
        _lastOutcome = settings.LastOutcome;
        if (round.Result is { Outcome: { } outcome } result)
        {
            if (!SparseAggregate.TryParse(outcome.Aggregate.Span, _layout.Count, out SparseVector? aggregate))
            {
                throw new InvalidDataException($"the aggregate in the journal of round {settings.Round} is of another model");
            }

            _base = OuterStep.Apply(_base, aggregate, Run.Rounds.OuterRate);
            (_outcome, _outcomeRound, _lastOutcome) = (outcome, settings.Round, outcome.Statement.Digest);
            _tell($"round {settings.Round} closed: {result.Contributions.Count} contributions, {outcome.Statement.Verdicts.Count(static verdict => verdict.Verdict == OutcomeVerdict.Accepted)} accepted"
                + (outcome.Statement.Losses is { } losses ? $", held-out loss {losses.Before:F4} to {losses.After:F4}" : ""));
        }
        else
        {
            _tell($"round {settings.Round} was given up: the model stays");
        }

        _baseRoot = TrainingRoots.OfModel(_layout, _base);
        _store.WriteModel(settings.Round + 1, _base);
        Dictionary<WorkerKey, RoundContribution> came = round.Result?.Contributions.ToDictionary(static one => one.Worker) ?? [];
        foreach (RoundMember member in settings.Members)
        {
            RosterEntry entry = _roster[member.Worker];
            if (came.TryGetValue(member.Worker, out RoundContribution? taken))
            {
                foreach (KeptRecord kept in taken.Links.Append(taken.Message).Select(message => Find(settings, member.Worker, message)).OfType<KeptRecord>())
                {
                    _ = _store.Book.Add(member.Worker, kept, null);
                }
            }

            _roster[member.Worker] = came.TryGetValue(member.Worker, out RoundContribution? contribution)
                ? entry with
                {
                    // Keysets before the one of this record sign nothing more that could still come.
                    Keysets = entry.Keysets.SkipWhile(keyset => !keyset.Digest.Span.SequenceEqual(contribution.Keyset.Digest.Span)).ToArray() is { Length: > 0 } left ? left : entry.Keysets,
                    LastCounter = contribution.Record.Counter,
                    LastDigest = contribution.Record.Digest,
                    Missed = 0,
                }
                : entry with { Missed = entry.Missed + 1 };
        }

        _journal!.Dispose();
        (_journal, _round, _isOver) = (null, null, true);
        Changed();
    }

    private bool IsActive(RosterEntry entry) => entry.Missed < Run.Rounds.AbsentAfter;

    private void Take(RosterEntry joined) =>
        _roster[joined.Worker] = _roster.TryGetValue(joined.Worker, out RosterEntry? known) ? known.With(joined.Keysets[^1]) with { Address = joined.Address } : joined;

    private static void Renew(TrainingRound round, RosterEntry entry)
    {
        foreach (Keyset keyset in entry.Keysets)
        {
            _ = round.Renew(entry.Worker, keyset);
        }
    }

    private float[] ReadModel(ulong number)
    {
        byte[] bytes = _store.ModelBytes(number) ?? throw new InvalidDataException($"{_store.ModelPath(number)} is missing");
        return bytes.Length == 4L * _layout.Count ? FlatModel.FromBytes(bytes) : throw new InvalidDataException($"{_store.ModelPath(number)} is of another model");
    }

    private void Changed()
    {
        _version++;
        TaskCompletionSource before = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        before.TrySetResult();
    }
}
