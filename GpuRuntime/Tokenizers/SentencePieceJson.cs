using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// A SentencePiece vocabulary as tokenizer.json: the scores become the order of the merges, and back. The form is the one that
/// Llama 2's own file has (normalizer Prepend and Replace, bytes as fallback).
/// </summary>
public static class SentencePieceJson
{
    private static readonly string s_space = SentencePieceVocabulary.Space.ToString();

    /// <summary>Writes tokenizer.json.</summary>
    public static byte[] Write(SentencePieceVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        JsonObject ids = [];
        JsonArray added = [];
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            ids[vocabulary.Pieces[id]] = id;
            if (vocabulary.Types[id] is PieceType.Control or PieceType.Unknown or PieceType.UserDefined)
            {
                added.Add(new JsonObject
                {
                    ["id"] = id,
                    ["content"] = vocabulary.Pieces[id],
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = vocabulary.Types[id] != PieceType.UserDefined,
                });
            }
        }

        JsonArray merges = [.. Merges(vocabulary).Select(static m => (JsonNode)new JsonArray(m.Left, m.Right))];
        JsonNode? postProcessor = vocabulary.AddsBos ? BosTemplate(vocabulary.Pieces[vocabulary.BosId], vocabulary.BosId) : null;
        JsonObject root = new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = Sequence("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = s_space }, Replace(" ", s_space)),
            ["pre_tokenizer"] = null,
            ["post_processor"] = postProcessor,
            ["decoder"] = Sequence(
                "decoders",
                Replace(s_space, " "),
                new JsonObject { ["type"] = "ByteFallback" },
                new JsonObject { ["type"] = "Fuse" },
                new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = vocabulary.Pieces[vocabulary.UnknownId],
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["ignore_merges"] = false,
                ["vocab"] = ids,
                ["merges"] = merges,
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(root);
    }

    /// <summary>Every way in which two pieces make a third, the highest score first; SentencePiece would merge them in this order.</summary>
    private static IEnumerable<(string Left, string Right)> Merges(SentencePieceVocabulary vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            if (vocabulary.Types[id] is PieceType.None or PieceType.Normal)
            {
                ids.TryAdd(vocabulary.Pieces[id], id);
            }
        }

        List<(float Score, int Whole, int LeftId, int RightId)> found = [];
        foreach ((string piece, int whole) in ids)
        {
            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (ids.TryGetValue(piece[..cut], out int left) && ids.TryGetValue(piece[cut..], out int right))
                {
                    found.Add((vocabulary.Scores[whole], whole, left, right));
                }
            }
        }

        return found.OrderByDescending(static f => f.Score).ThenBy(static f => f.Whole).ThenBy(static f => f.LeftId).ThenBy(static f => f.RightId)
            .Select(f => (vocabulary.Pieces[f.LeftId], vocabulary.Pieces[f.RightId]));
    }

    private static JsonObject Sequence(string member, params JsonNode[] steps) => new() { ["type"] = "Sequence", [member] = new JsonArray(steps) };

    private static JsonObject Replace(string from, string to) => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = from }, ["content"] = to };

    private static JsonObject BosTemplate(string bos, int id)
    {
        JsonObject Special() => new() { ["SpecialToken"] = new JsonObject { ["id"] = bos, ["type_id"] = 0 } };
        JsonObject Text(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(), Text("A", 0)),
            ["pair"] = new JsonArray(Special(), Text("A", 0), Special(), Text("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                [bos] = new JsonObject { ["id"] = bos, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(bos) },
            },
        };
    }
}
