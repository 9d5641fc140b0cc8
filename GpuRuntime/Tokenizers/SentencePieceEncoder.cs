using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// SentencePiece's BPE (https://github.com/google/sentencepiece/blob/master/src/bpe_model.cc): neighbours whose text is a piece
/// merge, the highest score first; what is no piece becomes its UTF-8 bytes. A space is put before the text.
/// </summary>
internal sealed class SentencePieceEncoder : TextEncoder
{
    private readonly Dictionary<string, (int Id, int Rank)> _pieces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Id, int Rank)>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int[] _byteIds = new int[256];
    private readonly int _longest;

    /// <summary>Takes a vocabulary over.</summary>
    /// <exception cref="ModelFormatException">A piece is of a type that is not supported, or given twice.</exception>
    public SentencePieceEncoder(SentencePieceVocabulary vocabulary)
    {
        Array.Fill(_byteIds, vocabulary.UnknownId);
        float[] order = [.. vocabulary.Scores.Distinct().OrderDescending()];
        Dictionary<float, int> ranks = order.Index().ToDictionary(static s => s.Item, static s => s.Index);
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            string piece = vocabulary.Pieces[id];
            switch (vocabulary.Types[id])
            {
                case PieceType.Byte:
                    _byteIds[SentencePieceVocabulary.ParseByte(piece)] = id;
                    break;
                case PieceType.None or PieceType.Normal:
                    if (!_pieces.TryAdd(piece, (id, ranks[vocabulary.Scores[id]])))
                    {
                        throw new ModelFormatException($"the vocabulary has the piece {piece} twice");
                    }

                    _longest = Math.Max(_longest, piece.Length);
                    break;
                case PieceType.Unused:
                    throw new ModelFormatException($"the vocabulary's piece {piece} is of the type {vocabulary.Types[id]}, which this build does not support");
            }
        }

        _lookup = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <inheritdoc/>
    public override void Encode(ReadOnlySpan<char> text, bool first, WipedList<int> ids)
    {
        if (text.IsEmpty)
        {
            return;
        }

        using WipedList<char> prepared = new(text.Length + 1);
        using WipedList<Symbol> symbols = new(text.Length + 1);
        using WipedList<ulong> queue = new(2 * text.Length);
        prepared.Add(SentencePieceVocabulary.Space);
        prepared.AddRange(text);
        prepared.Span.Replace(' ', SentencePieceVocabulary.Space);
        ReadOnlySpan<char> whole = prepared.Span;
        for (int at = 0; at < whole.Length;)
        {
            Rune.DecodeFromUtf16(whole[at..], out _, out int length);
            symbols.Add(new Symbol(at, length, _lookup.TryGetValue(whole.Slice(at, length), out (int Id, int Rank) piece) ? piece.Id : -1));
            at += length;
        }

        Merge(whole, symbols, queue);
        Span<byte> bytes = stackalloc byte[4];
        foreach (ref readonly Symbol symbol in symbols.Span)
        {
            if (symbol.Length > 0 && symbol.Id >= 0)
            {
                ids.Add(symbol.Id);
            }
            else if (symbol.Length > 0)
            {
                Rune.DecodeFromUtf16(whole[symbol.Start..], out Rune rune, out _);
                foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
                {
                    ids.Add(_byteIds[value]);
                }
            }
        }

        bytes.Clear();
    }

    /// <inheritdoc/>
    protected override bool TryMerge(ReadOnlySpan<char> text, in Symbol left, in Symbol right, out int rank, out int id)
    {
        (rank, id) = (0, -1);
        int length = left.Length + right.Length;
        if (length > _longest || !_lookup.TryGetValue(text.Slice(left.Start, length), out (int Id, int Rank) piece))
        {
            return false;
        }

        (id, rank) = piece;
        return true;
    }
}
