using System.Globalization;
using System.Text;

namespace Verathos.Attestation.Verdicts;

/// <summary>
/// Makes text that may come from evidence safe to show: control characters, which could move a terminal's cursor or hide what
/// stands there, appear as their code points.
/// </summary>
internal static class PrintableText
{
    /// <summary>The text with every control, format and separator character, and everything outside the basic plane, as <c>\uXXXX</c>.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        StringBuilder shown = new(text.Length + 16);
        foreach (char character in text)
        {
            if (IsShown(character))
            {
                shown.Append(character);
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
        }

        return shown.ToString();
    }

    private static bool IsShown(char character) => char.GetUnicodeCategory(character) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
