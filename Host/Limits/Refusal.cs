namespace Verathos.Host.Limits;

/// <summary>Why a request was not let in.</summary>
internal enum Refusal
{
    /// <summary>It was let in.</summary>
    None,

    /// <summary>This client asked too often.</summary>
    ClientRate,

    /// <summary>As many requests of this client, or of all clients, are still arriving as may.</summary>
    Arriving,

    /// <summary>As many requests wait as may.</summary>
    QueueFull,

    /// <summary>It waited for a place as long as a request may.</summary>
    WaitedTooLong,

    /// <summary>The node is stopping.</summary>
    Draining,
}
