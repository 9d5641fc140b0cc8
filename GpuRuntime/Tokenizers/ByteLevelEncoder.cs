using System.Security.Cryptography;
using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Byte-level BPE: a text is split by patterns, and the bytes of each piece are merged by rank.</summary>
internal sealed class ByteLevelEncoder : TextEncoder
{
    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;
    private readonly StagedPreTokenizer _pieces;

    /// <summary>Takes a vocabulary over.</summary>
    /// <exception cref="ModelFormatException">A merge names a token that the vocabulary lacks.</exception>
    public ByteLevelEncoder(TokenizerJson.Contents contents, StagedPreTokenizer pieces)
    {
        _pieces = pieces;
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = contents.Vocabulary.GetValueOrDefault(ByteLevelAlphabet.Character((byte)value).ToString(), -1);
        }

        _merges = new(contents.Merges.Count);
        for (int rank = 0; rank < contents.Merges.Count; rank++)
        {
            (string left, string right) = contents.Merges[rank];
            _merges[(Id(left), Id(right))] = (rank, Id(left + right));
        }

        int Id(string token) => contents.Vocabulary.TryGetValue(token, out int id) ? id : throw new ModelFormatException($"tokenizer.json merges to or from {token}, which is no token");
    }

    /// <inheritdoc/>
    public override void Encode(ReadOnlySpan<char> text, WipedList<int> ids)
    {
        if (text.IsEmpty)
        {
            return;
        }

        using WipedList<Symbol> symbols = new(256);
        using WipedList<ulong> queue = new(256);
        Span<byte> bytes = stackalloc byte[4];
        foreach ((int offset, int length) in _pieces.PreTokenize(text))
        {
            foreach (Rune rune in text.Slice(offset, length).EnumerateRunes())
            {
                int count = rune.EncodeToUtf8(bytes);
                foreach (byte value in bytes[..count])
                {
                    // A byte without a token is left out.
                    if (_byteIds[value] >= 0)
                    {
                        symbols.Add(new Symbol(0, 1, _byteIds[value]));
                    }
                }
            }

            Merge(default, symbols, queue);
            foreach (ref readonly Symbol symbol in symbols.Span)
            {
                if (symbol.Length > 0)
                {
                    ids.Add(symbol.Id);
                }
            }

            symbols.Clear();
        }

        CryptographicOperations.ZeroMemory(bytes);
    }

    /// <inheritdoc/>
    protected override bool TryMerge(ReadOnlySpan<char> text, in Symbol left, in Symbol right, out int rank, out int id)
    {
        bool merges = _merges.TryGetValue((left.Id, right.Id), out (int Rank, int Id) found);
        (rank, id) = found;
        return merges;
    }
}
