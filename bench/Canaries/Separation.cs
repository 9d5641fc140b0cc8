namespace Verathos.Bench.Canaries;

/// <summary>How well a classifier tells two kinds apart that it was not trained on: 0.5 is chance, 1 is always.</summary>
/// <param name="Auc">The chance that of a random pair of both kinds the right one scores higher.</param>
/// <param name="Low">The lower end of the 95 % interval, by resampling whole conversations.</param>
/// <param name="High">The upper end.</param>
/// <param name="First">Examples of the one kind.</param>
/// <param name="Second">Examples of the other.</param>
public sealed record Separation(double Auc, double Low, double High, int First, int Second)
{
    private const int Folds = 5;
    private const int Resamples = 1000;

    /// <summary>Whether chance is not left: the interval holds a half. Below it, a classifier turned about would tell them apart.</summary>
    public bool IsChance => Low <= 0.5 && High >= 0.5;

    /// <summary>Whether the classifier tells them apart.</summary>
    public bool IsFound => Low > 0.5;

    /// <summary>Trains on four fifths of the groups and scores the last, five times over.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="are">Whether each is of the first kind.</param>
    /// <param name="groups">Examples of one group are trained on or tested together.</param>
    /// <param name="seed">Chooses the folds, the order of training and the resamples.</param>
    public static Separation Measure(IReadOnlyList<Features> examples, IReadOnlyList<bool> are, IReadOnlyList<long> groups, int seed)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(are);
        ArgumentNullException.ThrowIfNull(groups);
        Random random = new(seed);
        Dictionary<long, int> folds = groups.Distinct().OrderBy(static group => group).ToDictionary(static group => group, _ => random.Next(Folds));
        double[] ranks = new double[examples.Count];
        int[] seeds = [.. Enumerable.Range(0, Folds).Select(_ => random.Next())];
        for (int fold = 0; fold < Folds; fold++)
        {
            int[] training = [.. Enumerable.Range(0, examples.Count).Where(i => folds[groups[i]] != fold)];
            int[] test = [.. Enumerable.Range(0, examples.Count).Where(i => folds[groups[i]] == fold)];
            if (training.Length == 0 || test.Length == 0)
            {
                continue;
            }

            Classifier classifier = Classifier.Learn([.. training.Select(i => examples[i])], [.. training.Select(i => are[i])], new Random(seeds[fold]));
            double[] scores = [.. test.Select(i => classifier.Score(examples[i]))];

            // Each fold has a classifier of its own, so scores of different ones are compared by their ranks.
            double[] sorted = [.. scores.Order()];
            for (int i = 0; i < test.Length; i++)
            {
                ranks[test[i]] = (Array.BinarySearch(sorted, scores[i]) is var place && place >= 0 ? place : ~place) / (double)test.Length;
            }
        }

        int[][] members = [.. groups.Select(static (group, i) => (group, i)).GroupBy(static pair => pair.group).OrderBy(static group => group.Key).Select(static group => group.Select(static pair => pair.i).ToArray())];
        double[] resampled = new double[Resamples];
        for (int i = 0; i < Resamples; i++)
        {
            resampled[i] = AreaOf([.. Enumerable.Range(0, members.Length).SelectMany(_ => members[random.Next(members.Length)])], ranks, are);
        }

        Array.Sort(resampled);
        return new Separation(
            AreaOf([.. Enumerable.Range(0, examples.Count)], ranks, are), resampled[Resamples * 25 / 1000], resampled[Resamples * 975 / 1000], are.Count(static value => value), are.Count(static value => !value));
    }

    // The area under the curve by ranks; ties count a half.
    internal static double AreaOf(int[] chosen, double[] scores, IReadOnlyList<bool> are)
    {
        Array.Sort(chosen, (a, b) => scores[a].CompareTo(scores[b]));
        double sum = 0;
        long first = 0;
        for (int i = 0; i < chosen.Length;)
        {
            int end = i;
            while (end < chosen.Length && scores[chosen[end]] == scores[chosen[i]])
            {
                end++;
            }

            double rank = (i + end + 1) / 2.0;
            for (; i < end; i++)
            {
                if (are[chosen[i]])
                {
                    sum += rank;
                    first++;
                }
            }
        }

        long second = chosen.Length - first;
        return first == 0 || second == 0 ? 0.5 : (sum - (first * (first + 1) / 2.0)) / ((double)first * second);
    }
}
