using Verathos.Validator.Canaries;

namespace Verathos.Bench.Canaries;

/// <summary>What the hosts of two nodes see together: whether two requests, one at each, are replicas of one canary.</summary>
internal static class ReplicaPairs
{
    /// <summary>Tells pairs of one group from pairs of two groups, by sizes, numbers of chunks and times.</summary>
    /// <param name="replicas">Replicas as they were planned and seen.</param>
    /// <param name="seed">Chooses pairs of two groups.</param>
    /// <param name="sameLength">The mistake: as if the second replica had asked for the first one's length.</param>
    public static Separation Measure(IReadOnlyList<(Canary Canary, ObservedRequest Seen)> replicas, int seed, bool sameLength)
    {
        Random random = new(seed);
        List<Features> examples = [];
        List<bool> are = [];
        List<long> groups = [];
        foreach (IGrouping<int, (Canary Canary, ObservedRequest Seen)> group in replicas.GroupBy(static replica => replica.Canary.Group!.Value))
        {
            (Canary Canary, ObservedRequest Seen)[] members = [.. group];
            for (int i = 0; i < members.Length; i++)
            {
                for (int j = i + 1; j < members.Length; j++)
                {
                    ObservedRequest second = sameLength ? members[j].Seen with { AnswerChunks = members[i].Seen.AnswerChunks } : members[j].Seen;
                    Add(members[i].Seen, second, true, group.Key);
                    (Canary Canary, ObservedRequest Seen) other;
                    do
                    {
                        other = replicas[random.Next(replicas.Count)];
                    }
                    while (other.Canary.Group == group.Key && replicas.Any(replica => replica.Canary.Group != group.Key));

                    Add(members[i].Seen, other.Seen, false, group.Key);
                }
            }
        }

        return Separation.Measure(examples, are, groups, seed);

        void Add(ObservedRequest one, ObservedRequest other, bool same, int group)
        {
            long chunks = Math.Abs(one.AnswerChunks - other.AnswerChunks);
            long bytes = Math.Abs(one.SealedBytes - other.SealedBytes);
            double apart = Math.Abs((one.At - other.At).TotalHours);
            examples.Add(new Features([chunks == 0 ? 1 : 2, bytes == 0 ? 3 : 4], [1, 1], [Math.Log(1 + chunks), bytes, apart, Math.Log(1e-3 + apart)]));
            are.Add(same);
            groups.Add(group);
        }
    }
}
