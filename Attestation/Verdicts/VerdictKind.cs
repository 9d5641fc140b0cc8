namespace Verathos.Attestation.Verdicts;

/// <summary>What became of a piece of evidence. The default is the refusal.</summary>
public enum VerdictKind
{
    /// <summary>At least one check failed, or nothing was checked.</summary>
    Rejected = 0,

    /// <summary>Every check passed or was waived by the policy; without a policy, every check that needs none passed.</summary>
    Accepted,

    /// <summary>The bytes do not parse as the format that they claim.</summary>
    Malformed,

    /// <summary>A format, version or algorithm that this build does not verify.</summary>
    Unsupported,
}
