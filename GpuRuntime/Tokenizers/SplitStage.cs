namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>One step of splitting a text into pieces that are encoded each for itself.</summary>
internal abstract class SplitStage
{
    /// <summary>Appends the pieces of a text, in order and without gaps.</summary>
    /// <param name="text">The text, or a piece of the stage before.</param>
    /// <param name="offset">Where it begins in the whole text; added to the pieces' places.</param>
    /// <param name="pieces">Receives them.</param>
    public abstract void Split(ReadOnlySpan<char> text, int offset, WipedList<Piece> pieces);
}
