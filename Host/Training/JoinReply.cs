namespace Verathos.Host.Training;

/// <summary>What a worker that wants to join is told.</summary>
internal enum JoinReply
{
    /// <summary>Nothing was decided: it did not join.</summary>
    None = 0,

    /// <summary>It is in.</summary>
    Joined,

    /// <summary>The request is malformed, about something else, or its signature is not the key's.</summary>
    Request,

    /// <summary>The nonce is not one that this coordinator made in the last minutes, or was used before.</summary>
    Nonce,

    /// <summary>The run's file names its workers, and this is none of them.</summary>
    NotAllowed,

    /// <summary>As many workers have joined as may.</summary>
    Full,

    /// <summary>The policy does not accept the evidence.</summary>
    Evidence,

    /// <summary>The evidence is simulated, and the coordinator was not told to take that.</summary>
    Simulated,

    /// <summary>The evidence does not bind this worker's key and this run.</summary>
    Identity,

    /// <summary>The evidence is for another model than the one the run starts from.</summary>
    Model,

    /// <summary>The enclave computes in another numeric profile.</summary>
    Profile,

    /// <summary>The keyset has ended, or has not begun.</summary>
    Keyset,

    /// <summary>The address is not one that can be called.</summary>
    Address,
}
