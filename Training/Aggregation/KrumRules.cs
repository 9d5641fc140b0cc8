namespace Verathos.Training.Aggregation;

/// <summary>Rules that choose whole contributions by their nearest neighbours.</summary>
internal static class KrumRules
{
    /// <summary>The places of all contributions, the best first; of equal scores the first place.</summary>
    public static int[] Rank(double[][] distances, IReadOnlyList<int> among, int faulty)
    {
        // Below n = f + 3 the definition has no neighbour left, and the nearest one is taken.
        int neighbours = Math.Max(1, among.Count - faulty - 2);
        double[] scores = new double[among.Count];
        double[] nearest = new double[among.Count - 1];
        for (int i = 0; i < among.Count; i++)
        {
            int at = 0;
            for (int j = 0; j < among.Count; j++)
            {
                if (j != i)
                {
                    nearest[at++] = distances[among[i]][among[j]];
                }
            }

            Array.Sort(nearest);
            for (int j = 0; j < Math.Min(neighbours, nearest.Length); j++)
            {
                scores[i] += nearest[j];
            }
        }

        return [.. Enumerable.Range(0, among.Count).OrderBy(i => scores[i]).ThenBy(i => among[i]).Select(i => among[i])];
    }

    /// <summary>All squared distances.</summary>
    public static double[][] Distances(IReadOnlyList<SparseVector> vectors)
    {
        double[][] distances = [.. vectors.Select(_ => new double[vectors.Count])];
        for (int i = 0; i < vectors.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                distances[i][j] = distances[j][i] = vectors[i].SquaredDistance(vectors[j]);
            }
        }

        return distances;
    }

    /// <summary>The n - 2f contributions that Krum takes one after another, each from those left.</summary>
    public static int[] BulyanSelection(double[][] distances, int faulty)
    {
        List<int> left = [.. Enumerable.Range(0, distances.Length)];
        List<int> taken = [];
        while (taken.Count < distances.Length - (2 * faulty))
        {
            int best = Rank(distances, left, faulty)[0];
            taken.Add(best);
            left.Remove(best);
        }

        taken.Sort();
        return [.. taken];
    }
}
