namespace Verathos.Client;

/// <summary>Why a call did not end in a verified answer.</summary>
public enum ClientFailure
{
    /// <summary>The node could not be reached, or the connection broke before an answer began.</summary>
    Unreachable,

    /// <summary>The node's answer to the outer request is not of this protocol.</summary>
    Protocol,

    /// <summary>The evidence does not parse.</summary>
    EvidenceMalformed,

    /// <summary>The evidence is of a format that this build or the policy does not know.</summary>
    EvidenceUnsupported,

    /// <summary>The evidence was appraised and rejected; <see cref="VerathosException.Check"/> names the first check that failed.</summary>
    EvidenceRejected,

    /// <summary>The evidence is simulated and the caller did not allow that.</summary>
    SimulatedNotAllowed,

    /// <summary>The node offers no key that this client can seal to.</summary>
    NoUsableKey,

    /// <summary>Trust ended before the request left and fresh evidence did not restore it.</summary>
    TrustExpired,

    /// <summary>The enclave read the request and refused it; the message and status are its own, authenticated.</summary>
    Refused,

    /// <summary>The answer was cut, reordered, spliced or changed.</summary>
    StreamBroken,

    /// <summary>A signed statement in the answer (acceptance, checkpoint or receipt) does not hold.</summary>
    ReceiptInvalid,

    /// <summary>Two receipts under one counter: the node signed two histories.</summary>
    Equivocation,

    /// <summary>An answer with openings whose statement does not hold.</summary>
    OpeningInvalid,

    /// <summary>The request itself is not well formed; nothing was sent.</summary>
    InvalidRequest,
}
