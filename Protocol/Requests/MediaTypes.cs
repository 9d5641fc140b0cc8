namespace Verathos.Protocol.Requests;

/// <summary>Media types on the wire.</summary>
public static class MediaTypes
{
    /// <summary>An encapsulated request in chunks.</summary>
    public const string ChunkedRequest = "message/ohttp-chunked-req";

    /// <summary>An encapsulated response in chunks.</summary>
    public const string ChunkedResponse = "message/ohttp-chunked-res";

    /// <summary>A list of key configurations.</summary>
    public const string OhttpKeys = "application/ohttp-keys";

    /// <summary>An evidence collection.</summary>
    public const string Evidence = "application/cmw+cbor";

    /// <summary>Server-sent events, inside the seal.</summary>
    public const string EventStream = "text/event-stream";

    /// <summary>JSON, inside the seal.</summary>
    public const string Json = "application/json";
}
