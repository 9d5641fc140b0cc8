namespace Verathos.Attestation.Collateral;

/// <summary>Why a document is not to be had, or not to be taken.</summary>
public enum FetchFailure
{
    /// <summary>No failure.</summary>
    None = 0,

    /// <summary>No connection, or it broke before the answer was whole.</summary>
    Unreachable,

    /// <summary>No whole answer within the time allowed.</summary>
    TimedOut,

    /// <summary>The service asks for fewer requests.</summary>
    Throttled,

    /// <summary>The service failed.</summary>
    ServerError,

    /// <summary>The service refused the request.</summary>
    Refused,

    /// <summary>The service has no such document.</summary>
    NotFound,

    /// <summary>The service had such a document and publishes it no longer.</summary>
    Gone,

    /// <summary>The service points elsewhere; nobody is followed.</summary>
    Redirected,

    /// <summary>The answer is longer than any such document.</summary>
    TooLarge,

    /// <summary>The answer is no such document, is another's, or is not signed by whom it must be.</summary>
    WrongContent,

    /// <summary>The document's time is over, or has not come.</summary>
    Stale,

    /// <summary>A newer document of that issuer was seen before.</summary>
    Downgraded,

    /// <summary>Nobody publishes it: it has to be given.</summary>
    NotPublished,

    /// <summary>It is not in the cache, and nothing may be fetched.</summary>
    Missing,
}
