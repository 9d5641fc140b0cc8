using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Byte-level BPE: a text is split by patterns, and the bytes of each piece are merged by rank.</summary>
internal sealed class ByteLevelEncoder : TextEncoder
{
    private const int LongestWhole = 64;
    private readonly int[] _byteIds = new int[256];
    private readonly MergeTable _merges;
    private readonly TokenTable _whole;
    private readonly TextNormalizer _normalizer;
    private readonly StagedPreTokenizer _pieces;

    /// <summary>Takes a vocabulary over.</summary>
    /// <param name="vocabulary">Its tables.</param>
    /// <param name="tokens">The bytes of each id.</param>
    /// <param name="normalizer">What is done to a text first.</param>
    /// <param name="pieces">How it is split then.</param>
    /// <exception cref="ModelFormatException">A merge names a token that the vocabulary lacks.</exception>
    public ByteLevelEncoder(BytePairVocabulary vocabulary, byte[][] tokens, TextNormalizer normalizer, StagedPreTokenizer pieces)
    {
        _normalizer = normalizer;
        _pieces = pieces;
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = vocabulary.Ids.GetValueOrDefault(ByteLevelAlphabet.Character((byte)value).ToString(), -1);
        }

        _merges = new MergeTable(vocabulary.Merges, vocabulary.Ids, vocabulary.FirstMergeCounts);

        // A piece that is a token needs no merging where the merges would make that very token of it, which is found out once.
        bool[] ordinary = new bool[tokens.Length];
        foreach (int id in vocabulary.Ids.Values)
        {
            ordinary[id] = true;
        }

        using WipedList<Symbol> symbols = new(LongestWhole);
        using WipedList<ulong> queue = new(LongestWhole);
        _whole = new TokenTable(tokens, id => ordinary[id] && (vocabulary.IgnoresMerges || IsWhole(tokens[id], id, symbols, queue)));
    }

    /// <inheritdoc/>
    public override void Encode(ReadOnlySpan<char> text, bool first, WipedList<int> ids)
    {
        using NormalizedText normalized = _normalizer.Apply(text);
        ReadOnlySpan<char> whole = normalized.Text;
        using WipedList<Piece> pieces = new((whole.Length / 4) + 16);
        using WipedList<byte> bytes = new(256);
        using WipedList<Symbol> symbols = new(256);
        using WipedList<ulong> queue = new(256);
        _pieces.Split(whole, pieces);
        foreach (Piece piece in pieces.Span)
        {
            ReadOnlySpan<char> characters = whole.Slice(piece.Offset, piece.Length);
            Span<byte> room = bytes.AddRoom(Encoding.UTF8.GetMaxByteCount(characters.Length));
            ReadOnlySpan<byte> utf8 = room[..Encoding.UTF8.GetBytes(characters, room)];
            int id = _whole.Find(utf8);
            if (id >= 0)
            {
                ids.Add(id);
            }
            else
            {
                MergeBytes(utf8, symbols, queue);
                foreach (ref readonly Symbol symbol in symbols.Span)
                {
                    // A byte without a token is left out, though not before it has kept its neighbours apart.
                    if (symbol.Length > 0 && symbol.Id >= 0)
                    {
                        ids.Add(symbol.Id);
                    }
                }

                symbols.Clear();
            }

            bytes.Clear();
        }
    }

    /// <inheritdoc/>
    protected override bool TryMerge(ReadOnlySpan<char> text, in Symbol left, in Symbol right, out int rank, out int id) =>
        _merges.TryFind(left.Id, right.Id, out rank, out id);

    private void MergeBytes(ReadOnlySpan<byte> bytes, WipedList<Symbol> symbols, WipedList<ulong> queue)
    {
        foreach (byte value in bytes)
        {
            symbols.Add(new Symbol(0, 1, _byteIds[value]));
        }

        Merge(default, symbols, queue);
    }

    private bool IsWhole(byte[] bytes, int id, WipedList<Symbol> symbols, WipedList<ulong> queue)
    {
        if (bytes.Length > LongestWhole)
        {
            return false;
        }

        MergeBytes(bytes, symbols, queue);
        bool whole = symbols.Span[0].Id == id && symbols.Span[0].Length == bytes.Length;
        symbols.Clear();
        return whole;
    }
}
