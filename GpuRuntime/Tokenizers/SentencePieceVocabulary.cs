using System.Globalization;
using System.Text;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// A SentencePiece vocabulary of the kind that Llama 2 uses (byte-pair merges by score, bytes as fallback, a space before the
/// text).
/// </summary>
/// <param name="Pieces">The text of each id; U+2581 stands for a space, &lt;0xNN&gt; for a byte.</param>
/// <param name="Scores">The score of each id: the pair that makes the piece with the highest score merges first.</param>
/// <param name="Types">The type of each id.</param>
/// <param name="UnknownId">The unknown token.</param>
/// <param name="BosId">The token that begins a sequence.</param>
/// <param name="EosId">The token that ends one.</param>
/// <param name="AddsBos">Whether a prompt begins with it.</param>
public sealed record SentencePieceVocabulary(
    IReadOnlyList<string> Pieces,
    IReadOnlyList<float> Scores,
    IReadOnlyList<PieceType> Types,
    int UnknownId,
    int BosId,
    int EosId,
    bool AddsBos)
{
    /// <summary>Stands for a space.</summary>
    internal const char Space = '\u2581';

    /// <summary>Makes the tokenizer.</summary>
    /// <exception cref="ModelFormatException">The vocabulary is not one that the encoder accepts.</exception>
    public Tokenizer ToTokenizer()
    {
        int count = Pieces.Count;
        if (count == 0 || Scores.Count != count || Types.Count != count || (uint)UnknownId >= (uint)count || (uint)BosId >= (uint)count || (uint)EosId >= (uint)count)
        {
            throw new ModelFormatException("the vocabulary's pieces, scores, types and special ids do not fit together");
        }

        byte[][] bytes = new byte[count][];
        Dictionary<string, int> specials = new(StringComparer.Ordinal);
        for (int id = 0; id < count; id++)
        {
            bytes[id] = Types[id] switch
            {
                PieceType.Byte => [ParseByte(Pieces[id])],
                PieceType.Control or PieceType.Unknown => [],
                PieceType.UserDefined => Encoding.UTF8.GetBytes(Pieces[id]),
                _ => Encoding.UTF8.GetBytes(Pieces[id].Replace(Space, ' ')),
            };
            if (Types[id] is PieceType.Control or PieceType.UserDefined && (Pieces[id].Length == 0 || !specials.TryAdd(Pieces[id], id)))
            {
                throw new ModelFormatException($"the vocabulary has the special token \"{Pieces[id]}\" twice, or one without a name");
            }
        }

        return new Tokenizer(new SentencePieceEncoder(this), new TokenizerParts(bytes, specials, BosId, AddsBos, Pieces[BosId], Pieces[EosId], StripsFirstSpace: true));
    }

    /// <summary>The piece of a byte, such as &lt;0x0A&gt;.</summary>
    internal static string BytePiece(byte value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>The byte of a piece such as &lt;0x0A&gt;.</summary>
    internal static byte ParseByte(string piece) =>
        TryParseByte(piece, out byte value) ? value : throw new ModelFormatException($"the piece {piece} is marked as a byte but is none");

    /// <summary>Whether a piece has the form &lt;0xNN&gt;.</summary>
    internal static bool TryParseByte(string piece, out byte value)
    {
        value = 0;
        return piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
