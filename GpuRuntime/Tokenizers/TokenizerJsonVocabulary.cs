using System.Text;
using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>The tables of a tokenizer.json.</summary>
/// <param name="Vocabulary">model.vocab and model.merges.</param>
/// <param name="Added">added_tokens: ids by name.</param>
/// <param name="Special">Those of them that have no text in an answer.</param>
/// <param name="Size">One more than the highest id.</param>
internal sealed record TokenizerJsonVocabulary(BytePairVocabulary Vocabulary, Dictionary<string, int> Added, HashSet<int> Special, int Size)
{
    /// <summary>Reads the tables.</summary>
    /// <exception cref="ModelFormatException">Two tokens share a name or an id, or a token is of a kind that is not supported.</exception>
    public static TokenizerJsonVocabulary Read(JsonElement root, JsonElement model)
    {
        Dictionary<string, int> names = new(StringComparer.Ordinal);
        Dictionary<int, string> ids = [];
        foreach (JsonProperty entry in model.GetProperty("vocab").EnumerateObject())
        {
            int id = entry.Value.GetInt32();
            Require(id >= 0, $"ids with gaps or below zero ({id})");
            Require(names.TryAdd(entry.Name, id), $"the token {entry.Name}, which is there twice,");
            Require(ids.TryAdd(id, entry.Name), $"the id {id}, which two tokens have,");
        }

        List<(string Left, string Right)> merges = [];
        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
        {
            string[] pair = merge.ValueKind == JsonValueKind.String
                ? merge.GetString()!.Split(' ')
                : [.. merge.EnumerateArray().Select(e => TokenizerJson.NotNull(e, $"merge {merges.Count}"))];
            Require(pair.Length == 2, $"merge {merges.Count}");
            merges.Add((pair[0], pair[1]));
        }

        Dictionary<string, int> added = new(StringComparer.Ordinal);
        HashSet<int> special = [];
        bool normalizes = !TokenizerJson.IsAbsent(root, "normalizer");
        if (!TokenizerJson.IsAbsent(root, "added_tokens"))
        {
            foreach (JsonElement token in root.GetProperty("added_tokens").EnumerateArray())
            {
                string name = TokenizerJson.Text(token, "content");
                int id = token.GetProperty("id").GetInt32();
                bool hidden = TokenizerJson.IsTrue(token, "special");
                Require(name.Length > 0 && !TokenizerJson.IsTrue(token, "lstrip") && !TokenizerJson.IsTrue(token, "rstrip") && !TokenizerJson.IsTrue(token, "single_word"), $"the added token {name}");
                bool normalized = token.TryGetProperty("normalized", out JsonElement flag) ? flag.ValueKind == JsonValueKind.True : !hidden;
                Require(!(normalized && normalizes), $"the added token {name} with \"normalized\": true");
                Require(id >= 0 && (!ids.TryGetValue(id, out string? other) || other == name) && (!names.TryGetValue(name, out int otherId) || otherId == id), $"the added token {name}, whose id or name another has,");
                Require(added.TryAdd(name, id) && (ids.TryAdd(id, name) || names.ContainsKey(name)), $"the added token {name}, which is there twice,");
                if (hidden)
                {
                    special.Add(id);
                }
            }
        }

        int size = ids.Keys.DefaultIfEmpty(-1).Max() + 1;
        Require(names.Count > 0 && size == ids.Count, "ids with gaps or below zero");
        bool ignoresMerges = TokenizerJson.IsTrue(model, "ignore_merges");
        return new TokenizerJsonVocabulary(new BytePairVocabulary(names, merges, FirstMergeCounts: false, ignoresMerges), added, special, size);
    }

    /// <summary>The id of a token by its name, added or not.</summary>
    public int? Find(string name) => Added.TryGetValue(name, out int id) || Vocabulary.Ids.TryGetValue(name, out id) ? id : null;

    /// <summary>The bytes of each id: none for special tokens, the name for other added ones.</summary>
    /// <param name="characters">Whether names are text with U+2581 for spaces and &lt;0xNN&gt; for bytes, or the byte-level alphabet.</param>
    public byte[][] Bytes(bool characters)
    {
        byte[][] bytes = new byte[Size][];
        Array.Fill(bytes, []);
        foreach ((string token, int id) in Vocabulary.Ids)
        {
            if (Added.ContainsKey(token))
            {
                continue;
            }

            if (!characters)
            {
                Require(ByteLevelAlphabet.TryGetBytes(token, out bytes[id]), $"the token {token}, which is outside the byte-level alphabet,");
            }
            else
            {
                bytes[id] = SentencePieceVocabulary.TryParseByte(token, out byte value) ? [value] : Encoding.UTF8.GetBytes(token.Replace(SentencePieceVocabulary.Space, ' '));
            }
        }

        foreach ((string token, int id) in Added)
        {
            bytes[id] = Special.Contains(id) ? [] : Encoding.UTF8.GetBytes(token);
        }

        return bytes;
    }

    private static void Require(bool supported, string what) => TokenizerJson.Require(supported, what);
}
