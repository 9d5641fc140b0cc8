namespace Verathos.Enclave.Sessions;

/// <summary>What the replay record said of an encapsulated header.</summary>
public enum ReplayOutcome
{
    /// <summary>New, and recorded now.</summary>
    Recorded,

    /// <summary>Seen before.</summary>
    Seen,

    /// <summary>New, and not recorded because the record is full: the request is refused.</summary>
    Full,
}
