namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Splits a text by several stages in turn, each applied to the pieces of the one before, as tokenizer.json's Sequence does.</summary>
internal sealed class StagedPreTokenizer(IReadOnlyList<SplitStage> stages)
{
    /// <summary>Appends the pieces of a text, in order and without gaps. Nothing of the text is kept.</summary>
    public void Split(ReadOnlySpan<char> text, WipedList<Piece> pieces)
    {
        if (text.IsEmpty)
        {
            return;
        }

        if (stages.Count == 1)
        {
            stages[0].Split(text, 0, pieces);
            return;
        }

        WipedList<Piece> current = new(64);
        WipedList<Piece> next = new(64);
        try
        {
            current.Add(new Piece(0, text.Length));
            foreach (SplitStage stage in stages)
            {
                foreach (Piece piece in current.Span)
                {
                    stage.Split(text.Slice(piece.Offset, piece.Length), piece.Offset, next);
                }

                current.Clear();
                (current, next) = (next, current);
            }

            pieces.AddRange(current.Span);
        }
        finally
        {
            current.Dispose();
            next.Dispose();
        }
    }
}
