using System.Globalization;
using System.Text;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What the splitting patterns of the vocabularies ask of a character, by Unicode's general category.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary>None of the others.</summary>
    None = 0,

    /// <summary>\p{L}.</summary>
    Letter = 1,

    /// <summary>\p{N}.</summary>
    Number = 2,

    /// <summary>\p{White_Space}.</summary>
    Space = 4,

    /// <summary>Carriage return or line feed, both also <see cref="Space"/>.</summary>
    LineBreak = 8,

    /// <summary>\p{Lu}, \p{Lt}, \p{Lm}, \p{Lo} or \p{M}: what a word of mixed case begins with.</summary>
    WordStart = 16,

    /// <summary>\p{Ll}, \p{Lm}, \p{Lo} or \p{M}: what it goes on with.</summary>
    WordRest = 32,
}

/// <summary>Looks characters up.</summary>
internal static class CharacterClasses
{
    private const int Letters = (1 << (int)UnicodeCategory.UppercaseLetter) | (1 << (int)UnicodeCategory.LowercaseLetter) | CasedNeither;
    private const int CasedNeither = (1 << (int)UnicodeCategory.TitlecaseLetter) | (1 << (int)UnicodeCategory.ModifierLetter) | (1 << (int)UnicodeCategory.OtherLetter);
    private const int Numbers = (1 << (int)UnicodeCategory.DecimalDigitNumber) | (1 << (int)UnicodeCategory.LetterNumber) | (1 << (int)UnicodeCategory.OtherNumber);
    private const int Marks = (1 << (int)UnicodeCategory.NonSpacingMark) | (1 << (int)UnicodeCategory.SpacingCombiningMark) | (1 << (int)UnicodeCategory.EnclosingMark);
    private const int Starts = (1 << (int)UnicodeCategory.UppercaseLetter) | CasedNeither | Marks;
    private const int Rests = (1 << (int)UnicodeCategory.LowercaseLetter) | (1 << (int)UnicodeCategory.ModifierLetter) | (1 << (int)UnicodeCategory.OtherLetter) | Marks;

    private static readonly CharacterClass[] s_basicPlane = [.. Enumerable.Range(0, 0x10000).Select(Compute)];

    /// <summary>The class of the character at a place, and how many UTF-16 units it has; half a surrogate pair alone has none.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int at, out int length)
    {
        char unit = text[at];
        if (char.IsHighSurrogate(unit) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            length = 2;
            return Compute(char.ConvertToUtf32(unit, text[at + 1]));
        }

        length = 1;
        return s_basicPlane[unit];
    }

    private static CharacterClass Compute(int codePoint)
    {
        int category = 1 << (int)CharUnicodeInfo.GetUnicodeCategory(codePoint);
        CharacterClass result = CharacterClass.None;
        result |= (category & Letters) != 0 ? CharacterClass.Letter : CharacterClass.None;
        result |= (category & Numbers) != 0 ? CharacterClass.Number : CharacterClass.None;
        result |= (category & Starts) != 0 ? CharacterClass.WordStart : CharacterClass.None;
        result |= (category & Rests) != 0 ? CharacterClass.WordRest : CharacterClass.None;
        result |= Rune.TryCreate(codePoint, out Rune rune) && Rune.IsWhiteSpace(rune) ? CharacterClass.Space : CharacterClass.None;
        result |= codePoint is '\r' or '\n' ? CharacterClass.LineBreak : CharacterClass.None;
        return result;
    }
}
