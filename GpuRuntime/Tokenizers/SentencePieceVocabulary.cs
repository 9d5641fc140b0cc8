using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// A SentencePiece vocabulary of the kind that Llama 2 uses (byte-pair merges by score, bytes as fallback, a space before the
/// text). Field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.
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
    private const char Space = '\u2581';

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
                _ => Encoding.UTF8.GetBytes(Pieces[id].Replace(Space, ' ')),
            };
            if (Types[id] == PieceType.Control)
            {
                specials[Pieces[id]] = id;
            }
        }

        try
        {
            using MemoryStream model = new(EncodeModel());
            LlamaTokenizer encoder = LlamaTokenizer.Create(model, addBeginOfSentence: false, addEndOfSentence: false);
            return new Tokenizer(encoder, new TokenizerParts(bytes, specials, BosId, AddsBos, StripsFirstSpace: true));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or KeyNotFoundException)
        {
            throw new ModelFormatException($"the vocabulary was refused: {e.Message}", e);
        }
    }

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

    private byte[] EncodeModel()
    {
        ProtobufWriter model = new();
        for (int id = 0; id < Pieces.Count; id++)
        {
            ProtobufWriter piece = new();
            piece.Bytes(1, Encoding.UTF8.GetBytes(Pieces[id]));
            piece.Single(2, Scores[id]);
            piece.Number(3, (ulong)Types[id]);
            model.Message(1, piece);
        }

        ProtobufWriter trainer = new();
        trainer.Number(3, 2); // model_type BPE
        trainer.Number(4, (ulong)Pieces.Count);
        trainer.Number(35, 1); // byte_fallback
        trainer.Number(40, (ulong)UnknownId);
        trainer.Number(41, (ulong)BosId);
        trainer.Number(42, (ulong)EosId);
        trainer.Bytes(45, Encoding.UTF8.GetBytes(Pieces[UnknownId]));
        trainer.Bytes(46, Encoding.UTF8.GetBytes(Pieces[BosId]));
        trainer.Bytes(47, Encoding.UTF8.GetBytes(Pieces[EosId]));
        model.Message(2, trainer);
        ProtobufWriter normalizer = new();
        normalizer.Bytes(1, "identity"u8);
        normalizer.Number(3, 1); // add_dummy_prefix
        normalizer.Number(4, 0); // remove_extra_whitespaces
        normalizer.Number(5, 1); // escape_whitespaces
        model.Message(3, normalizer);
        return model.ToArray();
    }
}
