using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>
/// A text in a template: pieces of the template's own text and pieces of messages. Whatever is cut out of it or joined with it,
/// each character keeps whose it is, and a message's characters are never copied.
/// </summary>
internal sealed class JinjaText
{
    private readonly ChatSegment[] _pieces;

    private JinjaText(ChatSegment[] pieces)
    {
        _pieces = pieces;
        foreach (ChatSegment piece in pieces)
        {
            Length += piece.Text.Length;
        }
    }

    /// <summary>No characters.</summary>
    public static JinjaText Empty { get; } = new([]);

    /// <summary>UTF-16 units.</summary>
    public int Length { get; }

    /// <summary>The pieces in order.</summary>
    public ReadOnlySpan<ChatSegment> Pieces => _pieces;

    /// <summary>A text of the template, or one that the model's files give.</summary>
    public static JinjaText Own(string text) => new([new ChatSegment(text.AsMemory(), true)]);

    /// <summary>A text of a message.</summary>
    public static JinjaText Foreign(string text) => new([new ChatSegment(text.AsMemory(), false)]);

    /// <summary>Texts one after another.</summary>
    public static JinjaText Concat(IEnumerable<JinjaText> texts) => new([.. texts.SelectMany(static t => t._pieces).Where(static p => p.Text.Length > 0)]);

    /// <summary>Whether it has exactly these characters.</summary>
    public bool Is(JinjaText other)
    {
        if (Length != other.Length)
        {
            return false;
        }

        using Flat own = new(this);
        using Flat others = new(other);
        return own.Span.SequenceEqual(others.Span);
    }

    /// <summary>Whether it has exactly these characters.</summary>
    public bool Is(string other) => Is(Own(other));

    /// <summary>Where a text first occurs at or after a place, or -1.</summary>
    public int IndexOf(JinjaText text, int from = 0)
    {
        using Flat own = new(this);
        using Flat wanted = new(text);
        int found = own.Span[from..].IndexOf(wanted.Span);
        return found < 0 ? -1 : found + from;
    }

    /// <summary>A part.</summary>
    public JinjaText Slice(int start, int length)
    {
        List<ChatSegment> parts = [];
        foreach (ChatSegment piece in _pieces)
        {
            int from = Math.Clamp(start, 0, piece.Text.Length);
            int to = Math.Clamp(start + length, 0, piece.Text.Length);
            if (to > from)
            {
                parts.Add(piece with { Text = piece.Text[from..to] });
            }

            start -= piece.Text.Length;
        }

        return new JinjaText([.. parts]);
    }

    /// <summary>Without the characters of a set at its ends; without white space, as Python's isspace has it, where no set is given.</summary>
    public JinjaText Strip(JinjaText? set, bool left, bool right)
    {
        using Flat flat = new(this);
        using Flat characters = new(set ?? Empty);
        int start = 0;
        int end = flat.Span.Length;
        while (left && start < end && Strips(flat.Span[start], characters.Span))
        {
            start++;
        }

        while (right && end > start && Strips(flat.Span[end - 1], characters.Span))
        {
            end--;
        }

        return Slice(start, end - start);

        bool Strips(char c, ReadOnlySpan<char> given) => set is null ? char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f' : given.Contains(c);
    }

    /// <summary>The parts between the occurrences of a separator.</summary>
    public List<JinjaText> Split(JinjaText separator, int most)
    {
        List<JinjaText> parts = [];
        int start = 0;
        for (int at = IndexOf(separator); at >= 0 && (most < 0 || parts.Count < most); at = IndexOf(separator, start))
        {
            parts.Add(Slice(start, at - start));
            start = at + separator.Length;
        }

        parts.Add(Slice(start, Length - start));
        return parts;
    }

    /// <summary>The template's own characters, with an ellipsis for what is a message's: fit for an error.</summary>
    public string ToMessage() => string.Concat(_pieces.Select(static p => p.FromTemplate ? p.Text.ToString() : "..."));

    /// <summary>All characters; for what is no message's.</summary>
    public override string ToString() => string.Concat(_pieces.Select(static p => p.Text.ToString()));

    /// <summary>The characters in one row; a copy of them is zeroed at the end.</summary>
    private readonly ref struct Flat
    {
        private readonly WipedList<char>? _copy;

        public Flat(JinjaText text)
        {
            if (text._pieces.Length == 1)
            {
                Span = text._pieces[0].Text.Span;
                return;
            }

            _copy = new WipedList<char>(text.Length);
            foreach (ChatSegment piece in text._pieces)
            {
                _copy.AddRange(piece.Text.Span);
            }

            Span = _copy.Span;
        }

        public ReadOnlySpan<char> Span { get; }

        public void Dispose() => _copy?.Dispose();
    }
}
