using Verathos.Fingerprint.Sampling;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>What a recording node is asked for.</summary>
internal sealed record AnswerTask
{
    public required int[] Prompt { get; init; }

    /// <summary>At least 1.</summary>
    public required int Tokens { get; init; }

    public required SamplingParameters Sampling { get; init; }

    /// <summary>The client's seed of draws.</summary>
    public ulong ClientSeed { get; init; }

    public required byte[] ClientNonce { get; init; }

    /// <summary>32 bytes that key the leaves.</summary>
    public required byte[] TraceSecret { get; init; }

    /// <summary>Takes a token's place in the answer, its logits and the token that should be drawn; gives the one that is. Null draws what should be.</summary>
    public Func<int, float[], int, int>? Draw { get; init; }

    /// <summary>Whether the inputs of all products are recorded as well.</summary>
    public bool WithInputs { get; init; }
}
