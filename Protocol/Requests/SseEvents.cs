namespace Verathos.Protocol.Requests;

/// <summary>Names of the server-sent events that a sealed answer adds; OpenAI's own events have no name.</summary>
public static class SseEvents
{
    /// <summary>First event: {"cose", "receipt_secret", "prompt_ids"}.</summary>
    public const string Acceptance = "verathos.acceptance";

    /// <summary>A signed checkpoint: {"cose"}.</summary>
    public const string Checkpoint = "verathos.checkpoint";

    /// <summary>The data of the last event.</summary>
    public const string Done = "[DONE]";

    /// <summary>Content of a chunk is filled up with comment lines to a multiple of this many bytes.</summary>
    public const int PaddingBucket = 512;

    /// <summary>A checkpoint follows after at most this many tokens, or one second.</summary>
    public const int CheckpointTokens = 32;
}
