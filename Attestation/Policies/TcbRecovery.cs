using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>
/// TCB recovery as a state machine: up to date, then grace with a deadline once a newer TCB is published, quarantine once it has
/// passed, and up to date again once the platform has caught up. Revoked ends it from any state.
/// </summary>
/// <param name="State">Where the platform stands.</param>
/// <param name="Deadline">When grace ends, or ended; null where the platform is not behind.</param>
public readonly record struct TcbRecovery(TcbRecoveryState State, DateTimeOffset? Deadline)
{
    /// <summary>The state at a time.</summary>
    /// <param name="status">The platform's merged status.</param>
    /// <param name="behindSince">The date of the oldest TCB that the platform lacks; null where that is not known.</param>
    /// <param name="tcbDate">The earliest date of the levels that matched; null where none did.</param>
    /// <param name="advisories">The advisories of the levels that matched.</param>
    /// <param name="rule">How long grace lasts.</param>
    /// <param name="at">The time.</param>
    public static TcbRecovery At(
        TcbStatus status, DateTimeOffset? behindSince, DateTimeOffset? tcbDate, IReadOnlyList<string> advisories, TcbRecoveryRule rule, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(advisories);
        ArgumentNullException.ThrowIfNull(rule);
        if (status is TcbStatus.Revoked or TcbStatus.NoMatch)
        {
            return default;
        }

        if (status is not (TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded or TcbStatus.TDRelaunchAdvised or TcbStatus.TDRelaunchAdvisedConfigurationNeeded))
        {
            return new TcbRecovery(TcbRecoveryState.UpToDate, null);
        }

        // A platform that is out of date by a part whose dates are unknown has no grace to count.
        if (behindSince is not { } since)
        {
            return new TcbRecovery(TcbRecoveryState.Quarantine, null);
        }

        DateTimeOffset deadline = rule.Grace <= DateTimeOffset.MaxValue - since ? since + rule.Grace : DateTimeOffset.MaxValue;
        foreach (string advisory in advisories)
        {
            if (rule.AdvisoryDeadlines.TryGetValue(advisory, out DateTimeOffset end) && end < deadline)
            {
                deadline = end;
            }
        }

        foreach ((DateTimeOffset date, DateTimeOffset end) in rule.DateDeadlines)
        {
            if ((tcbDate is not { } own || own < date) && end < deadline)
            {
                deadline = end;
            }
        }

        return new TcbRecovery(at <= deadline ? TcbRecoveryState.Grace : TcbRecoveryState.Quarantine, deadline);
    }
}
