using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A pattern that is not one of the written-out ones: a match is a piece, and so is the text between two matches.</summary>
internal sealed class RegexSplit : SplitStage
{
    private readonly Regex _pattern;

    private RegexSplit(Regex pattern) => _pattern = pattern;

    /// <summary>Compiles a file's pattern. It must be one that never goes back over a text, so that no request can make it run for long.</summary>
    /// <exception cref="ModelFormatException">The pattern needs backtracking or is damaged.</exception>
    public static RegexSplit Compile(string pattern)
    {
        try
        {
            return new RegexSplit(new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ModelFormatException($"the vocabulary splits text by a pattern that is not supported: {pattern}", e);
        }
    }

    /// <inheritdoc/>
    public override void Split(ReadOnlySpan<char> text, int offset, WipedList<Piece> pieces)
    {
        if (!text.ContainsAnyInRange('\ud800', '\udfff'))
        {
            Match(text, offset, default, pieces);
            return;
        }

        // .NET's patterns see halves of characters above U+FFFF and take none of them for a letter or a digit. Each such
        // character is represented by one of the same category; the list gives where each representative's original starts.
        using WipedList<char> proxy = new(text.Length);
        using WipedList<int> starts = new(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            starts.Add(at);
            proxy.Add(rune.IsBmp ? (char)rune.Value : Representative(rune));
            at += rune.Utf16SequenceLength;
        }

        starts.Add(at);
        Match(proxy.Span, offset, starts.Span, pieces);
    }

    private void Match(ReadOnlySpan<char> text, int offset, ReadOnlySpan<int> starts, WipedList<Piece> pieces)
    {
        int end = 0;
        foreach (ValueMatch match in _pattern.EnumerateMatches(text))
        {
            Add(end, match.Index, starts);
            Add(match.Index, match.Index + match.Length, starts);
            end = match.Index + match.Length;
        }

        Add(end, text.Length, starts);

        void Add(int from, int to, ReadOnlySpan<int> places)
        {
            if (to > from)
            {
                (from, to) = places.IsEmpty ? (from, to) : (places[from], places[to]);
                pieces.Add(new Piece(offset + from, to - from));
            }
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
        UnicodeCategory.EnclosingMark => '\u20dd',
        UnicodeCategory.DashPunctuation => '\u2014',
        UnicodeCategory.OtherPunctuation => '\u2026',
        UnicodeCategory.MathSymbol => '\u2211',
        UnicodeCategory.CurrencySymbol => '\u20ac',
        UnicodeCategory.ModifierSymbol => '\u02c2',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\ue000',
        UnicodeCategory.OtherNotAssigned => '\u0378',
        _ => '\u2603',
    };
}
