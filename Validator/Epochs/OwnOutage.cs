using Verathos.Validator.State;

namespace Verathos.Validator.Epochs;

/// <summary>
/// Tells a validator's own outage from its nodes': within a minute more than half of all nodes, and three at least, could not be reached. What
/// was booked as the nodes' in that minute is then the validator's own.
/// </summary>
public static class OwnOutage
{
    /// <summary>The check that an unreachable node fails.</summary>
    public const string Unreachable = "node.unreachable";

    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    /// <summary>Which of an epoch's calls failed in an outage of the validator's own.</summary>
    /// <param name="calls">Every call's node and end, and whether the node could not be reached.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <returns>For each call, in the order given.</returns>
    public static bool[] Find(IReadOnlyList<(long Node, DateTimeOffset At, bool Unreachable)> calls, int nodes)
    {
        ArgumentNullException.ThrowIfNull(calls);
        bool[] own = new bool[calls.Count];
        int[] missed = [.. Enumerable.Range(0, calls.Count).Where(i => calls[i].Unreachable).OrderBy(i => calls[i].At)];
        Dictionary<long, int> within = [];
        int end = 0;
        int marked = 0;

        // The minute that begins with each call that failed; within it, how often each node did.
        for (int begin = 0; begin < missed.Length; begin++)
        {
            while (end < missed.Length && calls[missed[end]].At - calls[missed[begin]].At <= s_window)
            {
                within[calls[missed[end]].Node] = within.GetValueOrDefault(calls[missed[end]].Node) + 1;
                end++;
            }

            if (within.Count >= 3 && 2 * within.Count > nodes)
            {
                for (marked = Math.Max(marked, begin); marked < end; marked++)
                {
                    own[missed[marked]] = true;
                }
            }

            long first = calls[missed[begin]].Node;
            if (--within[first] == 0)
            {
                within.Remove(first);
            }
        }

        return own;
    }

    /// <summary>Puts an epoch right before it is scored.</summary>
    /// <returns>How many calls were the validator's own fault.</returns>
    public static int Excuse(ValidatorState state, long epoch)
    {
        ArgumentNullException.ThrowIfNull(state);
        ChallengeRow[] challenges = [.. state.Challenges(epoch).Where(static row => row.EndedAt is not null)];
        CanaryRow[] canaries = [.. state.Canaries(epoch).Where(static row => row is { EndedAt: not null, State: WorkState.Ended })];
        (long, DateTimeOffset, bool)[] calls =
        [
            .. challenges.Select(static row => (row.Node, row.EndedAt!.Value, row is { Result: WorkResult.Unavailable, Reason: Unreachable })),
            .. canaries.Select(static row => (row.Node, row.EndedAt!.Value, row is { Result: WorkResult.Unavailable, Reason: Unreachable })),
        ];
        bool[] own = Find(calls, state.Nodes().Count(static node => node.Listed));
        state.Excuse([.. challenges.Where((_, i) => own[i]).Select(static row => row.Id)], [.. canaries.Where((_, i) => own[challenges.Length + i]).Select(static row => row.Id)]);
        return own.Count(static excused => excused);
    }
}
