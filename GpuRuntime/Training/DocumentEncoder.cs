using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Training;

/// <summary>Writes documents as token ids in the ChatML form that the model is served with.</summary>
public sealed class DocumentEncoder
{
    private readonly Tokenizer _tokenizer;

    /// <summary>Uses a tokenizer with the special tokens of <see cref="Vocabulary.BpeTrainer"/>.</summary>
    public DocumentEncoder(Tokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>The id that ends a document.</summary>
    public const int EndOfText = 0;

    /// <summary>The id that begins a message.</summary>
    public const int Start = 1;

    /// <summary>The id that ends a message.</summary>
    public const int End = 2;

    /// <summary>Encodes a document, followed by the end of text.</summary>
    public EncodedDocument Encode(Document document)
    {
        var ids = new List<int>();
        var learned = new List<bool>();
        foreach (Turn turn in document.Turns)
        {
            bool own = turn.Role == "assistant";
            Append([Start, .. _tokenizer.Encode(turn.Role + "\n")], false);
            Append([.. _tokenizer.Encode(turn.Content), End], own);
            Append(_tokenizer.Encode("\n"), false);
        }

        bool text = document.Turns.Count == 0;
        Append(text ? _tokenizer.Encode(document.Text) : [], true);
        Append([EndOfText], text);
        return new EncodedDocument([.. ids], [.. learned]);

        void Append(int[] part, bool learn)
        {
            ids.AddRange(part);
            learned.AddRange(Enumerable.Repeat(learn, part.Length));
        }
    }
}
