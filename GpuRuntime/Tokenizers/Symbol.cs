namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A part of a text while its pairs are merged.</summary>
/// <param name="Start">First character.</param>
/// <param name="Length">Characters, or bytes where the vocabulary is made of bytes; 0 once it was merged into the part before it.</param>
/// <param name="Id">Its token, or -1.</param>
/// <param name="Previous">The part before it, or -1.</param>
/// <param name="Next">The part after it, or -1.</param>
internal record struct Symbol(int Start, int Length, int Id, int Previous = -1, int Next = -1);
