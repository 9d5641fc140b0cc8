using System.Text;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

public class TokenizerJsonTests
{
    private const string Valid = """
        {"added_tokens":[{"id":3,"content":"<|end|>","special":true}],"normalizer":null,
         "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},"post_processor":null,
         "model":{"type":"BPE","dropout":null,"ignore_merges":false,"byte_fallback":false,"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}
        """;

    [Fact]
    public void SmallVocabularyMerges()
    {
        Tokenizer tokenizer = TokenizerJson.Load(Encoding.UTF8.GetBytes(Valid), TokenizerConfig.Empty);
        Assert.Equal([2, 0, 1 - 1], tokenizer.Encode("abaa"));
        Assert.Equal([2, 3, 2], tokenizer.EncodeWithSpecials("ab<|end|>ab"));
        Assert.Equal(4, tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData("\"type\":\"BPE\"", "\"type\":\"Unigram\"", "Unigram")]
    [InlineData("\"dropout\":null", "\"dropout\":0.1", "model.dropout")]
    [InlineData("\"ignore_merges\":false", "\"ignore_merges\":true", "model.ignore_merges")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Lowercase\"}", "a normalizer")]
    [InlineData("\"type\":\"ByteLevel\"", "\"type\":\"Metaspace\"", "Metaspace")]
    [InlineData("\"add_prefix_space\":false", "\"add_prefix_space\":true", "add_prefix_space")]
    [InlineData("\"a b\"", "\"a b c\"", "merge 0")]
    [InlineData("\"ab\":2", "\"ab\":900", "ids with gaps")]
    [InlineData("\"special\":true", "\"special\":true,\"lstrip\":true", "the added token <|end|>")]
    [InlineData("\"special\":true", "\"special\":false", "the added token <|end|> without \"special\": true")]
    [InlineData("\"special\":true", "\"normalized\":false", "the added token <|end|> without \"special\": true")]
    [InlineData("\"a b\"", "\"b a\"", "ba")]
    [InlineData("\"ab\":2", "\"日\":2", "outside the byte-level alphabet")]
    [InlineData("\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback")]
    [InlineData("\"model\"", "\"modell\"", "damaged")]
    public void WhatWouldChangeIdsIsRefused(string before, string after, string named)
    {
        Assert.Contains(before, Valid, StringComparison.Ordinal);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() =>
            TokenizerJson.Load(Encoding.UTF8.GetBytes(Valid.Replace(before, after, StringComparison.Ordinal)), TokenizerConfig.Empty));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LettersAboveTheBasicPlaneAreLetters()
    {
        StagedPreTokenizer pieces = new([StagedPreTokenizer.Gpt2]);
        const string Text = "x \U0001D400\U0001D401 \U0001F680 1\U0001D7D8";
        Assert.Equal(["x", " \U0001D400\U0001D401", " \U0001F680", " 1\U0001D7D8"], pieces.PreTokenize(Text).Select(p => Text.Substring(p.Offset, p.Length)));
    }
}
