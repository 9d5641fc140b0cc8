namespace Verathos.GpuRuntime.Models;

/// <summary>How far loading is.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="BytesDone">Bytes of this stage that are done.</param>
/// <param name="BytesTotal">Bytes of this stage.</param>
/// <param name="BytesPerSecond">Mean speed of this stage so far; 0 before it can be told.</param>
public readonly record struct LoadProgress(LoadStage Stage, long BytesDone, long BytesTotal, double BytesPerSecond);
