using System.Text;
using System.Text.RegularExpressions;

namespace Verathos.GpuRuntime.Training.Vocabulary;

/// <summary>
/// Trains a byte-level BPE vocabulary: 256 bytes, then the most frequent pair of symbols again and again. Ties go to
/// the pair that comes first in ordinal order, so the result depends on the text alone.
/// </summary>
public static partial class BpeTrainer
{
    /// <summary>The special tokens, with the ids 0, 1 and 2.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    /// <summary>Trains on texts.</summary>
    /// <param name="texts">The training text, without special tokens.</param>
    /// <param name="size">Size of the vocabulary with the special tokens and the 256 bytes; fewer if no pair occurs twice.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size leaves no room for the bytes and the special tokens.</exception>
    public static BpeVocabulary Train(IEnumerable<string> texts, int size)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] alphabet = ByteAlphabet();
        ArgumentOutOfRangeException.ThrowIfLessThan(size, SpecialTokens.Count + alphabet.Length);

        var tokens = new List<string>([.. SpecialTokens, .. alphabet.Order(StringComparer.Ordinal)]);
        var merges = new List<(string, string)>();
        (List<string> Symbols, long Count)[] words = Split(texts, alphabet);
        while (tokens.Count < size && MostFrequentPair(words) is (string left, string right))
        {
            merges.Add((left, right));
            tokens.Add(left + right);
            foreach ((List<string> symbols, _) in words)
            {
                Merge(symbols, left, right);
            }
        }

        return new BpeVocabulary(tokens, merges);
    }

    private static (List<string>, long)[] Split(IEnumerable<string> texts, string[] alphabet)
    {
        var counts = new Dictionary<string, long>();
        foreach (string text in texts)
        {
            foreach (ValueMatch match in Words().EnumerateMatches(text))
            {
                string word = text.Substring(match.Index, match.Length);
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }

        return [.. counts
            .OrderBy(w => w.Key, StringComparer.Ordinal)
            .Select(w => (Encoding.UTF8.GetBytes(w.Key).Select(b => alphabet[b]).ToList(), w.Value))];
    }

    private static (string, string)? MostFrequentPair((List<string> Symbols, long Count)[] words)
    {
        var counts = new Dictionary<(string, string), long>();
        foreach ((List<string> symbols, long count) in words)
        {
            for (int i = 1; i < symbols.Count; i++)
            {
                (string, string) pair = (symbols[i - 1], symbols[i]);
                counts[pair] = counts.GetValueOrDefault(pair) + count;
            }
        }

        (string Left, string Right)? best = null;
        long most = 1;
        foreach (((string Left, string Right) pair, long count) in counts)
        {
            if (count > most || (count == most && best is { } b && Compare(pair, b) < 0))
            {
                (best, most) = (pair, count);
            }
        }

        return best;
    }

    private static int Compare((string Left, string Right) x, (string Left, string Right) y)
    {
        int left = string.CompareOrdinal(x.Left, y.Left);
        return left != 0 ? left : string.CompareOrdinal(x.Right, y.Right);
    }

    private static void Merge(List<string> symbols, string left, string right)
    {
        int kept = 0;
        for (int i = 0; i < symbols.Count; i++, kept++)
        {
            bool pair = i + 1 < symbols.Count && symbols[i] == left && symbols[i + 1] == right;
            symbols[kept] = pair ? left + right : symbols[i];
            i += pair ? 1 : 0;
        }

        symbols.RemoveRange(kept, symbols.Count - kept);
    }

    // The printable stand-in of each byte, as in GPT-2: printable Latin-1 stands for itself, the rest moves to U+0100 on.
    private static string[] ByteAlphabet()
    {
        var alphabet = new string[256];
        int moved = 0;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            alphabet[b] = ((char)(printable ? b : 256 + moved++)).ToString();
        }

        return alphabet;
    }

    // The word pattern of GPT-2, which "use_regex" of the ByteLevel pre-tokenizer means.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
