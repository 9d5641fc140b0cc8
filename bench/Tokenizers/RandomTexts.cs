using System.Globalization;
using System.Text;

namespace Verathos.Bench.Tokenizers;

/// <summary>Random texts of many kinds, the same for the same seed: scripts, emoji, marks, digits, white space, code, long words, odd characters.</summary>
public sealed class RandomTexts
{
    private static readonly (int First, int Last)[] s_scripts =
    [
        (0x41, 0x5a), (0x61, 0x7a), (0xa1, 0x24f), (0x250, 0x2af), (0x370, 0x3ff), (0x400, 0x52f), (0x531, 0x58f), (0x5d0, 0x5ea),
        (0x600, 0x6ff), (0x700, 0x74f), (0x900, 0x97f), (0x980, 0x9fe), (0xb80, 0xbfa), (0xc00, 0xc7f), (0xe01, 0xe5b), (0xe80, 0xedf),
        (0xf00, 0xfda), (0x1000, 0x109f), (0x10a0, 0x10ff), (0x1100, 0x11ff), (0x1200, 0x139f), (0x13a0, 0x13ff), (0x1780, 0x17ff),
        (0x1800, 0x18aa), (0x1e00, 0x1fff), (0x2010, 0x205e), (0x20a0, 0x20c0), (0x2100, 0x218b), (0x2190, 0x23ff), (0x2460, 0x24ff),
        (0x2500, 0x27bf), (0x3001, 0x303f), (0x3041, 0x30ff), (0x3105, 0x312f), (0x3400, 0x4dbf), (0x4e00, 0x9fff), (0xa000, 0xa48c),
        (0xac00, 0xd7a3), (0xf900, 0xfad9), (0xfb00, 0xfb4f), (0xfe30, 0xffee), (0x10000, 0x100fa), (0x10330, 0x1034a), (0x10400, 0x1044f),
        (0x11080, 0x110c1), (0x12000, 0x12399), (0x1d100, 0x1d1e8), (0x1d400, 0x1d7ff), (0x1f000, 0x1f9ff), (0x20000, 0x2a6df), (0x2f800, 0x2fa1d),
    ];

    private static readonly string[] s_emoji =
        ["🚀", "👩\u200d👩\u200d👧\u200d👦", "👍🏽", "🇩🇪", "🇯🇵🇫🇷", "❤\ufe0f", "☃", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1\ufe0f\u20e3", "🤷🏿\u200d♂\ufe0f"];

    private static readonly string[] s_spaces =
        [" ", "  ", "   ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\r", "\r\n\r\n", " \n", "\n ", "\u00a0", "\u3000", "\u2028", "\u2029", "\u2003", "\u000b", "\u000c"];

    private static readonly string[] s_odd =
        ["\0", "\u0001", "\u001b", "\u007f", "\u0085", "\u00ad", "\u200b", "\u200d", "\u202e", "\u2060", "\ufeff", "\ufffd", "\uffff", "\ue000", "\ud800", "\udc00", "\U000f0000", "\U0010ffff", "\u0300", "\u0345", "▁", "Ġ", "<0x0A>"];

    private static readonly string[] s_words =
        ["the", "of", "and", "Quick", "BROWN", "fox", "don't", "I'LL", "they've", "it's", "we'Re", "O'Neil", "'s", "'", "''", "naïve", "Zürich", "camelCase", "snake_case", "HTTPServer", "ﬁne", "x²", "e.g.", "U.S.A.", "…", "--", "***", "__init__", "C++", "#!", "@user", "100%", "$5", "a/b/c", "\\n", "///", "?!", "etc."];

    private static readonly string[] s_code =
    [
        "def f(x):\n    return x ** 2  # squared\n", "for (int i = 0; i < n; ++i) {\n\t\tsum += a[i];\n}\n", "{\"k\": [1, 2.5e-3, null, true]}", "<div class=\"a b\">&nbsp;</div>\r\n",
        "SELECT * FROM t WHERE a='b' AND c<>1;", "https://example.org/a?b=c&d=%20#e", "if(!x){return;}//no\n", "\\frac{a}{b}\n\\end{x}", "fn main() -> Result<(), Box<dyn Error>> {}", "2026-11-22T10:30:00.000Z", "    \n\n\n    }\n",
    ];

    private readonly Random _random;
    private readonly string[] _specials;

    /// <summary>Makes a source of texts.</summary>
    /// <param name="seed">Chooses the texts.</param>
    /// <param name="specials">Names of special tokens, which are put into some texts.</param>
    public RandomTexts(int seed, IEnumerable<string> specials) => (_random, _specials) = (new Random(seed), [.. specials]);

    /// <summary>The next text.</summary>
    public string Next()
    {
        StringBuilder text = new();
        int parts = _random.Next(20) == 0 ? 0 : _random.Next(10) == 0 ? _random.Next(400) : _random.Next(1, 40);
        for (; parts > 0; parts--)
        {
            Part(text);
        }

        return text.ToString();
    }

    private void Part(StringBuilder text)
    {
        switch (_random.Next(20))
        {
            case <= 3:
                text.Append(_random.Next(3) == 0 ? "" : " ").Append(Pick(s_words));
                break;
            case <= 6:
                Letters(text, s_scripts[_random.Next(s_scripts.Length)], _random.Next(1, 12));
                break;
            case 7:
                text.Append(Pick(s_emoji));
                break;
            case 8:
                Letters(text, (0x61, 0x7a), 1);
                Letters(text, _random.Next(2) == 0 ? (0x300, 0x36f) : (0x1dc0, 0x1dff), _random.Next(1, 5));
                break;
            case <= 10:
                Letters(text, _random.Next(5) switch { 0 => (0x660, 0x669), 1 => (0xff10, 0xff19), 2 => (0xb2, 0xb3), 3 => (0x2150, 0x2188), _ => (0x30, 0x39) }, _random.Next(1, 9));
                break;
            case <= 12:
                for (int i = _random.Next(1, 4); i > 0; i--)
                {
                    text.Append(Pick(s_spaces));
                }

                break;
            case 13:
                text.Append(' ', _random.Next(1, _random.Next(30) == 0 ? 2000 : 40));
                break;
            case 14:
                text.Append(Pick(s_odd));
                break;
            case 15:
                text.Append(Pick(s_code));
                break;
            case 16:
                Letters(text, (0x21, 0x7e), _random.Next(1, 30));
                break;
            case 17:
                text.Append((char)_random.Next('a', 'z' + 1), _random.Next(1, _random.Next(30) == 0 ? 3000 : 60));
                break;
            case 18:
                text.Append(_specials.Length > 0 ? Pick(_specials) : "<|end|>");
                break;
            default:
                Letters(text, (0x20, 0x10ffff), _random.Next(1, 4));
                break;
        }
    }

    // Characters that only a newer Unicode than .NET's knows are left out: programs with other tables split around them differently.
    private void Letters(StringBuilder text, (int First, int Last) range, int count)
    {
        while (count > 0)
        {
            int point = _random.Next(range.First, range.Last + 1);
            if (Rune.TryCreate(point, out Rune rune) && CharUnicodeInfo.GetUnicodeCategory(point) != UnicodeCategory.OtherNotAssigned)
            {
                text.Append(rune);
                count--;
            }
            else if (_random.Next(4) == 0)
            {
                count--;
            }
        }
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
