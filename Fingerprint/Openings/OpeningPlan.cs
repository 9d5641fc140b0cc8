using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>What one opening shows: a pseudo-random function of the audit secret and the receipt, so that a node cannot know it before it has signed, nor a validator choose it.</summary>
/// <param name="Step">The step whose layer is judged; any, those of the prompt included.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Head">The query head whose attention is recomputed.</param>
/// <param name="LinkStep">A step up to <paramref name="Step"/> whose link of the head's chain is compared as well.</param>
/// <param name="LogitsStep">The step whose logits are judged: <paramref name="Step"/> where it has any.</param>
public readonly record struct OpeningPlan(long Step, int Layer, int Head, long LinkStep, long LogitsStep)
{
    /// <summary>Derives an opening.</summary>
    /// <param name="auditSecret">32 bytes.</param>
    /// <param name="receiptDigest">32 bytes: of the receipt's signed bytes.</param>
    /// <param name="number">Which of the audit's openings, from 0.</param>
    /// <param name="shape">The model's.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="promptTokens">At least 1.</param>
    /// <param name="steps">All committed steps, at least as many.</param>
    public static OpeningPlan Derive(ReadOnlySpan<byte> auditSecret, ReadOnlySpan<byte> receiptDigest, int number, TraceShape shape, int heads, long promptTokens, long steps)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, promptTokens);
        if (auditSecret.Length != AuditSecret.Size || receiptDigest.Length != MerkleTree.HashSize)
        {
            throw new ArgumentException("an audit secret and a digest have 32 bytes each");
        }

        OpeningDraw draw = new(auditSecret, receiptDigest, number);
        long step = draw.NextBelow(steps);
        int layer = (int)draw.NextBelow(shape.Layers);
        int head = (int)draw.NextBelow(heads);
        long link = draw.NextBelow(step + 1);
        long logits = promptTokens - 1 + draw.NextBelow(steps - promptTokens + 1);
        return new OpeningPlan(step, layer, head, link, step >= promptTokens - 1 ? step : logits);
    }
}
