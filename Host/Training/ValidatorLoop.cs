using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Judging;
using Verathos.Training.Records;
using Verathos.Training.Rewards;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;
using Verathos.Training.Shards;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Host.Training;

/// <summary>
/// A validator in a run: once a round's reveals are closed it opens them, replays a step of some, judges what each is worth, and signs the outcome. What it signs is on
/// its disk before it leaves, and is sent again after a stop.
/// </summary>
internal sealed class ValidatorLoop : IDisposable
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(500);
    private readonly RunFile _run;
    private readonly RunMaterial _material;
    private readonly CoordinatorClient _client;
    private readonly ValidatorKeys _keys;
    private readonly JudgedStore _store;
    private readonly TrainingLedger _ledger;
    private readonly TimeProvider _time;
    private readonly Action<string> _tell;
    private readonly Action<int, int> _progress;
    private readonly RunChain _chain;
    private readonly RevealReader _reader;
    private readonly TextObjective _objective;
    private readonly WorkerAudits _audits;
    private readonly RoundJudge _judge;
    private readonly OutcomeTrail _trail;
    private readonly IReadOnlyList<byte[]> _digests;

    /// <summary>Prepares a validator.</summary>
    public ValidatorLoop(
        RunMaterial material, CoordinatorClient client, ValidatorKeys keys, JudgedStore store, TrainingLedger ledger, JoinCheck check, InnerTrainer trainer, TimeProvider time,
        Action<string> tell, Action<int, int> progress)
    {
        (_run, _material, _client, _keys, _store, _ledger, _time, _tell, _progress) = (material.Run, material, client, keys, store, ledger, time, tell, progress);
        _objective = new TextObjective(trainer, material.Documents, _run.Work.Length);
        _chain = new RunChain(_run, _objective.Layout, trainer.Weights.ToArray());
        VouchedKeysets keysets = new(_run, check, _chain.FirstRoot, time);
        _reader = new RevealReader(_run, keysets, keys, RequestBodies.MostGradientBytes(_objective.Layout));
        _trail = new OutcomeTrail(store.Folder, statement => _chain.Read(statement.Span));
        RecordBook book = new(store.Folder);
        EquivocationFolder proofs = new(store.Folder);
        _audits = new WorkerAudits(
            material, client, keys, ledger, new WorkerChains(_run, keysets, book, proofs, (worker, after, token) => client.GetRecordsAsync(worker, after, _run.Rounds.Count, token)), proofs,
            new RecordHeads(TrainingRoots.OfOptimiser(trainer.GetState()), book, _trail.Took), trainer, RequestBodies.MostStepBytes(_objective.Layout), time, tell);
        _digests = [.. material.Digests.Take(material.Assignable)];
        long heldOut = Enumerable.Range(material.Assignable, _run.Judging.HeldOutDocuments).Sum(document => (long)_objective.Tokens(document));
        if (heldOut < PairedLosses.LeastTokens)
        {
            throw new TrainingException($"The {_run.Judging.HeldOutDocuments} documents that are held out have {heldOut} tokens to learn, and exact losses need {PairedLosses.LeastTokens}: raise judging.held_out_documents.");
        }

        byte[] secret = keys.JudgeSecret(_run.Id.Span);
        RunJudging judging = _run.Judging;
        _judge = new RoundJudge(
            _objective,
            new JudgeSettings
            {
                OuterRate = _run.Rounds.OuterRate,
                Rewards = new RewardRule { UnitsPerNat = judging.UnitsPerNat, Budget = judging.Budget },
                Gate = GatePolicy.Documented with { LeastContributions = judging.LeastContributions },
                HeldOut = [.. Enumerable.Range(material.Assignable, judging.HeldOutDocuments)],
                GradientTokens = judging.GradientTokens,
                OwnTokens = judging.OwnTokens,
                ConfirmedShare = judging.ConfirmedShare,
            },
            secret);
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>Called with what each round came to, once its outcome counts.</summary>
    public Action<TrainingOutcome, IReadOnlyList<RoundContribution>>? Judged { get; init; }

    /// <summary>Rounds that were judged since the start.</summary>
    public int Rounds { get; private set; }

    /// <summary>Steps that were replayed since the start.</summary>
    public int Replays => _audits.Replays;

    /// <summary>Runs until the run is finished.</summary>
    /// <exception cref="TrainingException">The coordinator says something that nobody signed, or refuses an outcome.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        StateResponse state = new();
        StateResponse? next = null;
        while (state.Phase != RunProgress.Finished)
        {
            state = next ?? await _client.GetStateAsync(state.Version, s_wait, default, cancellationToken).ConfigureAwait(false);
            next = null;
            _progress((int)Math.Min(int.MaxValue, state.Phase == RunProgress.Finished ? state.Round : state.Round == 0 ? 0 : state.Round - 1), _run.Rounds.Count);
            if (state.Phase == "judging")
            {
                next = await ActAsync(state, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _judge.Dispose();

    // Judging may take longer than the run: another validator can end the round, and the last one, and then the coordinator is gone.
    private async Task<StateResponse?> ActAsync(StateResponse state, CancellationToken cancellationToken)
    {
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<StateResponse> watch = WatchAsync(state, done.Token);
        try
        {
            await JudgeAndSendAsync(state, watch, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await ((Task)watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return watch.IsCompletedSuccessfully ? await watch.ConfigureAwait(false) : null;
    }

    private async Task<StateResponse> WatchAsync(StateResponse state, CancellationToken done)
    {
        StateResponse now = state;
        while (now.Round == state.Round && now.Phase == state.Phase)
        {
            now = await _client.GetStateAsync(now.Version, s_wait, default, done).ConfigureAwait(false);
        }

        return now;
    }

    private async Task JudgeAndSendAsync(StateResponse state, Task<StateResponse> watch, CancellationToken cancellationToken)
    {
        ulong round = state.Round;
        (byte[] Statement, byte[] Aggregate)? signed = _store.Read(round) is var (statement, aggregate, _) ? (statement, aggregate) : await JudgeAsync(state, cancellationToken).ConfigureAwait(false);
        while (signed is var (message, vector))
        {
            if (watch.IsCompletedSuccessfully)
            {
                _ledger.End();
                return;
            }

            RoundReply reply = await _client.PutOutcomeAsync(message, vector, cancellationToken).ConfigureAwait(false);
            switch (reply)
            {
                case RoundReply.Taken or RoundReply.TakenBefore or RoundReply.TooLate:
                    _ledger.End();
                    return;
                case RoundReply.TooEarly:
                    // Another validator's turn.
                    await Task.Delay(s_again, _time, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    throw new TrainingException($"The coordinator refuses the outcome of round {round}: {reply}.");
            }
        }
    }

    private async Task<(byte[] Statement, byte[] Aggregate)?> JudgeAsync(StateResponse state, CancellationToken cancellationToken)
    {
        ulong round = state.Round;
        if (await _client.GetRoundAsync(round, _run.RoundValidators, cancellationToken).ConfigureAwait(false) is not { } settings)
        {
            return null;
        }

        float[] weights = await _chain.BaseAsync(_client, settings, state.OutcomeRound, cancellationToken).ConfigureAwait(false);
        if (await _client.GetRevealsAsync(round, cancellationToken).ConfigureAwait(false) is not { } messages)
        {
            return null;
        }

        await _trail.FollowAsync(settings, state.OutcomeRound, async past => await _client.GetOutcomeAsync(past, cancellationToken).ConfigureAwait(false) is var (outcome, _) ? outcome : null).ConfigureAwait(false);
        IReadOnlyList<ReadReveal> reveals = _reader.Read(settings, messages);
        RoundResult result = new(round, [.. reveals.Select(static reveal => reveal.Contribution)], [], []);
        long epoch = _ledger.Begin();
        Dictionary<WorkerKey, string> faults = await _audits.FaultsAsync(epoch, settings, reveals, cancellationToken).ConfigureAwait(false);
        JudgeState before = await StateBeforeAsync(settings, state.OutcomeRound, cancellationToken).ConfigureAwait(false);
        (TrainingOutcome outcome, SparseVector aggregate, JudgeState after) = await Task.Run(
            () => Judge(settings, weights, result, [.. reveals.Where(reveal => !faults.ContainsKey(reveal.Contribution.Worker))], faults, before), cancellationToken).ConfigureAwait(false);
        byte[] encoded = SparseAggregate.Encode(aggregate);
        byte[] statement = outcome.Sign(_keys.Owner.Signing, out _);
        _store.Write(round, statement, encoded, after);
        Rounds++;
        Judged?.Invoke(outcome, result.Contributions);
        _tell(FormattableString.Invariant($"round {round}: {reveals.Count} contributions, {outcome.Verdicts.Count(static verdict => verdict.Verdict == OutcomeVerdict.Accepted)} accepted")
            + (outcome.Losses is { } losses ? FormattableString.Invariant($", held-out loss {losses.Before:F4} to {losses.After:F4}") : "")
            + (faults.Count > 0 ? "; " + string.Join(", ", faults.Select(static pair => $"{pair.Key.ToString()[..12]}: {pair.Value}")) : ""));
        return (statement, encoded);
    }

    private (TrainingOutcome Outcome, SparseVector Aggregate, JudgeState After) Judge(
        RoundSettings settings, float[] weights, RoundResult result, IReadOnlyList<ReadReveal> good, Dictionary<WorkerKey, string> faults, JudgeState before)
    {
        HashSet<int> assigned = [];
        foreach (RoundMember member in settings.Members)
        {
            assigned.UnionWith(_material.Assigned(settings, member.Worker));
        }

        SparseVector aggregate = SparseVector.Zero(_objective.Layout.Count);
        JudgeState after = before;
        (double, double)? losses = null;
        Dictionary<WorkerKey, WorkerVerdict> verdicts = [];
        float[] next = weights;
        if (good.Count > 0)
        {
            JudgedRound judged = _judge.Judge(before, new JudgeInput
            {
                Round = settings.Round,
                Weights = weights,
                Assigned = assigned,
                Contributions =
                [
                    .. good.Select(reveal => new JudgeContribution(
                        new GateCandidate
                        {
                            Worker = reveal.Contribution.Worker,
                            Gradient = reveal.Gradient,
                            ShardRoot = reveal.Contribution.Record.ShardRoot,
                            AssignedShardRoot = ShardAssignment.Root(settings.Beacon.Span, reveal.Contribution.Worker, settings.Round, _digests, _run.Work.Documents),
                        },
                        _material.Assigned(settings, reveal.Contribution.Worker))),
                ],
            });
            (aggregate, after, next) = (judged.Aggregate, judged.State, judged.Weights);
            losses = (judged.Losses.Before, judged.Losses.After);
            verdicts = judged.Verdicts.ToDictionary(static verdict => verdict.Worker);
        }

        TrainingOutcome outcome = new()
        {
            IssuedAt = _time.GetUtcNow(),
            Run = _run.Id,
            Validator = _keys.Public.Name,
            Round = settings.Round,
            BaseModelRoot = settings.BaseModelRoot,
            ResultDigest = result.ContentDigest(),
            AggregateRoot = SparseAggregate.Root(SparseAggregate.Encode(aggregate)),
            NextModelRoot = TrainingRoots.OfModel(_objective.Layout, next),
            Verdicts =
            [
                .. result.Contributions.Select(contribution => verdicts.TryGetValue(contribution.Worker, out WorkerVerdict? verdict)
                    ? new OutcomeVerdict(contribution.Worker.Bytes.ToArray(), NameOf(verdict), double.IsFinite(verdict.Impact) ? verdict.Impact : 0, (ulong)verdict.Units)
                    : new OutcomeVerdict(contribution.Worker.Bytes.ToArray(), faults[contribution.Worker], 0, 0)),
            ],
            Losses = losses,
            Previous = settings.LastOutcome,
        };
        return (outcome, aggregate, after);
    }

    private static string NameOf(WorkerVerdict verdict) => verdict.Exclusion switch
    {
        Exclusion.None => OutcomeVerdict.Accepted,
        Exclusion.Gate => ReadReveal.NameOf(verdict.Gate),
        _ => ReadReveal.NameOf(verdict.Exclusion),
    };

    // The judge goes on from the last outcome that counted: its own, or its own last one with another validator's aggregate.
    private async Task<JudgeState> StateBeforeAsync(RoundSettings settings, ulong outcomeRound, CancellationToken cancellationToken)
    {
        if (settings.LastOutcome is not { } last)
        {
            return JudgeState.Initial;
        }

        if (_store.Read(outcomeRound) is var (statement, _, state) && _chain.Read(statement) is { } own && own.Digest.Span.SequenceEqual(last.Span))
        {
            return state;
        }

        (_, byte[] aggregate) = await _client.GetOutcomeAsync(outcomeRound, cancellationToken).ConfigureAwait(false)
            ?? throw new TrainingException($"The coordinator does not show the outcome of round {outcomeRound}.");
        if (!SparseAggregate.TryParse(aggregate, _objective.Layout.Count, out SparseVector? vector))
        {
            throw new TrainingException($"The aggregate of round {outcomeRound} is of another model.");
        }

        JudgeState known = _store.Rounds.LastOrDefault(round => round < outcomeRound) is > 0 and ulong older && _store.Read(older) is var (_, _, kept) ? kept : JudgeState.Initial;
        return known.After(outcomeRound, vector);
    }
}
