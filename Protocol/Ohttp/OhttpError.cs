namespace Verathos.Protocol.Ohttp;

/// <summary>Why an encapsulated message is refused. The gateway gives one uniform answer for all of them.</summary>
public enum OhttpError
{
    /// <summary>It is not refused.</summary>
    None = 0,

    /// <summary>The message ends before its final chunk, or before its header is complete.</summary>
    Truncated,

    /// <summary>The header names a key identifier, or algorithms, that the gateway does not have.</summary>
    UnknownKey,

    /// <summary>The encapsulated key is not valid.</summary>
    Decapsulation,

    /// <summary>A chunk's length is not in its shortest form.</summary>
    ChunkLength,

    /// <summary>A chunk is larger than <see cref="OhttpChunk.MaxPlaintext"/> and a tag.</summary>
    ChunkTooLarge,

    /// <summary>A chunk does not open at its place: altered, lost, repeated or out of order.</summary>
    ChunkNotAuthentic,

    /// <summary>The whole message is larger than the limit.</summary>
    MessageTooLarge,

    /// <summary>Bytes came after the end was declared.</summary>
    Closed,
}
