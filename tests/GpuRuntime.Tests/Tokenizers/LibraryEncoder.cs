using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;
using Verathos.GpuRuntime.Tokenizers;
using Tokenizer = Microsoft.ML.Tokenizers.Tokenizer;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>The same vocabularies in another implementation, to compare ids with.</summary>
internal static class LibraryEncoder
{
    /// <summary>SmolLM2's tokenizer.json: digits one by one, then GPT-2's pattern.</summary>
    public static Tokenizer ByteLevel(byte[] tokenizerJson)
    {
        using JsonDocument document = JsonDocument.Parse(tokenizerJson);
        JsonElement model = document.RootElement.GetProperty("model");
        BpeOptions options = new(model.GetProperty("vocab").EnumerateObject().Select(static e => KeyValuePair.Create(e.Name, e.Value.GetInt32())))
        {
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(static m => m.GetString()!)],
            ByteLevel = true,
            PreTokenizer = new Pieces(new StagedPreTokenizer([DigitSplit.Each, WordSplit.Gpt2Script])),
        };
        return BpeTokenizer.Create(options);
    }

    /// <summary>A SentencePiece vocabulary; field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.</summary>
    public static Tokenizer SentencePiece(SentencePieceVocabulary vocabulary)
    {
        ProtobufWriter model = new();
        for (int id = 0; id < vocabulary.Pieces.Count; id++)
        {
            ProtobufWriter piece = new();
            piece.Bytes(1, Encoding.UTF8.GetBytes(vocabulary.Pieces[id]));
            piece.Single(2, vocabulary.Scores[id]);
            piece.Number(3, (ulong)vocabulary.Types[id]);
            model.Message(1, piece);
        }

        ProtobufWriter trainer = new();
        trainer.Number(3, 2); // model_type BPE
        trainer.Number(4, (ulong)vocabulary.Pieces.Count);
        trainer.Number(35, 1); // byte_fallback
        trainer.Number(40, (ulong)vocabulary.UnknownId);
        trainer.Number(41, (ulong)vocabulary.BosId);
        trainer.Number(42, (ulong)vocabulary.EosId);
        trainer.Bytes(45, Encoding.UTF8.GetBytes(vocabulary.Pieces[vocabulary.UnknownId]));
        trainer.Bytes(46, Encoding.UTF8.GetBytes(vocabulary.Pieces[vocabulary.BosId]));
        trainer.Bytes(47, Encoding.UTF8.GetBytes(vocabulary.Pieces[vocabulary.EosId]));
        model.Message(2, trainer);
        ProtobufWriter normalizer = new();
        normalizer.Bytes(1, "identity"u8);
        normalizer.Number(3, 1); // add_dummy_prefix
        normalizer.Number(4, 0); // remove_extra_whitespaces
        normalizer.Number(5, 1); // escape_whitespaces
        model.Message(3, normalizer);
        using MemoryStream stream = new(model.ToArray());
        return LlamaTokenizer.Create(stream, addBeginOfSentence: false, addEndOfSentence: false);
    }

    private sealed class Pieces(StagedPreTokenizer stages) : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
        {
            using WipedList<Piece> pieces = new(16);
            stages.Split(text, pieces);
            return [.. pieces.Span.ToArray().Select(static p => (p.Offset, p.Length))];
        }
    }
}
