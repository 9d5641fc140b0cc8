namespace Verathos.Training.Ratings;

/// <summary>All workers' scores, round after round. The order in which results are handed in changes nothing.</summary>
public sealed class ScoreBoard
{
    private static readonly PlackettLuce Model = new();
    private readonly SortedDictionary<WorkerKey, WorkerScore> _scores;

    /// <summary>Starts with some scores; none for a new network.</summary>
    public ScoreBoard(IReadOnlyDictionary<WorkerKey, WorkerScore>? scores = null) =>
        _scores = scores is null ? [] : new SortedDictionary<WorkerKey, WorkerScore>(scores.ToDictionary());

    /// <summary>By worker, in the order of the keys.</summary>
    public IReadOnlyDictionary<WorkerKey, WorkerScore> Scores => _scores;

    /// <summary>A worker's score; a newcomer's where it is not known.</summary>
    public WorkerScore Of(WorkerKey worker) => _scores.TryGetValue(worker, out WorkerScore score) ? score : new WorkerScore(SkillRating.Initial, default, 0);

    /// <summary>Takes a round's results in. Workers without one keep their scores.</summary>
    /// <param name="results">One of each worker that was judged.</param>
    /// <exception cref="ArgumentException">A worker is there twice, or a number is not finite.</exception>
    public void Add(IReadOnlyList<RoundScore> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        RoundScore[] ordered = [.. results.OrderBy(result => result.Worker)];
        if (ordered.Select(result => result.Worker).Distinct().Count() != ordered.Length || ordered.Any(result => !double.IsFinite(result.Impact)))
        {
            throw new ArgumentException("a round has one finite result of a worker", nameof(results));
        }

        SkillRating[] ratings = [.. ordered.Select(result => Of(result.Worker).Rating)];
        if (ordered.Length > 1)
        {
            ratings = Model.Rate(ratings, [.. ordered.Select(result => result.Impact)]);
        }

        for (int i = 0; i < ordered.Length; i++)
        {
            RoundScore result = ordered[i];
            _scores[result.Worker] = new WorkerScore(ratings[i], Of(result.Worker).Gap.Next(result.AssignedImprovement, result.RandomImprovement), result.StepsBehind);
        }
    }
}
