using System.Buffers;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Tokens that stand for themselves by name, and where the next of them begins in a text.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<char, (string Name, int Id)[]> _byFirst;
    private readonly SearchValues<char> _first;

    /// <summary>Takes tokens over.</summary>
    /// <exception cref="ModelFormatException">A token has no name.</exception>
    public SpecialTokens(IReadOnlyDictionary<string, int> tokens)
    {
        if (tokens.ContainsKey(""))
        {
            throw new ModelFormatException("the vocabulary has a special token without a name");
        }

        _ids = new Dictionary<string, int>(tokens, StringComparer.Ordinal);
        _byFirst = tokens.GroupBy(static t => t.Key[0]).ToDictionary(
            static g => g.Key,
            static g => g.OrderByDescending(static t => t.Key.Length).Select(static t => (t.Key, t.Value)).ToArray());
        _first = SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>The id of a token.</summary>
    public bool TryGet(string name, out int id) => _ids.TryGetValue(name, out id);

    /// <summary>The first token in a text, the longest of those that begin at one place; false where there is none.</summary>
    public bool TryFindFirst(ReadOnlySpan<char> text, out int at, out int length, out int id)
    {
        for (at = 0; text[at..].IndexOfAny(_first) is int skipped and >= 0; at++)
        {
            at += skipped;
            foreach ((string name, int found) in _byFirst[text[at]])
            {
                if (text[at..].StartsWith(name, StringComparison.Ordinal))
                {
                    (length, id) = (name.Length, found);
                    return true;
                }
            }
        }

        (length, id) = (0, -1);
        return false;
    }
}
