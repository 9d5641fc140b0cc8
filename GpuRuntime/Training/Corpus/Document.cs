namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>One document of the corpus: a conversation, or a plain text without turns.</summary>
/// <param name="Turns">The messages in order; empty for a plain text.</param>
/// <param name="Text">The plain text; empty for a conversation.</param>
public sealed record Document(IReadOnlyList<Turn> Turns, string Text)
{
    /// <summary>All text of the document, one message a line.</summary>
    public string Flatten() => Turns.Count == 0 ? Text : string.Join('\n', Turns.Select(t => t.Content));
}
