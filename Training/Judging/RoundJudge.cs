using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Training.Aggregation;
using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Ratings;
using Verathos.Training.Rewards;
using Verathos.Training.Rounds;

namespace Verathos.Training.Judging;

/// <summary>
/// Judges rounds: gate, trusted gradient from secret held-out data, first-order impact and its confirmation, own-versus-random gap, rating,
/// aggregate, the step, and the pay. A function of settings, secret, state and round: the same give the same bits, so a validator that was
/// stopped goes on from its last saved state as if it had not been.
/// </summary>
public sealed class RoundJudge : IDisposable
{
    // By how much more than an ordinary contribution an outlier may fall short of what it promised.
    private const double MostShortfall = 1.5;

    // What a step may do to a weight before its loss is not even computed.
    private const double MostChange = 1e30;

    private readonly ITrainingObjective _objective;
    private readonly JudgeSettings _settings;
    private readonly byte[] _secret;

    /// <summary>Prepares a judge.</summary>
    /// <param name="objective">Model and corpus.</param>
    /// <param name="settings">By what is judged.</param>
    /// <param name="secret">At least 16 bytes that no worker knows, the same for all rounds; copied, and zeroed when the judge is disposed of.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the secret too short.</exception>
    public RoundJudge(ITrainingObjective objective, JudgeSettings settings, ReadOnlySpan<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate(objective.Documents);
        if (secret.Length < 16)
        {
            throw new ArgumentException("a secret has 16 bytes at least", nameof(secret));
        }

        (_objective, _settings, _secret) = (objective, settings, secret.ToArray());
    }

    /// <summary>Judges a round. Nothing is changed: the new state is in the result.</summary>
    /// <param name="state">After the round before.</param>
    /// <param name="input">The round.</param>
    /// <exception cref="ArgumentException">
    /// The round is not after the state's, the weights are not of the model, a worker is there twice, documents are unknown, or fewer tokens
    /// are held out than exact losses need.
    /// </exception>
    public JudgedRound Judge(JudgeState state, JudgeInput input)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(input);
        Validate(state, input);
        int[] pool = Pool(input);
        OwnGradients own = new(_objective, input, _secret, _settings.OwnTokens);
        Lazy<float[]> trusted = new(() => _objective.Gradient(
            input.Weights, HeldOutDraw.Draw(_objective, _secret, "verathos.trusted.v1"u8, input.Round, pool, _settings.GradientTokens)));
        WorkUnit[] units = Gate(state, input, (gradient, worker) => own.Knowledge(gradient, worker, trusted.Value));
        WorkUnit[] accepted = [.. units.Where(unit => unit.Verdict.IsAccepted)];
        byte[] model = SHA256.HashData(MemoryMarshal.AsBytes(input.Weights.Span));
        int[] exact = ExactDocuments(state, input, pool);
        DocumentLoss[] before = LossesBefore(state, input, model, exact);
        if (accepted.Length > 0)
        {
            Promise(accepted, trusted.Value);
            MeasureGaps(accepted, trusted.Value, own.Of([.. accepted.Select(unit => unit.Worker)]));
            Confirm(input, accepted, exact, before);
        }

        ScoreBoard board = Score(state, units);
        double least = units.Length == 0 ? 0 : RatingBound.Of([.. units.Select(unit => board.Of(unit.Worker).Rating.Mu)]);
        foreach (WorkUnit unit in units)
        {
            unit.Exclusion = Excluded(unit, board.Of(unit.Worker), least);
        }

        (Aggregate? aggregate, float[] next, DocumentLoss[] after) = Step(state, input, accepted, trusted, exact, before);
        PairedLosses losses = Paired(before, after);
        RewardSplit rewards = RewardSplit.Compute(
            _settings.Rewards, losses.Fall, [.. units.Select(unit => new RewardClaim(unit.Worker, Paid(unit), board.Of(unit.Worker).Gap.Value, unit.Source.StepsBehind))]);
        SparseVector update = aggregate?.Vector ?? SparseVector.Zero(_objective.Layout.Count);
        JudgeState following = new(
            input.Round, update, board.Scores.ToImmutableSortedDictionary(), [.. exact.Select((document, i) => new KnownLoss(document, after[i]))],
            SHA256.HashData(MemoryMarshal.AsBytes(next.AsSpan())));
        Dictionary<WorkerKey, double> weights = aggregate?.Weights.ToDictionary(entry => entry.Worker, entry => entry.Weight) ?? [];
        Dictionary<WorkerKey, long> shares = rewards.Shares.ToDictionary(share => share.Worker, share => share.Units);
        return new JudgedRound(
            input.Round, [.. units.Select(unit => unit.ToVerdict(board.Of(unit.Worker), weights.GetValueOrDefault(unit.Worker), shares[unit.Worker]))], update, next, losses, rewards, following);
    }

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);

    private void Validate(JudgeState state, JudgeInput input)
    {
        if (input.Round <= state.Round)
        {
            throw new ArgumentException($"round {input.Round} is not after round {state.Round}, which was judged last", nameof(input));
        }

        if (input.Weights.Length != _objective.Layout.Count || (state.Previous is { } previous && previous.Dimension != _objective.Layout.Count))
        {
            throw new ArgumentException("the weights, or the state, are of another model", nameof(input));
        }

        foreach (JudgeContribution contribution in input.Contributions)
        {
            if (contribution.Documents.Count == 0 || contribution.StepsBehind < 0
                || contribution.Documents.Any(document => document < 0 || document >= _objective.Documents || !input.Assigned.Contains(document)))
            {
                throw new ArgumentException($"the documents of {contribution.Candidate.Worker} are unknown, or not among those assigned", nameof(input));
            }
        }
    }

    private int[] Pool(JudgeInput input) =>
        [.. (_settings.HeldOut ?? [.. Enumerable.Range(0, _objective.Documents)]).Where(document => !input.Assigned.Contains(document)).Order()];

    private WorkUnit[] Gate(JudgeState state, JudgeInput input, DocumentKnowledge knowledge)
    {
        Dictionary<WorkerKey, JudgeContribution> sources = input.Contributions.ToDictionary(contribution => contribution.Candidate.Worker);
        return
        [
            .. ContributionGate.Judge([.. input.Contributions.Select(contribution => contribution.Candidate)], _objective.Layout, state.Previous, _settings.Gate, knowledge)
                .Select(verdict => new WorkUnit(sources[verdict.Worker], verdict)),
        ];
    }

    // The documents stay the same for some rounds, so that one forward pass over them serves as after and as before.
    private int[] ExactDocuments(JudgeState state, JudgeInput input, int[] pool)
    {
        ulong epoch = input.Round / (ulong)_settings.ExactRounds;
        HashSet<int> allowed = [.. pool];
        List<int> chosen = state.Round / (ulong)_settings.ExactRounds == epoch ? [.. state.Exact.Select(known => known.Document).Where(allowed.Contains)] : [];
        long have = chosen.Sum(document => (long)_objective.Tokens(document));
        if (have < _settings.ExactTokens)
        {
            int[] left = [.. pool.Except(chosen).Order()];
            chosen.AddRange(HeldOutDraw.Draw(_objective, _secret, "verathos.exact.v1"u8, input.Round, left, _settings.ExactTokens - have));
            have = chosen.Sum(document => (long)_objective.Tokens(document));
        }

        return have >= _settings.ExactTokens
            ? [.. chosen]
            : throw new ArgumentException($"{have} tokens are held out, and exact losses need {_settings.ExactTokens}: assign less, or hold more out", nameof(input));
    }

    private DocumentLoss[] LossesBefore(JudgeState state, JudgeInput input, byte[] model, int[] exact)
    {
        Dictionary<int, DocumentLoss> known = state.Model.Span.SequenceEqual(model) ? state.Exact.ToDictionary(loss => loss.Document, loss => loss.Loss) : [];
        int[] missing = [.. exact.Where(document => !known.ContainsKey(document))];
        if (missing.Length > 0)
        {
            IReadOnlyList<DocumentLoss> losses = _objective.Losses(input.Weights, missing);
            for (int i = 0; i < missing.Length; i++)
            {
                known[missing[i]] = losses[i];
            }
        }

        return [.. exact.Select(document => known[document])];
    }

    private void Promise(WorkUnit[] accepted, float[] trusted)
    {
        SparseVector[] clipped = FirstOrderImpact.Clip(_objective.Layout, [.. accepted.Select(unit => unit.Gradient)]);
        for (int i = 0; i < accepted.Length; i++)
        {
            accepted[i].Clipped = clipped[i];
            accepted[i].Promise = FirstOrderImpact.Improvement(clipped[i], trusted, _settings.OuterRate * FirstOrderImpact.StepFraction) / FirstOrderImpact.StepFraction;
        }
    }

    private void MeasureGaps(WorkUnit[] accepted, float[] trusted, IReadOnlyList<float[]> own)
    {
        double step = _settings.OuterRate * FirstOrderImpact.StepFraction;
        double[] random = [.. accepted.Select(unit => FirstOrderImpact.Improvement(unit.Clipped, trusted, step))];
        for (int i = 0; i < accepted.Length; i++)
        {
            double[] beyond = [.. accepted.Select((unit, j) => FirstOrderImpact.Improvement(unit.Clipped, own[i], step) - random[j])];
            (accepted[i].OwnFall, accepted[i].OtherFall) = (beyond[i] + random[i], random[i] + OwnGap.OfOthers([.. beyond.Where((_, j) => j != i)]));
        }
    }

    private void Confirm(JudgeInput input, WorkUnit[] accepted, int[] exact, DocumentLoss[] before)
    {
        foreach ((WorkerKey worker, ConfirmationReason reason) in ConfirmationPlan.Choose(
            [.. accepted.Select(unit => (unit.Worker, unit.Promise))], _secret, input.Round, _settings.ConfirmedShare))
        {
            accepted.Single(unit => unit.Worker == worker).Confirmation = reason;
        }

        WorkUnit[] chosen = [.. accepted.Where(unit => unit.Confirmation != ConfirmationReason.None)];
        PairedLosses?[] measured = Exact(input, chosen, exact, before);
        for (int i = 0; i < chosen.Length; i++)
        {
            chosen[i].Exact = measured[i];
        }

        WorkUnit[] outliers = [.. chosen.Where(unit => unit.Confirmation == ConfirmationReason.Outlier && unit.Exact is not { Fall: > 0 })];
        if (outliers.Length > 0)
        {
            double usual = UsualShortfall(input, accepted, exact, before);
            foreach (WorkUnit unit in outliers)
            {
                unit.IsDenied = !(unit.Shortfall(unit.Exact) <= MostShortfall * usual);
            }
        }
    }

    // Alone at the whole step honest contributions too raise the loss where the step is large or training late, all by about as much. What
    // the middle one of the ordinary falls short of its promise is the measure; it costs a pass only where an outlier did not keep its own.
    private double UsualShortfall(JudgeInput input, WorkUnit[] accepted, int[] exact, DocumentLoss[] before)
    {
        WorkUnit[] ordinary = [.. accepted.Where(unit => unit.Confirmation != ConfirmationReason.Outlier).OrderBy(unit => unit.Promise).ThenBy(unit => unit.Worker)];
        if (ordinary.Length == 0)
        {
            return 0;
        }

        WorkUnit middle = ordinary[ordinary.Length / 2];
        return Math.Max(0, middle.Shortfall(middle.Exact ?? Exact(input, [middle], exact, before)[0]));
    }

    // A loss that is no number confirms nothing.
    private PairedLosses?[] Exact(JudgeInput input, WorkUnit[] units, int[] exact, DocumentLoss[] before)
    {
        bool[] isSmall = [.. units.Select(unit => unit.Gradient.Norm() * _settings.OuterRate < MostChange)];
        SparseVector[] updates = [.. units.Where((_, i) => isSmall[i]).Select(unit => unit.Gradient)];
        Queue<IReadOnlyList<DocumentLoss>> after = new(updates.Length == 0 ? [] : _objective.LossesAfter(input.Weights, updates, _settings.OuterRate, exact));
        return [.. isSmall.Select(small => small && after.Dequeue() is { } losses && losses.All(loss => double.IsFinite(loss.Sum)) ? Paired(before, losses) : null)];
    }

    private static ScoreBoard Score(JudgeState state, WorkUnit[] units)
    {
        ScoreBoard board = new(state.Scores);
        board.Add(
        [
            // Who was too few to be compared with is not to blame.
            .. units.Where(unit => unit.Verdict.Outcome is not (GateOutcome.TooFewPeers or GateOutcome.NotJudged)).Select(unit => unit.Verdict.IsAccepted
                ? new RoundScore(unit.Worker, unit.Impact, unit.OwnFall, unit.OtherFall, unit.Source.StepsBehind)
                : new RoundScore(unit.Worker, 0, 0, 1, unit.Source.StepsBehind)),
        ]);
        return board;
    }

    private static Exclusion Excluded(WorkUnit unit, WorkerScore score, double leastRating)
    {
        if (!unit.Verdict.IsAccepted)
        {
            return Exclusion.Gate;
        }

        return unit.IsDenied ? Exclusion.Exact
            : !(unit.Promise > 0) ? Exclusion.Promise
            : score.Gap.IsStranger ? Exclusion.Gap
            : !(score.Rating.Mu >= leastRating) ? Exclusion.Rating
            : Exclusion.None;
    }

    private static double Paid(WorkUnit unit) => unit.Exclusion == Exclusion.None ? unit.Impact : 0;

    private (Aggregate? Aggregate, float[] Next, DocumentLoss[] After) Step(
        JudgeState state, JudgeInput input, WorkUnit[] accepted, Lazy<float[]> trusted, int[] exact, DocumentLoss[] before)
    {
        Contribution[] moving = [.. accepted.Where(unit => unit.Exclusion == Exclusion.None).Select(unit => new Contribution(unit.Worker, unit.Gradient))];
        if (moving.Length > 0)
        {
            Aggregate aggregate = Aggregator.Apply(moving, new AggregationOptions { Trusted = SparseVector.Dense([.. trusted.Value.Select(value => (double)value)]), Previous = state.Previous });
            float[] next = OuterStep.Apply(input.Weights.Span, aggregate.Vector, _settings.OuterRate);
            DocumentLoss[] after = [.. _objective.Losses(next, exact)];
            if (after.All(loss => double.IsFinite(loss.Sum)))
            {
                return (aggregate, next, after);
            }
        }

        return (null, input.Weights.ToArray(), before);
    }

    private static PairedLosses Paired(IReadOnlyList<DocumentLoss> before, IReadOnlyList<DocumentLoss> after) =>
        new([.. before.Select(loss => loss.Mean)], [.. after.Select(loss => loss.Mean)], [.. before.Select(loss => loss.Tokens)]);

    private sealed class WorkUnit(JudgeContribution source, GateVerdict verdict)
    {
        public JudgeContribution Source { get; } = source;

        public GateVerdict Verdict { get; } = verdict;

        public WorkerKey Worker => Verdict.Worker;

        public SparseVector Gradient => Verdict.Gradient!;

        public SparseVector Clipped { get; set; } = null!;

        public double Promise { get; set; }

        public double OwnFall { get; set; }

        public double OtherFall { get; set; }

        public ConfirmationReason Confirmation { get; set; }

        public PairedLosses? Exact { get; set; }

        public bool IsDenied { get; set; }

        public Exclusion Exclusion { get; set; }

        // What a measured fall lacks of the promise; not a number where none was measured.
        public double Shortfall(PairedLosses? exact) => Promise - (exact?.Fall ?? double.NaN);

        public double Impact => MeasuredImpact.From(Promise, Confirmation, Exact).Value;

        public WorkerVerdict ToVerdict(WorkerScore score, double weight, long units) => new()
        {
            Worker = Worker,
            Gate = Verdict.Outcome,
            Detail = Verdict.Detail,
            Exclusion = Exclusion,
            Promise = Promise,
            Confirmation = Confirmation,
            Exact = Exact,
            Impact = Verdict.IsAccepted ? Impact : 0,
            OwnFall = OwnFall,
            OtherFall = OtherFall,
            Score = score,
            Weight = weight,
            Units = units,
        };
    }
}
