using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// Splits a text by several patterns in turn, each applied to the pieces of the one before, as tokenizer.json's Sequence does:
/// a match is a piece, and so is the text between two matches.
/// </summary>
internal sealed class StagedPreTokenizer(IReadOnlyList<Regex> stages)
{
    /// <summary>GPT-2's pattern, which ByteLevel with use_regex stands for.</summary>
    public static Regex Gpt2 { get; } = new(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant | RegexOptions.Compiled);

    /// <summary>Digits with individual_digits: each of 0 to 9 alone. Other numeric characters are left to the later stages, as the recorded ids of SmolLM2's tokenizer have it.</summary>
    public static Regex EachDigit { get; } = new("[0-9]", RegexOptions.CultureInvariant | RegexOptions.Compiled);

    /// <summary>Digits without individual_digits: runs of 0 to 9.</summary>
    public static Regex DigitRuns { get; } = new("[0-9]+", RegexOptions.CultureInvariant | RegexOptions.Compiled);

    /// <summary>Where the pieces of a text lie, in order and without gaps. Nothing of the text is kept.</summary>
    public List<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\ud800', '\udfff'))
        {
            return Split(text);
        }

        // .NET's patterns see halves of characters above U+FFFF and take none of them for a letter or a digit. Each such
        // character is represented by one of the same category; the array gives where each representative's original starts.
        using WipedList<char> proxy = new(text.Length);
        List<int> starts = new(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            starts.Add(at);
            proxy.Add(rune.IsBmp ? (char)rune.Value : Representative(rune));
            at += rune.Utf16SequenceLength;
        }

        starts.Add(at);
        return Split(proxy.Span).ConvertAll(p => (starts[p.Offset], starts[p.Offset + p.Length] - starts[p.Offset]));
    }

    private List<(int Offset, int Length)> Split(ReadOnlySpan<char> text)
    {
        List<(int Offset, int Length)> pieces = text.IsEmpty ? [] : [(0, text.Length)];
        foreach (Regex stage in stages)
        {
            List<(int Offset, int Length)> next = [];
            foreach ((int offset, int length) in pieces)
            {
                Split(stage, text.Slice(offset, length), offset, next);
            }

            pieces = next;
        }

        return pieces;
    }

    private static void Split(Regex pattern, ReadOnlySpan<char> text, int offset, List<(int Offset, int Length)> pieces)
    {
        int end = 0;
        foreach (ValueMatch match in pattern.EnumerateMatches(text))
        {
            if (match.Index > end)
            {
                pieces.Add((offset + end, match.Index - end));
            }

            if (match.Length > 0)
            {
                pieces.Add((offset + match.Index, match.Length));
            }

            end = match.Index + match.Length;
        }

        if (end < text.Length)
        {
            pieces.Add((offset + end, text.Length - end));
        }
    }

    private static char Representative(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => '\u00c0',
        UnicodeCategory.LowercaseLetter => '\u00e0',
        UnicodeCategory.TitlecaseLetter => '\u01c5',
        UnicodeCategory.ModifierLetter => '\u02b0',
        UnicodeCategory.OtherLetter => '\u05d0',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00b2',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        _ => '\u2603',
    };
}
