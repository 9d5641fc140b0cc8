namespace Verathos.Validator.State;

/// <summary>What happened to a node.</summary>
public enum EventKind
{
    /// <summary>A cryptographic or bitwise check failed, so that it was quarantined.</summary>
    Caught,

    /// <summary>The evidence against it reached the bound at this validator.</summary>
    BoundReached,

    /// <summary>Enough validators reached the bound, or one in single-validator mode.</summary>
    Banned,

    /// <summary>It was released by hand; the evidence begins at 0.</summary>
    Released,

    /// <summary>Its quote, boot, model or profile is another one than before.</summary>
    Changed,

    /// <summary>Another node of the list shows the same keyset.</summary>
    SharedKeyset,

    /// <summary>Its answer to a replicated canary is not the majority's.</summary>
    Outvoted,
}
