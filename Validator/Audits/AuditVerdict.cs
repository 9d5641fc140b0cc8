using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>What an audit found, before it is written down.</summary>
/// <param name="End">Result, outcomes and events.</param>
/// <param name="Judged">Time that judging took.</param>
public sealed record AuditVerdict(WorkEnd End, TimeSpan Judged)
{
    /// <summary>A verdict against the node after a check that cryptography or the profile's bits decide: it is caught.</summary>
    /// <param name="check">The check that failed.</param>
    /// <param name="detail">One sentence.</param>
    /// <param name="canary">The canary.</param>
    /// <param name="proof">The file of a portable proof.</param>
    public static WorkEnd Caught(string check, string detail, byte[]? canary, string? proof = null) =>
        new(WorkResult.Failed, check, detail) { Events = [new NewEvent(EventKind.Caught, check, detail, canary, proof)] };
}
