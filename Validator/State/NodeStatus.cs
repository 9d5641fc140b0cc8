namespace Verathos.Validator.State;

/// <summary>How a node stands.</summary>
public enum NodeStatus
{
    /// <summary>It is challenged, sent canaries and scored.</summary>
    Active,

    /// <summary>One validator caught it: a cryptographic or bitwise check failed. It scores nothing until it is released by hand.</summary>
    Quarantined,

    /// <summary>The evidence against it reached the bound at enough validators, or at one in single-validator mode.</summary>
    Banned,
}
