namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>An answer that a validator computes again.</summary>
public sealed record ReplayRequest
{
    /// <summary>Prompt and answer, at least two ids. What the last one would give was never computed.</summary>
    public required int[] Ids { get; init; }

    /// <summary>How many of them are the prompt's, at least 1.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The request's client nonce, from which the sketches' signs follow.</summary>
    public required byte[] ClientNonce { get; init; }

    /// <summary>32 bytes that key the leaves, or null where no commitment is to be computed.</summary>
    public byte[]? TraceSecret { get; init; }

    /// <summary>Layers to compute: one of the sketches' depths; 0 for all.</summary>
    public int Depth { get; init; }

    /// <summary>Whether the answer's logits are kept.</summary>
    public bool Logits { get; init; }
}
