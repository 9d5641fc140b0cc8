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
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Lowercase\"}", "a normalizer")]
    [InlineData("\"type\":\"ByteLevel\"", "\"type\":\"Metaspace\"", "Metaspace")]
    [InlineData("\"add_prefix_space\":false", "\"add_prefix_space\":true", "add_prefix_space")]
    [InlineData("\"a b\"", "\"a b c\"", "merge 0")]
    [InlineData("\"ab\":2", "\"ab\":900", "ids with gaps")]
    [InlineData("\"special\":true", "\"special\":true,\"lstrip\":true", "the added token <|end|>")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"},\"added_tokens\":[{\"id\":3,\"content\":\"<|end|>\",\"special\":false}]", "\"normalized\": true")]
    [InlineData("\"ab\":2", "\"ab\":2,\"ab\":3", "the token ab, which is there twice")]
    [InlineData("\"ab\":2", "\"ab\":2,\"ba\":2", "the id 2")]
    [InlineData("\"ab\":2", "\"ab\":-2", "below zero")]
    [InlineData("\"ab\":2", "\"ab\":99999999999", "damaged")]
    [InlineData("\"id\":3", "\"id\":2", "the added token <|end|>, whose id or name another has")]
    [InlineData("\"content\":\"<|end|>\"", "\"content\":\"a\"", "the added token a, whose id or name another has")]
    [InlineData("\"content\":\"<|end|>\"", "\"content\":null", "null where text must be")]
    [InlineData("\"content\":\"<|end|>\"", "\"content\":7", "damaged")]
    [InlineData("[\"a b\"]", "[[\"a\",null]]", "null where text must be: merge 0")]
    [InlineData("[\"a b\"]", "{}", "damaged")]
    [InlineData("\"merges\":[\"a b\"]}}", "\"merges\":[]}} {}", "damaged")]
    [InlineData("\"use_regex\":true}", "\"use_regex\":true,\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "damaged")]
    [InlineData("\"type\":\"ByteLevel\"", "\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":{\"Regex\":\"(a+)+(?=b)\"}", "(a+)+(?=b)")]
    [InlineData("\"post_processor\":null", "\"post_processor\":{\"type\":\"RobertaProcessing\"}", "RobertaProcessing")]
    [InlineData("\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\"}},{\"SpecialToken\":{\"id\":\"<|end|>\"}}]}", "TemplateProcessing other than")]
    [InlineData("\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<|no|>\"}},{\"Sequence\":{\"id\":\"A\"}}]}", "<|no|>")]
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
    public void APieceThatIsATokenNeedsNoMergesWhereTheyAreIgnored()
    {
        string unmerged = Valid.Replace("\"a b\"", "", StringComparison.Ordinal);
        Assert.Equal([0, 1], Load(unmerged).Encode("ab"));
        Assert.Equal([2], Load(unmerged.Replace("\"ignore_merges\":false", "\"ignore_merges\":true", StringComparison.Ordinal)).Encode("ab"));
    }

    [Fact]
    public void AnAddedTokenThatIsNotSpecialIsFoundInTemplatesAndKeepsItsTextInAnswers()
    {
        Tokenizer special = Load(Valid);
        Tokenizer visible = Load(Valid.Replace("\"special\":true", "\"special\":false", StringComparison.Ordinal));
        Assert.Equal([3, 2], visible.EncodeWithSpecials("<|end|>ab"));
        Assert.Equal([2], visible.Encode("<|end|>ab"));
        Assert.Equal("<|end|>ab", visible.Decode([3, 2]));
        Assert.Equal("ab", special.Decode([3, 2]));
    }

    [Fact]
    public void ThePostProcessorPutsItsTokenBeforeAPrompt()
    {
        Tokenizer tokenizer = Load(Valid.Replace("\"post_processor\":null", "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<|end|>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]}]}", StringComparison.Ordinal));
        Assert.True(tokenizer.AddsBos);
        Assert.Equal([3, 2], tokenizer.EncodePrompt("ab"));
        Assert.Equal([3, 2], tokenizer.EncodeWithSpecials("<|end|>ab"));
    }

    [Theory]
    [InlineData("always", new[] { 4, 0, 3, 4, 0 }, new[] { 4, 0 })]
    [InlineData("first", new[] { 4, 0, 3, 0 }, new[] { 4, 0 })]
    [InlineData("never", new[] { 0, 3, 0 }, new[] { 0 })]
    public void MetaspacePutsASpaceBeforeTheTextsThatItsSchemeNames(string scheme, int[] around, int[] alone)
    {
        Tokenizer tokenizer = Load($$$"""
            {"added_tokens":[{"id":3,"content":"<|end|>","special":true}],"normalizer":null,
             "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{{scheme}}}","split":false},"decoder":null,
             "model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0,"b":1,"ab":2,"▁":4},"merges":["a b"]}}
            """);
        Assert.Equal(around, tokenizer.EncodeWithSpecials("a<|end|>a"));
        Assert.Equal(alone, tokenizer.Encode("a"));
    }

    [Fact]
    public void LettersAboveTheBasicPlaneAreLetters()
    {
        const string Text = "x \U0001D400\U0001D401 \U0001F680 1\U0001D7D8";
        string[] expected = ["x", " \U0001D400\U0001D401", " \U0001F680", " 1\U0001D7D8"];
        Assert.Equal(expected, Pieces(Text, WordSplit.Gpt2));
        Assert.Equal(expected, Pieces(Text, RegexSplit.Compile(@" ?\p{L}+| ?\p{N}+")));
    }

    internal static string[] Pieces(string text, params SplitStage[] stages)
    {
        using WipedList<Piece> pieces = new(16);
        new StagedPreTokenizer(stages).Split(text, pieces);
        return [.. pieces.Span.ToArray().Select(p => text.Substring(p.Offset, p.Length))];
    }

    private static Tokenizer Load(string json) => TokenizerJson.Load(Encoding.UTF8.GetBytes(json), TokenizerConfig.Empty);
}
