using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.GpuRuntime.Compute;

/// <summary>Where a sequence's computation is committed.</summary>
/// <param name="commitment">Empty; belongs to whoever made it, and outlives the sequence.</param>
/// <param name="promptTokens">Logits are committed from the last of these positions on, however the prompt is cut.</param>
public sealed class SequenceTrace(TraceCommitment commitment, int promptTokens)
{
    /// <summary>The commitment.</summary>
    public TraceCommitment Commitment => commitment;

    /// <summary>Takes the streams and last hidden states, or null.</summary>
    public AnswerProofs? Proofs { get; init; }

    /// <summary>Keeps some steps to open them, or null.</summary>
    internal OpeningRecorder? Recorder { get; init; }

    /// <summary>Whether the logits after a position are committed.</summary>
    internal bool WantsLogits(int position) => position >= promptTokens - 1;
}
