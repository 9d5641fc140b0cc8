using Verathos.Fingerprint.Sampling;

namespace Verathos.GpuRuntime.Serving;

/// <summary>One generated token.</summary>
/// <param name="Id">Its id; an id that ends the answer is given too.</param>
/// <param name="Index">Its place in the answer, from 0.</param>
/// <param name="Finish">Set on the last token.</param>
public readonly record struct GeneratedToken(int Id, int Index, FinishReason? Finish)
{
    /// <summary>The token's log-probability and then the likeliest ones', where they were asked for; the reader clears it after use.</summary>
    public TokenLogProbability[]? LogProbabilities { get; init; }

    /// <summary>What the node has committed to with this token, where the request is traced.</summary>
    public TokenCommitment? Commitment { get; init; }
}
