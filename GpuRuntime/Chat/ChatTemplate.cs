using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Chat;

/// <summary>A known chat template: turns a conversation into the text and the token ids that the model was trained on.</summary>
public sealed class ChatTemplate
{
    private readonly Func<IReadOnlyList<ChatMessage>, IEnumerable<ChatSegment>> _render;

    internal ChatTemplate(string name, Func<IReadOnlyList<ChatMessage>, IEnumerable<ChatSegment>> render) => (Name, _render) = (name, render);

    /// <summary>A short name, such as chatml.</summary>
    public string Name { get; }

    /// <summary>The conversation as text, ending where the assistant's answer begins.</summary>
    /// <exception cref="ChatFormatException">The template has no place for a message.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages) => string.Concat(Segments(messages).Select(static s => s.Text));

    /// <summary>
    /// The conversation as token ids. The names of special tokens inside a message stay ordinary text, so that no message can
    /// end its own turn.
    /// </summary>
    /// <exception cref="ChatFormatException">The template has no place for a message.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.EncodeSegments(Segments(messages));
    }

    private IEnumerable<ChatSegment> Segments(IReadOnlyList<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return messages.Count > 0 ? _render(messages) : throw new ChatFormatException("a conversation needs at least one message");
    }
}
