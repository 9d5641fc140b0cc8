namespace Verathos.Attestation.Verdicts;

/// <summary>The outcome of one check. The default is the failure.</summary>
public enum CheckResult
{
    /// <summary>The check failed, or what it needs was missing.</summary>
    Failed = 0,

    /// <summary>The check passed.</summary>
    Passed,

    /// <summary>The policy leaves this check out and says why.</summary>
    Waived,
}
