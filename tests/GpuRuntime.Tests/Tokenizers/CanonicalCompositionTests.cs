using System.Globalization;
using System.Text;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>Normalization form C; the rows are those of https://www.unicode.org/reports/tr15/ and of Unicode's NormalizationTest.txt.</summary>
public class CanonicalCompositionTests
{
    [Theory]
    [InlineData("0065 0301", "00E9")]
    [InlineData("212B", "00C5")]
    [InlineData("2126", "03A9")]
    [InlineData("0064 0323 0307", "1E0D 0307")]
    [InlineData("0064 0307 0323", "1E0D 0307")]
    [InlineData("1E0B 0323", "1E0D 0307")]
    [InlineData("0041 030A 0323", "1EA0 030A")]
    [InlineData("1100 1161 11A8", "AC01")]
    [InlineData("AC00 11A8", "AC01")]
    [InlineData("AC01 11A8", "AC01 11A8")]
    [InlineData("0958", "0915 093C")]
    [InlineData("2ADC", "2ADD 0338")]
    [InlineData("0F73", "0F71 0F72")]
    [InlineData("0344", "0308 0301")]
    [InlineData("1D15E", "1D157 1D165")]
    [InlineData("2F800", "4E3D")]
    [InlineData("11099 110BA", "1109A")]
    [InlineData("0061 0315 0300 05AE 0062", "00E0 05AE 0315 0062")]
    [InlineData("0301 0065", "0301 0065")]
    [InlineData("0DD9 0DCF 0DCA", "0DDD")]
    [InlineData("0061 200D 0301", "0061 200D 0301")]
    [InlineData("D800 0065 0301", "D800 00E9")]
    public void TextIsComposed(string before, string after)
    {
        using WipedList<char> result = new(16);
        CanonicalComposition.Instance.Apply(Text(before), result);
        Assert.Equal(Text(after), result.Span.ToString());
        Assert.True(before == after || CanonicalComposition.Instance.Changes(Text(before)));
        result.Clear();
        CanonicalComposition.Instance.Apply(Text(after), result);
        Assert.Equal(Text(after), result.Span.ToString());
    }

    [Fact]
    public void TextThatNothingComposesInIsNotCopied()
    {
        Assert.False(CanonicalComposition.Instance.Changes("naïve 日本語 мир 한국어 🚀"));
        Assert.True(CanonicalComposition.Instance.Changes("й".Normalize(NormalizationForm.FormC) + "e\u0301"));
    }

    [Fact]
    public void ManyMarksTakeLittleTime()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0315\u0300\u05ae", 50_000));
        using WipedList<char> result = new(16);
        CanonicalComposition.Instance.Apply(text, result);
        Assert.Equal(text.Length - 1, result.Count);
        Assert.Equal('\u00e0', result.Span[0]);
        Assert.Equal('\u0315', result.Span[^1]);
    }

    private static string Text(string points) => string.Concat(points.Split(' ').Select(static p =>
    {
        int value = int.Parse(p, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return Rune.TryCreate(value, out Rune rune) ? rune.ToString() : ((char)value).ToString();
    }));
}
