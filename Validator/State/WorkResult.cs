namespace Verathos.Validator.State;

/// <summary>How a challenge, a canary or an audit ended.</summary>
public enum WorkResult
{
    /// <summary>Every check held.</summary>
    Passed,

    /// <summary>The node showed something that does not hold. The reason names the check.</summary>
    Failed,

    /// <summary>The node did not answer, refused, or broke off; nothing that it signed is wrong.</summary>
    Unavailable,

    /// <summary>The node says that it no longer has what the opening needs. Failed beyond the budget, else without weight.</summary>
    Lost,

    /// <summary>This validator could not do its part. Never the node's fault.</summary>
    ValidatorError,
}
