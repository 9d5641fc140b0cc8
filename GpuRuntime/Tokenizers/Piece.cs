namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A part of a text that is encoded for itself.</summary>
/// <param name="Offset">First UTF-16 unit.</param>
/// <param name="Length">UTF-16 units.</param>
internal readonly record struct Piece(int Offset, int Length);
