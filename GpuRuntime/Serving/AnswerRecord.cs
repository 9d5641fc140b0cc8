namespace Verathos.GpuRuntime.Serving;

/// <summary>What the roots of a whole answer were computed over; whoever takes it overwrites it after use.</summary>
/// <param name="StepHashes">32 bytes for each committed step, in order: one fewer than tokens of prompt and answer.</param>
/// <param name="Toploc">TOPLOC proofs, in the order of chunks.</param>
/// <param name="Sketches">Sketches, in the order of chunks: those of all depths one after another.</param>
public sealed record AnswerRecord(IReadOnlyList<byte[]> StepHashes, IReadOnlyList<byte[]> Toploc, IReadOnlyList<byte[]> Sketches);
