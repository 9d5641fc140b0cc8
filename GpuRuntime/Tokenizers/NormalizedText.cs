namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A text after normalization; zeroed at the end where it is a copy.</summary>
internal readonly ref struct NormalizedText(ReadOnlySpan<char> text, WipedList<char>? owner)
{
    /// <summary>The text.</summary>
    public ReadOnlySpan<char> Text { get; } = text;

    /// <summary>Zeroes the copy.</summary>
    public void Dispose() => owner?.Dispose();
}
