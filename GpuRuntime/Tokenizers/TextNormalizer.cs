namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What a vocabulary does to a text before it splits it: steps in order, each in memory that is zeroed.</summary>
internal sealed class TextNormalizer(IReadOnlyList<NormalizerStep> steps)
{
    /// <summary>Leaves a text as it is.</summary>
    public static TextNormalizer None { get; } = new([]);

    /// <summary>Applies the steps. The result may be the given text itself and ends with it.</summary>
    public NormalizedText Apply(ReadOnlySpan<char> text)
    {
        NormalizedText current = new(text, null);
        foreach (NormalizerStep step in steps)
        {
            if (!step.Changes(current.Text))
            {
                continue;
            }

            WipedList<char> result = new(current.Text.Length + 16);
            step.Apply(current.Text, result);
            current.Dispose();
            current = new NormalizedText(result.Span, result);
        }

        return current;
    }
}
