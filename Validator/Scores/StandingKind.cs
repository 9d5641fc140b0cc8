namespace Verathos.Validator.Scores;

/// <summary>How a node stands when an epoch's scores are made.</summary>
public enum StandingKind
{
    /// <summary>Nothing is held against it.</summary>
    Active,

    /// <summary>Caught by a failed proof, and not released.</summary>
    Quarantined,

    /// <summary>Released, and not yet clean for long enough.</summary>
    Probation,

    /// <summary>The evidence against it met the bound.</summary>
    Banned,
}
