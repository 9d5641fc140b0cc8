namespace Verathos.Bench.Canaries;

/// <summary>What the hosts of two nodes see together: whether two requests, one at each, are replicas of one canary.</summary>
internal static class ReplicaPairs
{
    // Groups that lend one another their replicas for pairs of two groups.
    private const int Block = 4;

    /// <summary>Tells pairs of one group from pairs of two groups of the same epoch and at the same two nodes, by sizes, numbers of chunks and times.</summary>
    /// <remarks>
    /// A replica that is unlike most makes its own pair look far apart, and so does the pair of two groups that borrows it. Were the one trained on and the other
    /// tested, each would teach the opposite of what the other shows, and the area would fall below a half where there is nothing to tell.
    /// So groups borrow within blocks, and blocks are trained on or tested whole.
    /// </remarks>
    /// <param name="replicas">Replicas as they were planned and seen.</param>
    /// <param name="seed">Chooses pairs of two groups.</param>
    /// <param name="sameLength">The mistake: as if the second replica had asked for the first one's length.</param>
    public static Separation Measure(IReadOnlyList<SeenReplica> replicas, int seed, bool sameLength)
    {
        Random random = new(seed);
        List<Features> examples = [];
        List<bool> are = [];
        List<long> blocks = [];
        foreach (IGrouping<int, SeenReplica> epoch in replicas.GroupBy(static replica => replica.Epoch))
        {
            SeenReplica[][] groups = [.. epoch.GroupBy(static replica => replica.Group).Select(static group => group.ToArray())];
            random.Shuffle(groups);
            for (int first = 0; first < groups.Length; first += Block)
            {
                // What is left over at the end borrows from the block before.
                SeenReplica[][] block = first + (2 * Block) > groups.Length ? groups[first..] : groups[first..(first + Block)];
                Add(block, ((long)epoch.Key << 32) | (uint)first);
                if (block.Length != Block)
                {
                    break;
                }
            }
        }

        return Separation.Measure(examples, are, blocks, seed);

        void Add(SeenReplica[][] block, long number)
        {
            foreach (SeenReplica[] members in block)
            {
                for (int i = 0; i < members.Length; i++)
                {
                    for (int j = i + 1; j < members.Length; j++)
                    {
                        // What the second host saw besides. Where it saw no other group's, the pair has nothing to be told from.
                        SeenReplica[] others = [.. block.SelectMany(static group => group).Where(other => other.Group != members[j].Group && other.Node == members[j].Node)];
                        if (others.Length == 0)
                        {
                            continue;
                        }

                        ObservedRequest second = sameLength ? members[j].Seen with { AnswerChunks = members[i].Seen.AnswerChunks } : members[j].Seen;
                        AddPair(members[i].Seen, second, true, number);
                        AddPair(members[i].Seen, others[random.Next(others.Length)].Seen, false, number);
                    }
                }
            }
        }

        void AddPair(ObservedRequest one, ObservedRequest other, bool same, long block)
        {
            long chunks = Math.Abs(one.AnswerChunks - other.AnswerChunks);
            long bytes = Math.Abs(one.SealedBytes - other.SealedBytes);
            double apart = Math.Abs((one.At - other.At).TotalHours);
            examples.Add(new Features([chunks == 0 ? 1 : 2, bytes == 0 ? 3 : 4], [1, 1], [Math.Log(1 + chunks), bytes, apart, Math.Log(1e-3 + apart)]));
            are.Add(same);
            blocks.Add(block);
        }
    }
}
