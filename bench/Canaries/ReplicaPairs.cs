namespace Verathos.Bench.Canaries;

/// <summary>What the hosts of two nodes see together: whether two requests, one at each, are replicas of one canary.</summary>
internal static class ReplicaPairs
{
    /// <summary>Tells pairs of one group from pairs of two groups of the same epoch and at the same two nodes, by sizes, numbers of chunks and times.</summary>
    /// <param name="replicas">Replicas as they were planned and seen.</param>
    /// <param name="seed">Chooses pairs of two groups.</param>
    /// <param name="sameLength">The mistake: as if the second replica had asked for the first one's length.</param>
    public static Separation Measure(IReadOnlyList<SeenReplica> replicas, int seed, bool sameLength)
    {
        Random random = new(seed);
        List<Features> examples = [];
        List<bool> are = [];
        List<long> groups = [];
        ILookup<(int Epoch, int Node), SeenReplica> atNode = replicas.ToLookup(static replica => (replica.Epoch, replica.Node));
        foreach (IGrouping<(int Epoch, int Group), SeenReplica> group in replicas.GroupBy(static replica => (replica.Epoch, replica.Group)))
        {
            SeenReplica[] members = [.. group];
            for (int i = 0; i < members.Length; i++)
            {
                for (int j = i + 1; j < members.Length; j++)
                {
                    // What the second host saw besides. Where it saw no other group's, the pair has nothing to be told from.
                    SeenReplica[] others = [.. atNode[(members[j].Epoch, members[j].Node)].Where(other => other.Group != members[j].Group)];
                    if (others.Length == 0)
                    {
                        continue;
                    }

                    ObservedRequest second = sameLength ? members[j].Seen with { AnswerChunks = members[i].Seen.AnswerChunks } : members[j].Seen;
                    Add(members[i].Seen, second, true, group.Key);
                    Add(members[i].Seen, others[random.Next(others.Length)].Seen, false, group.Key);
                }
            }
        }

        return Separation.Measure(examples, are, groups, seed);

        void Add(ObservedRequest one, ObservedRequest other, bool same, (int Epoch, int Group) group)
        {
            long chunks = Math.Abs(one.AnswerChunks - other.AnswerChunks);
            long bytes = Math.Abs(one.SealedBytes - other.SealedBytes);
            double apart = Math.Abs((one.At - other.At).TotalHours);
            examples.Add(new Features([chunks == 0 ? 1 : 2, bytes == 0 ? 3 : 4], [1, 1], [Math.Log(1 + chunks), bytes, apart, Math.Log(1e-3 + apart)]));
            are.Add(same);
            groups.Add(((long)group.Epoch << 32) | (uint)group.Group);
        }
    }
}
