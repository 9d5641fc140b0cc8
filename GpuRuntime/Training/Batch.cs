namespace Verathos.GpuRuntime.Training;

/// <summary>One batch.</summary>
/// <param name="Inputs">Token ids, [rows, length] row by row.</param>
/// <param name="Places">Places in <paramref name="Inputs"/> whose next token is learned.</param>
/// <param name="Targets">The next token at each of these places.</param>
public sealed record Batch(long[] Inputs, long[] Places, long[] Targets);
