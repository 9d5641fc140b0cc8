namespace Verathos.Protocol.Exchange;

/// <summary>Why a sealed response is refused.</summary>
public enum ExchangeError
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>The body ends before its final chunk: it was cut.</summary>
    Truncated,

    /// <summary>A chunk does not open at its place: altered, lost, repeated or out of order.</summary>
    ChunkNotAuthentic,

    /// <summary>A chunk's length is malformed or too large.</summary>
    ChunkLength,

    /// <summary>What was sealed is not a binary HTTP response.</summary>
    Message,

    /// <summary>The sealed message is over before the last chunk, or is not over with it.</summary>
    End,

    /// <summary>The final chunk holds content, which the chain would not cover.</summary>
    ContentInFinalChunk,
}
