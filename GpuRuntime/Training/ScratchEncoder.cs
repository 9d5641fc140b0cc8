using System.Text;
using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.GpuRuntime.Training;

internal sealed class ScratchEncoder(BpeVocabulary v)
{
    private readonly Dictionary<string, int> _ids = v.Tokens.Select((t, i) => (t, i)).ToDictionary(x => x.t, x => x.i);
    private readonly Dictionary<(string, string), int> _rank = v.Merges.Select((m, i) => (m, i)).ToDictionary(x => (x.m.Left, x.m.Right), x => x.i);
    private readonly Dictionary<string, int[]> _cache = [];

    public int[] Encode(string text) => [.. BpeTrainer.Words().Matches(text).SelectMany(m => Word(m.Value))];

    private int[] Word(string w)
    {
        if (_cache.TryGetValue(w, out int[]? r)) return r;
        string[] al = BpeTrainer.ByteAlphabet();
        var s = Encoding.UTF8.GetBytes(w).Select(b => al[b]).ToList();
        while (true)
        {
            int best = int.MaxValue, at = -1;
            for (int i = 1; i < s.Count; i++)
                if (_rank.TryGetValue((s[i - 1], s[i]), out int k) && k < best) (best, at) = (k, i);
            if (at < 0) break;
            s[at - 1] += s[at];
            s.RemoveAt(at);
        }
        return _cache[w] = [.. s.Select(x => _ids[x])];
    }
}
