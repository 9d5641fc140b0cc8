using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>The splitting patterns by their text in tokenizer.json.</summary>
internal static class SplitPatterns
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Words = @"|[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Symbols = @"| ?[^\s\p{L}\p{N}]+[\r\n]*";

    private static readonly Dictionary<string, SplitStage> s_known = new(StringComparer.Ordinal)
    {
        [@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = WordSplit.Gpt2,
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = WordSplit.Gpt2,
        [Contractions + Words + @"|\p{N}{1,3}" + Symbols + Spaces] = WordSplit.Llama3,
        [Contractions + Words + @"|\p{N}" + Symbols + Spaces] = WordSplit.Qwen2,
        [@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Spaces] = WordSplit.Tekken,
        [@"\p{N}"] = DigitSplit.EachNumber,
        [@"\p{N}+"] = DigitSplit.NumberRuns,
    };

    /// <summary>The stage of a pattern of regular-expression syntax.</summary>
    /// <exception cref="ModelFormatException">It is none of the known ones and needs backtracking.</exception>
    public static SplitStage Find(string pattern) => s_known.TryGetValue(pattern, out SplitStage? known) ? known : RegexSplit.Compile(pattern);

    /// <summary>The stage that takes a text's occurrences out.</summary>
    public static SplitStage Literal(string text) => RegexSplit.Compile(Regex.Escape(text));
}
