using System.Text;
using CsCheck;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

public class TokenDecoderTests
{
    [Fact]
    public void PiecesAreWholeCharactersAndTogetherTheText()
    {
        using LoadedModel model = SmallModel.Create();
        Gen.String.Sample(text =>
        {
            string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            TokenDecoder decoder = model.Tokenizer.CreateDecoder();
            StringBuilder joined = new();
            foreach (int id in model.Tokenizer.Encode(wellFormed))
            {
                string piece = decoder.Append(id);
                Assert.True(piece.Length == 0 || (!char.IsHighSurrogate(piece[^1]) && !char.IsLowSurrogate(piece[0])));
                joined.Append(piece);
            }

            joined.Append(decoder.Flush());
            return joined.ToString() == wellFormed;
        });
    }

    [Fact]
    public void UnfinishedCharacterBecomesOneReplacement()
    {
        using LoadedModel model = SmallModel.Create();
        TokenDecoder decoder = model.Tokenizer.CreateDecoder();
        Assert.Equal("", decoder.Append(0xf0));
        Assert.Equal("", decoder.Append(0x9f));
        Assert.Equal("\ufffd", decoder.Flush());
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void SpecialAndForeignIdsHaveNoText()
    {
        using LoadedModel model = SmallModel.Create();
        Assert.True(model.Tokenizer.TryGetSpecial("<|im_end|>", out int end));
        Assert.Equal("ab", model.Tokenizer.Decode(['a', end, 'b', 100000, -1]));
    }
}
