using System.Globalization;
using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// The vocabulary in a GGUF file's metadata (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer), of the kinds
/// <c>llama</c> (SentencePiece) and <c>gpt2</c> (byte-level BPE, split as <c>tokenizer.ggml.pre</c> says).
/// </summary>
public sealed class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    private GgufVocabulary(Tokenizer tokenizer, int? eosId, IReadOnlySet<int> stopIds, SentencePieceVocabulary? sentencePiece) =>
        (Tokenizer, EosId, StopIds, SentencePiece) = (tokenizer, eosId, stopIds, sentencePiece);

    /// <summary>Text to ids and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Number of ids.</summary>
    public int Size => Tokenizer.VocabularySize;

    /// <summary>The token that begins a sequence, where the file names one.</summary>
    public int? BosId => Tokenizer.BosId;

    /// <summary>The token that ends one, where the file names it.</summary>
    public int? EosId { get; }

    /// <summary>Ids that end an answer: the end of a text, of a turn and of a message, where named.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>The tables of a vocabulary of kind <c>llama</c>; null for <c>gpt2</c>.</summary>
    public SentencePieceVocabulary? SentencePiece { get; }

    /// <summary>Reads it.</summary>
    /// <param name="metadata">The file's metadata, as <see cref="GgufFile.Metadata"/> gives it.</param>
    /// <exception cref="ModelFormatException">A key is missing or of another type, or its value is not supported; the message names it.</exception>
    public static GgufVocabulary Read(IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return Get<string>(metadata, "model") switch
        {
            "llama" => SentencePieces(metadata),
            "gpt2" => BytePairs(metadata),
            string other => throw new ModelFormatException($"the vocabulary is of the kind {other}; llama and gpt2 are supported"),
        };
    }

    private static GgufVocabulary SentencePieces(IReadOnlyDictionary<string, object> metadata)
    {
        string[] pieces = Get<string[]>(metadata, "tokens");
        SentencePieceVocabulary vocabulary = new(
            pieces,
            Array.ConvertAll(Get<double[]>(metadata, "scores"), static s => (float)s),
            Types(metadata),
            Id(metadata, "unknown_token_id", pieces.Length) ?? 0,
            Id(metadata, "bos_token_id", pieces.Length) ?? 1,
            Id(metadata, "eos_token_id", pieces.Length) ?? 2,
            Flag(metadata, "add_bos_token") ?? true);
        if (Flag(metadata, "add_space_prefix") == false)
        {
            throw new ModelFormatException($"{Prefix}add_space_prefix is false, which this build does not support");
        }

        return new GgufVocabulary(vocabulary.ToTokenizer(), vocabulary.EosId, Stops(metadata, pieces.Length, vocabulary.EosId), vocabulary);
    }

    private static GgufVocabulary BytePairs(IReadOnlyDictionary<string, object> metadata)
    {
        string[] tokens = Get<string[]>(metadata, "tokens");
        PieceType[] types = metadata.ContainsKey(Prefix + "token_type") ? Types(metadata) : new PieceType[tokens.Length];
        if (types.Length != tokens.Length)
        {
            throw new ModelFormatException($"{Prefix}token_type has {types.Length} entries for {tokens.Length} tokens");
        }

        GgufPreTokenizer pre = GgufPreTokenizer.Find(metadata.ContainsKey(Prefix + "pre") ? Get<string>(metadata, "pre") : "default");
        Dictionary<string, int> ordinary = new(StringComparer.Ordinal);
        Dictionary<string, int> specials = new(StringComparer.Ordinal);
        byte[][] bytes = new byte[tokens.Length][];
        Array.Fill(bytes, []);
        for (int id = 0; id < tokens.Length; id++)
        {
            bool added = types[id] is PieceType.Control or PieceType.UserDefined or PieceType.Unknown;
            if (types[id] is PieceType.Unused)
            {
                continue;
            }

            if (types[id] is PieceType.Byte || (!added && !ByteLevelAlphabet.TryGetBytes(tokens[id], out bytes[id])))
            {
                throw new ModelFormatException($"the vocabulary's token {tokens[id]} is outside the byte-level alphabet");
            }

            if (!(added ? specials : ordinary).TryAdd(tokens[id], id))
            {
                throw new ModelFormatException($"the vocabulary has the token {tokens[id]} twice");
            }

            bytes[id] = types[id] == PieceType.UserDefined ? Encoding.UTF8.GetBytes(tokens[id]) : bytes[id];
        }

        int? bos = Id(metadata, "bos_token_id", tokens.Length);
        int? eos = Id(metadata, "eos_token_id", tokens.Length);
        BytePairVocabulary vocabulary = new(ordinary, Merges(metadata), FirstMergeCounts: true, pre.IgnoresMerges);
        ByteLevelEncoder encoder = new(vocabulary, bytes, TextNormalizer.None, new StagedPreTokenizer(pre.Stages));
        Tokenizer tokenizer = new(encoder, new TokenizerParts(bytes, specials, bos, Flag(metadata, "add_bos_token") ?? pre.AddsBos, Name(bos), Name(eos), StripsFirstSpace: false));
        return new GgufVocabulary(tokenizer, eos, Stops(metadata, tokens.Length, eos), null);

        string? Name(int? id) => id is int place ? tokens[place] : null;
    }

    private static List<(string Left, string Right)> Merges(IReadOnlyDictionary<string, object> metadata)
    {
        List<(string Left, string Right)> merges = [];
        foreach (string merge in Get<string[]>(metadata, "merges"))
        {
            // A token may itself begin with a space only where it has no other character before the separator.
            int space = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
            merges.Add(space > 0 && space + 1 < merge.Length
                ? (merge[..space], merge[(space + 1)..])
                : throw new ModelFormatException($"{Prefix}merges has the entry {merges.Count} without two parts"));
        }

        return merges;
    }

    private static PieceType[] Types(IReadOnlyDictionary<string, object> metadata) => Array.ConvertAll(
        Get<long[]>(metadata, "token_type"),
        static t => t is >= 0 and <= 6 ? (PieceType)t : throw new ModelFormatException($"{Prefix}token_type has the unknown type {t}"));

    private static HashSet<int> Stops(IReadOnlyDictionary<string, object> metadata, int size, int? eos)
    {
        int?[] named = [eos, Id(metadata, "eot_token_id", size), Id(metadata, "eom_token_id", size)];
        return [.. named.OfType<int>()];
    }

    private static T Get<T>(IReadOnlyDictionary<string, object> metadata, string key)
        where T : class => metadata.TryGetValue(Prefix + key, out object? value)
            ? value as T ?? throw new ModelFormatException($"{Prefix}{key} has another type than it should")
            : throw new ModelFormatException($"the file lacks {Prefix}{key}");

    private static bool? Flag(IReadOnlyDictionary<string, object> metadata, string key) => metadata.TryGetValue(Prefix + key, out object? value)
        ? value as bool? ?? throw new ModelFormatException($"{Prefix}{key} has another type than it should")
        : null;

    private static int? Id(IReadOnlyDictionary<string, object> metadata, string key, int size)
    {
        if (!metadata.TryGetValue(Prefix + key, out object? value))
        {
            return null;
        }

        ulong id = value switch
        {
            ulong u => u,
            long l => (ulong)l,
            _ => throw new ModelFormatException($"{Prefix}{key} has another type than it should"),
        };
        return id < (ulong)size ? (int)id : throw new ModelFormatException(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{key} is {id}, and the vocabulary has {size} tokens"));
    }
}
