namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>One change that is made to a text before it is split.</summary>
internal abstract class NormalizerStep
{
    /// <summary>False where the step would give the text itself.</summary>
    public abstract bool Changes(ReadOnlySpan<char> text);

    /// <summary>Appends the changed text.</summary>
    public abstract void Apply(ReadOnlySpan<char> text, WipedList<char> result);

    /// <summary>Puts something before a text that is not empty.</summary>
    public static NormalizerStep Prepend(string prefix) => new PrependStep(prefix);

    /// <summary>Replaces each occurrence of a text.</summary>
    public static NormalizerStep Replace(string from, string to) => new ReplaceStep(from, to);

    private sealed class PrependStep(string prefix) : NormalizerStep
    {
        public override bool Changes(ReadOnlySpan<char> text) => !text.IsEmpty;

        public override void Apply(ReadOnlySpan<char> text, WipedList<char> result)
        {
            result.AddRange(prefix);
            result.AddRange(text);
        }
    }

    private sealed class ReplaceStep(string from, string to) : NormalizerStep
    {
        public override bool Changes(ReadOnlySpan<char> text) => text.IndexOf(from, StringComparison.Ordinal) >= 0;

        public override void Apply(ReadOnlySpan<char> text, WipedList<char> result)
        {
            for (int at = text.IndexOf(from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(from, StringComparison.Ordinal))
            {
                result.AddRange(text[..at]);
                result.AddRange(to);
                text = text[(at + from.Length)..];
            }

            result.AddRange(text);
        }
    }
}
