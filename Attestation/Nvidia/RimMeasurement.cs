namespace Verathos.Attestation.Nvidia;

/// <summary>One active reference measurement.</summary>
/// <param name="Index">Index in the file; the SPDM index is one higher.</param>
/// <param name="Alternatives">The accepted values, 48 bytes each; at least one.</param>
public sealed record RimMeasurement(int Index, IReadOnlyList<ReadOnlyMemory<byte>> Alternatives);
