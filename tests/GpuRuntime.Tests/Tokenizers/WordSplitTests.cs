using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>The written-out patterns beside .NET's own matcher of the same patterns, on text within the basic plane.</summary>
public class WordSplitTests
{
    private const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // \s of these patterns is White_Space, which is also .NET's; (?i:) folds ASCII only.
    private const string AnyCase = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
    private const string Starts = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Rests = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    private static readonly string[] s_parts = [" ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "'Re", "'x", "a", "Z", "ab", "ǅ", "ʰ", "日", "\u0301", "1", "23", "٣", "½", "!", "/", "//", "'", "_", "\u0085", "\ufeff", "\u200b", "\u00a0", "\0"];

    private static readonly Gen<string> s_text = Gen.OneOf(
        Gen.Int[0, s_parts.Length - 1].Select(static i => s_parts[i]),
        Gen.Char['\0', '\u05ff'].Select(static c => c.ToString())).Array[0, 16].Select(string.Concat);

    public static TheoryData<string> Patterns => ["gpt2", "llama3", "qwen2", "tekken"];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void PiecesAreThoseOfThePattern(string name)
    {
        (WordSplit split, string pattern) = name switch
        {
            "gpt2" => (WordSplit.Gpt2, @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"),
            "llama3" => (WordSplit.Llama3, AnyCase + Letters + @"|\p{N}{1,3}" + Rest),
            "qwen2" => (WordSplit.Qwen2, AnyCase + Letters + @"|\p{N}" + Rest),
            _ => (WordSplit.Tekken, $@"[^\r\n\p{{L}}\p{{N}}]?{Starts}*{Rests}+|[^\r\n\p{{L}}\p{{N}}]?{Starts}+{Rests}*|\p{{N}}" + Rest.Replace(@"[\r\n]*", @"[\r\n/]*", StringComparison.Ordinal)),
        };
        Regex regex = new(pattern, RegexOptions.CultureInvariant);
        s_text.Sample(text => Assert.Equal(regex.Matches(text).Select(m => m.Value), TokenizerJsonTests.Pieces(text, split)), iter: 20000);
    }

    [Fact]
    public void AScriptsSpacesDifferInTwoCharacters()
    {
        Assert.Equal(["!\u0085!"], TokenizerJsonTests.Pieces("!\u0085!", WordSplit.Gpt2Script));
        Assert.Equal(["!", "\ufeff", "!"], TokenizerJsonTests.Pieces("!\ufeff!", WordSplit.Gpt2Script));
        Assert.Equal(["!", "\u0085", "!"], TokenizerJsonTests.Pieces("!\u0085!", WordSplit.Gpt2));
        Assert.Equal(["!\ufeff!"], TokenizerJsonTests.Pieces("!\ufeff!", WordSplit.Gpt2));
    }

    [Fact]
    public void DigitsAreTakenOutAloneOrInRuns()
    {
        Assert.Equal(["a", "1", "2", "½", "3"], TokenizerJsonTests.Pieces("a12½3", DigitSplit.Each));
        Assert.Equal(["a", "12", "½", "3"], TokenizerJsonTests.Pieces("a12½3", DigitSplit.Runs));
        Assert.Equal(["a", "1", "2", "½", "3"], TokenizerJsonTests.Pieces("a12½3", DigitSplit.EachNumber));
        Assert.Equal(["a", "12½3"], TokenizerJsonTests.Pieces("a12½3", DigitSplit.NumberRuns));
        Assert.Equal(["½a"], TokenizerJsonTests.Pieces("½a", DigitSplit.Each));
    }

    [Fact]
    public void HalfASurrogatePairIsASymbol() =>
        Assert.Equal(["a", "\ud800", "b"], TokenizerJsonTests.Pieces("a\ud800b", WordSplit.Gpt2));
}
