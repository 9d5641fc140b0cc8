namespace Verathos.Protocol.Requests;

/// <summary>Paths outside and inside the seal.</summary>
public static class VerathosPaths
{
    /// <summary>Evidence for ?nonce= and 64 hex digits.</summary>
    public const string Evidence = "/.well-known/verathos/evidence";

    /// <summary>The key configurations, for relays; a client takes keys from the evidence only.</summary>
    public const string OhttpKeys = "/.well-known/ohttp-gateway";

    /// <summary>Where encapsulated requests go.</summary>
    public const string Gateway = "/verathos/gateway";

    /// <summary>Sealed: chat completions.</summary>
    public const string ChatCompletions = "/v1/chat/completions";

    /// <summary>Sealed: text completions.</summary>
    public const string Completions = "/v1/completions";

    /// <summary>Sealed: openings of an answer's computation.</summary>
    public const string Openings = "/v1/verathos/openings";

    /// <summary>Sealed: the list of models.</summary>
    public const string Models = "/v1/models";
}
