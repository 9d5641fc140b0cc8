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
    private const string Space = "\u2581";

    /// <summary>Writes tokenizer.json.</summary>
    public static byte[] Write(SentencePieceVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        JsonObject ids = [];
        JsonArray added = [];
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            ids[vocabulary.Pieces[id]] = id;
            if (vocabulary.Types[id] is PieceType.Control or PieceType.Unknown)
            {
                added.Add(new JsonObject
                {
                    ["id"] = id,
                    ["content"] = vocabulary.Pieces[id],
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = true,
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
            ["normalizer"] = Sequence("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = Space }, Replace(" ", Space)),
            ["pre_tokenizer"] = null,
            ["post_processor"] = postProcessor,
            ["decoder"] = Sequence(
                "decoders",
                Replace(Space, " "),
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

    /// <summary>Makes a tokenizer from a tokenizer.json of this form.</summary>
    internal static Tokenizer Load(JsonElement root, JsonElement model, TokenizerJson.Contents contents, TokenizerConfig config)
    {
        string[] steps = [.. TokenizerJson.Steps(root, "normalizer", "normalizers").Select(Describe)];
        TokenizerJson.Require(steps.SequenceEqual([$"Prepend {Space}", $"Replace {Space}"]), "byte_fallback with a normalizer other than Prepend and Replace");
        TokenizerJson.Require(TokenizerJson.IsAbsent(root, "pre_tokenizer"), "byte_fallback with a pre_tokenizer");
        string unknown = model.GetProperty("unk_token").GetString()!;
        string[] pieces = new string[contents.Size];
        foreach ((string piece, int id) in contents.Vocabulary.Concat(contents.Added))
        {
            pieces[id] = piece;
        }

        // A merge's rank is the score of what it makes: the first merge that makes a piece counts.
        float[] scores = new float[contents.Size];
        Array.Fill(scores, -contents.Merges.Count);
        for (int rank = contents.Merges.Count - 1; rank >= 0; rank--)
        {
            if (contents.Vocabulary.TryGetValue(contents.Merges[rank].Left + contents.Merges[rank].Right, out int id))
            {
                scores[id] = -rank;
            }
        }

        PieceType[] types = Array.ConvertAll(pieces, piece =>
            piece is null ? throw new ModelFormatException("tokenizer.json has an id without a token")
            : piece == unknown ? PieceType.Unknown
            : contents.Added.ContainsKey(piece) ? PieceType.Control
            : SentencePieceVocabulary.TryParseByte(piece, out _) ? PieceType.Byte
            : PieceType.Normal);
        return new SentencePieceVocabulary(
            pieces,
            scores,
            types,
            contents.Vocabulary.TryGetValue(unknown, out int unknownId) ? unknownId : throw new ModelFormatException($"tokenizer.json lacks its unknown token {unknown}"),
            Special(contents, config.Bos, "bos_token"),
            Special(contents, config.Eos, "eos_token"),
            TokenizerJson.AddsBos(root, config.Bos, config)).ToTokenizer();
    }

    private static int Special(TokenizerJson.Contents contents, string? name, string member) =>
        name is not null && (contents.Added.TryGetValue(name, out int id) || contents.Vocabulary.TryGetValue(name, out id))
            ? id
            : throw new ModelFormatException($"tokenizer_config.json must name a {member} that tokenizer.json has");

    private static string Describe(JsonElement step) => step.GetProperty("type").GetString() switch
    {
        "Prepend" => $"Prepend {step.GetProperty("prepend").GetString()}",
        "Replace" when step.GetProperty("pattern").TryGetProperty("String", out JsonElement pattern) && pattern.GetString() == " " => $"Replace {step.GetProperty("content").GetString()}",
        string other => other,
        null => "",
    };

    /// <summary>Every way in which two pieces make a third, the highest score first; SentencePiece would merge them in this order.</summary>
    private static IEnumerable<(string Left, string Right)> Merges(SentencePieceVocabulary vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            if (vocabulary.Types[id] is PieceType.Normal or PieceType.UserDefined)
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
