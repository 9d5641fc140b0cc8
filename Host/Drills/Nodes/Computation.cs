using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Serving;

namespace Verathos.Host.Drills.Nodes;

/// <summary>What an attacker's node computed and committed to.</summary>
/// <param name="Committed">Its ids, and what is needed to open it.</param>
/// <param name="Output">The ids that it drew.</param>
/// <param name="TraceRoot">The commitment to all steps, 32 bytes.</param>
/// <param name="ToplocRoot">The root of its TOPLOC proofs, 32 bytes.</param>
/// <param name="SketchRoot">The root of its sketches, 32 bytes.</param>
/// <param name="Record">What the roots are over.</param>
internal sealed record Computation(CommittedAnswer Committed, int[] Output, byte[] TraceRoot, byte[] ToplocRoot, byte[] SketchRoot, AnswerRecord Record);
