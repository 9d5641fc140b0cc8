using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// BPE over characters with bytes as fallback, as tokenizer.json of Llama 2's and Mistral's family has it: the merges are pairs
/// with a rank each, and a character that is no token becomes its UTF-8 bytes.
/// </summary>
internal sealed class CharacterEncoder : TextEncoder
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int[] _byteIds = new int[256];
    private readonly CharacterRules _rules;
    private readonly MergeTable _merges;

    /// <summary>Takes a vocabulary over.</summary>
    /// <exception cref="ModelFormatException">A merge names a token that the vocabulary lacks.</exception>
    public CharacterEncoder(BytePairVocabulary vocabulary, CharacterRules rules)
    {
        _ids = new Dictionary<string, int>(vocabulary.Ids, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _rules = rules;
        _merges = new MergeTable(vocabulary.Merges, _ids, vocabulary.FirstMergeCounts);
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = _ids.GetValueOrDefault(SentencePieceVocabulary.BytePiece((byte)value), -1);
        }
    }

    /// <inheritdoc/>
    public override void Encode(ReadOnlySpan<char> text, bool first, WipedList<int> ids)
    {
        if (text.IsEmpty)
        {
            return;
        }

        using NormalizedText normalized = _rules.Normalizer.Apply(text);
        using WipedList<char> prepared = new(normalized.Text.Length + 1);
        prepared.AddRange(normalized.Text);
        if (_rules.Metaspace is MetaspacePrefix prefix)
        {
            prepared.Span.Replace(' ', SentencePieceVocabulary.Space);
            if (prepared.Span[0] != SentencePieceVocabulary.Space && (prefix == MetaspacePrefix.Always || (prefix == MetaspacePrefix.First && first)))
            {
                prepared.Insert(SentencePieceVocabulary.Space);
            }
        }

        ReadOnlySpan<char> whole = prepared.Span;
        using WipedList<Symbol> symbols = new(whole.Length);
        using WipedList<ulong> queue = new(whole.Length);
        for (int at = 0; at < whole.Length;)
        {
            Rune.DecodeFromUtf16(whole[at..], out _, out int length);
            symbols.Add(new Symbol(at, length, _lookup.TryGetValue(whole.Slice(at, length), out int id) ? id : -1));
            at += length;
        }

        Merge(whole, symbols, queue);
        bool unknownBefore = false;
        foreach (ref readonly Symbol symbol in symbols.Span)
        {
            if (symbol.Length == 0)
            {
                continue;
            }

            bool unknown = symbol.Id < 0 && !TryAddBytes(whole[symbol.Start..], ids);
            if (symbol.Id >= 0)
            {
                ids.Add(symbol.Id);
            }
            else if (unknown && _rules.UnknownId is int unknownId && !(unknownBefore && _rules.FusesUnknown))
            {
                ids.Add(unknownId);
            }

            unknownBefore = unknown;
        }
    }

    /// <inheritdoc/>
    protected override bool TryMerge(ReadOnlySpan<char> text, in Symbol left, in Symbol right, out int rank, out int id) =>
        _merges.TryFind(left.Id, right.Id, out rank, out id);

    // All bytes of the character, or none where one has no token.
    private bool TryAddBytes(ReadOnlySpan<char> text, WipedList<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        Rune.DecodeFromUtf16(text, out Rune rune, out _);
        Span<byte> utf8 = bytes[..rune.EncodeToUtf8(bytes)];
        bool complete = true;
        foreach (byte value in utf8)
        {
            complete &= _byteIds[value] >= 0;
        }

        foreach (byte value in complete ? utf8 : [])
        {
            ids.Add(_byteIds[value]);
        }

        bytes.Clear();
        return complete;
    }
}
