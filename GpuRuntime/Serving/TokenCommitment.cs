namespace Verathos.GpuRuntime.Serving;

/// <summary>What is committed to when a token is given out.</summary>
/// <param name="TraceRoot">32 bytes, over all steps up to the one that gave the token.</param>
/// <param name="ToplocRoot">32 bytes, over the answer's TOPLOC proofs; with the last token only.</param>
/// <param name="SketchRoot">32 bytes, over its sketches; with the last token only.</param>
public sealed record TokenCommitment(byte[] TraceRoot, byte[]? ToplocRoot, byte[]? SketchRoot)
{
    /// <summary>What the roots are over; with the last token only, where the request has a sketch seed.</summary>
    public AnswerRecord? Record { get; init; }
}
