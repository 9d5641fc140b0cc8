namespace Verathos.Validator.Canaries;

/// <summary>
/// Plans canaries. Each conversation is a draw of the pool that organic traffic is drawn from, and begins at a time drawn from the
/// times at which organic ones begin, all of it on its own: whether a request is a canary is then independent of everything that can be seen of it.
/// </summary>
/// <param name="corpus">The pool.</param>
/// <param name="secret">32 secret bytes that plans follow from.</param>
public sealed class CanarySource(ICanaryCorpus corpus, ReadOnlyMemory<byte> secret)
{
    private static readonly TimeSpan s_shortestCut = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The canaries of an epoch: a function of the secret, the corpus and what is given here and of nothing else, so that after a
    /// crash the same plan comes out.
    /// </summary>
    /// <param name="epoch">The epoch's number.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="firstNumber">The first number of the corpus that no epoch has used; kept with the epoch.</param>
    /// <param name="start">When the epoch begins.</param>
    /// <param name="length">How long canaries are sent.</param>
    /// <param name="cohort">How many nodes of one model are asked the same where a draw allows it; 1 for none.</param>
    /// <exception cref="CorpusException">The corpus has too few conversations left.</exception>
    public CanaryPlan Plan(long epoch, IReadOnlyList<CanarySlot> nodes, long firstNumber, DateTimeOffset start, TimeSpan length, int cohort)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentOutOfRangeException.ThrowIfLessThan(cohort, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(length, TimeSpan.Zero);
        long next = firstNumber;
        List<List<Canary>> plans = [];
        for (int node = 0; node < nodes.Count; node++)
        {
            using CanaryRandom random = new(secret.Span, "verathos.canary-plan.v1"u8, epoch, node);
            List<Canary> plan = [];
            while (plan.Count < nodes[node].Count)
            {
                Add(plan, corpus.Get(next), next, random, start, length);
                next++;
            }

            plans.Add(plan);
        }

        Replicate(epoch, nodes, plans, cohort);
        return new CanaryPlan(plans, next);
    }

    private void Add(List<Canary> plan, Conversation conversation, long number, CanaryRandom random, DateTimeOffset start, TimeSpan length)
    {
        TimeSpan at = corpus.Arrivals.Arrival(random, start, length);
        for (int turn = 0; turn < conversation.Turns.Count; turn++)
        {
            TimeSpan think = turn == 0 ? TimeSpan.Zero : Shorter(corpus.Arrivals.Think(random), length);
            at += think;
            plan.Add(new Canary
            {
                Ordinal = plan.Count,
                Number = number,
                Turn = turn,
                At = at,
                Think = think,
                Group = null,
                Conversation = conversation,
            });
        }
    }

    // Epochs below forty minutes, which are for trying things out, would wait for who thinks for ten.
    private static TimeSpan Shorter(TimeSpan pause, TimeSpan length)
    {
        TimeSpan most = length / 4 > s_shortestCut ? length / 4 : s_shortestCut;
        return pause < most ? pause : most;
    }

    // The i-th draw of a node that allows it says what the i-th such draw of its cohort's first node says.
    private void Replicate(long epoch, IReadOnlyList<CanarySlot> nodes, List<List<Canary>> plans, int cohort)
    {
        int groups = 0;
        foreach (IGrouping<string, int> model in Enumerable.Range(0, nodes.Count).GroupBy(node => nodes[node].Model, StringComparer.Ordinal).OrderBy(static model => model.Key, StringComparer.Ordinal))
        {
            int[] order = [.. model];
            using CanaryRandom random = new(secret.Span, "verathos.canary-cohorts.v1"u8, epoch, model.First());
            for (int i = order.Length - 1; i > 0; i--)
            {
                int other = random.Next(i + 1);
                (order[i], order[other]) = (order[other], order[i]);
            }

            foreach (int[] members in order.Chunk(cohort))
            {
                int[][] places = [.. members.Select(node => Replicable(plans[node]))];
                for (int i = 0; i < places[0].Length; i++)
                {
                    int[] taking = [.. Enumerable.Range(0, members.Length).Where(member => i < places[member].Length)];
                    if (taking.Length < 2)
                    {
                        continue;
                    }

                    Conversation first = plans[members[0]][places[0][i]].Conversation;
                    foreach (int member in taking)
                    {
                        List<Canary> plan = plans[members[member]];
                        Canary own = plan[places[member][i]];
                        plan[places[member][i]] = own with { Group = groups, Conversation = own.Conversation.Saying(first) };
                    }

                    groups++;
                }
            }
        }
    }

    private static int[] Replicable(List<Canary> plan) => [.. Enumerable.Range(0, plan.Count).Where(i => plan[i].Conversation.IsReplicable)];
}
