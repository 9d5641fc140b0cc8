namespace Verathos.Validator.Canaries;

/// <summary>A majority on token ids among the answers to a replicated canary.</summary>
public static class ReplicaVote
{
    /// <summary>
    /// Two answers agree where one begins with the other, and the shorter one did not end by itself: replicas ask for different
    /// lengths. More than half of all must agree with the majority's.
    /// </summary>
    /// <param name="answers">Each node's name, its answer's ids, and whether the model ended it (finish reason "stop").</param>
    public static ReplicaResult Judge(IReadOnlyList<(string Node, IReadOnlyList<int> Ids, bool Stopped)> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);

        // The longest answer that more than half agree with; with equal support the one that came first.
        (string Node, IReadOnlyList<int> Ids, bool Stopped)? best = null;
        foreach ((string Node, IReadOnlyList<int> Ids, bool Stopped) candidate in answers)
        {
            if (2 * answers.Count(other => Agree(candidate, other)) > answers.Count && (best is null || candidate.Ids.Count > best.Value.Ids.Count))
            {
                best = candidate;
            }
        }

        return best is { } majority
            ? new ReplicaResult(majority.Ids, [.. answers.Where(answer => !Agree(majority, answer)).Select(static answer => answer.Node)])
            : new ReplicaResult(null, []);
    }

    private static bool Agree((string Node, IReadOnlyList<int> Ids, bool Stopped) one, (string Node, IReadOnlyList<int> Ids, bool Stopped) other)
    {
        (var shorter, var longer) = one.Ids.Count <= other.Ids.Count ? (one, other) : (other, one);
        return longer.Ids.Take(shorter.Ids.Count).SequenceEqual(shorter.Ids) && (longer.Ids.Count == shorter.Ids.Count || !shorter.Stopped);
    }
}
