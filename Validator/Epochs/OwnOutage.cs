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
        for (int i = 0; i < calls.Count; i++)
        {
            if (calls[i].Unreachable)
            {
                DateTimeOffset at = calls[i].At;
                int missed = calls.Where(call => call.Unreachable && call.At <= at && at - call.At <= s_window).Select(static call => call.Node).Distinct().Count();
                int after = calls.Where(call => call.Unreachable && call.At >= at && call.At - at <= s_window).Select(static call => call.Node).Distinct().Count();
                own[i] = Math.Max(missed, after) is var most && most >= 3 && 2 * most > nodes;
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
