namespace Verathos.Validator.State;

/// <summary>How far a planned challenge, canary or audit is. Each state is on disk before what follows from it happens.</summary>
public enum WorkState
{
    /// <summary>Not begun.</summary>
    Planned,

    /// <summary>On its way: something may have left this machine.</summary>
    Begun,

    /// <summary>It ended; a result says how.</summary>
    Ended,

    /// <summary>An audit that the epoch's seed did not choose. It stays visible.</summary>
    Skipped,
}
