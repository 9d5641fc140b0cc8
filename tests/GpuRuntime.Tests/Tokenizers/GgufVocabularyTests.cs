using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>Vocabularies in GGUF metadata; their ids on real vocabularies are compared with llama.cpp's in the bench's tests.</summary>
public class GgufVocabularyTests
{
    private static Dictionary<string, object> BytePairs() => new()
    {
        ["tokenizer.ggml.model"] = "gpt2",
        ["tokenizer.ggml.pre"] = "qwen2",
        ["tokenizer.ggml.tokens"] = (string[])["a", "b", "ab", "1", "11", "<|end|>", "<think>", "[PAD0]"],
        ["tokenizer.ggml.token_type"] = (long[])[1, 1, 1, 1, 1, 3, 4, 5],
        ["tokenizer.ggml.merges"] = (string[])["a b", "1 1"],
        ["tokenizer.ggml.bos_token_id"] = 5UL,
        ["tokenizer.ggml.eos_token_id"] = 5UL,
        ["tokenizer.ggml.eot_token_id"] = 6UL,
    };

    [Fact]
    public void BytePairsMergeWithinThePiecesOfTheNamedPattern()
    {
        GgufVocabulary vocabulary = GgufVocabulary.Read(BytePairs());
        Assert.Equal([2, 3, 3, 0], vocabulary.Tokenizer.Encode("ab11a"));
        Assert.Equal([2, 4, 0], Read("tokenizer.ggml.pre", "gpt-2").Encode("ab11a"));
        Assert.Equal([2, 3, 3, 0], Read("tokenizer.ggml.pre", "smollm").Encode("ab11a"));
        Assert.Equal(8, vocabulary.Size);
        Assert.Equal(5, vocabulary.EosId);
        Assert.Equal([5, 6], vocabulary.StopIds.Order());
        Assert.Null(vocabulary.SentencePiece);
        Assert.Equal("<|end|>", vocabulary.Tokenizer.BosName);
    }

    [Fact]
    public void ControlTokensHaveNoTextAndTheUsersTokensKeepTheirs()
    {
        Tokenizer tokenizer = GgufVocabulary.Read(BytePairs()).Tokenizer;
        Assert.Equal([5, 6, 2], tokenizer.EncodeWithSpecials("<|end|><think>ab"));
        Assert.Equal("<think>ab", tokenizer.Decode([5, 6, 2, 7]));
        Assert.False(tokenizer.TryGetSpecial("[PAD0]", out _));
    }

    [Fact]
    public void ThePatternSaysWhetherAPromptBeginsWithTheBosTokenUnlessTheFileDoes()
    {
        Assert.False(GgufVocabulary.Read(BytePairs()).Tokenizer.AddsBos);
        Assert.True(Read("tokenizer.ggml.pre", "llama-bpe").AddsBos);
        Assert.True(Read("tokenizer.ggml.add_bos_token", true).AddsBos);
    }

    [Theory]
    [InlineData("tokenizer.ggml.pre", "jina-v9", "tokenizer.ggml.pre is jina-v9")]
    [InlineData("tokenizer.ggml.model", "bert", "the kind bert")]
    [InlineData("tokenizer.ggml.model", 7UL, "tokenizer.ggml.model has another type")]
    [InlineData("tokenizer.ggml.tokens", null, "lacks tokenizer.ggml.tokens")]
    [InlineData("tokenizer.ggml.merges", null, "lacks tokenizer.ggml.merges")]
    [InlineData("tokenizer.ggml.merges", new[] { "ab" }, "entry 0 without two parts")]
    [InlineData("tokenizer.ggml.merges", new[] { "b a" }, "merges to or from ba")]
    [InlineData("tokenizer.ggml.merges", new[] { "a zz" }, "merges to or from zz")]
    [InlineData("tokenizer.ggml.token_type", new[] { 1L }, "1 entries for 8 tokens")]
    [InlineData("tokenizer.ggml.token_type", new[] { 1L, 1, 1, 1, 1, 9, 4, 5 }, "the unknown type 9")]
    [InlineData("tokenizer.ggml.token_type", new[] { 1L, 6, 1, 1, 1, 3, 4, 5 }, "the vocabulary's token b")]
    [InlineData("tokenizer.ggml.tokens", new[] { "a", "a", "ab", "1", "11", "x", "y", "z" }, "the token a twice")]
    [InlineData("tokenizer.ggml.tokens", new[] { "a", "日", "ab", "1", "11", "x", "y", "z" }, "outside the byte-level alphabet")]
    [InlineData("tokenizer.ggml.bos_token_id", 8UL, "tokenizer.ggml.bos_token_id is 8")]
    [InlineData("tokenizer.ggml.eos_token_id", -1L, "tokenizer.ggml.eos_token_id is")]
    [InlineData("tokenizer.ggml.eot_token_id", "x", "tokenizer.ggml.eot_token_id has another type")]
    [InlineData("tokenizer.ggml.add_bos_token", 1UL, "tokenizer.ggml.add_bos_token has another type")]
    public void WhatIsMissingOrUntrueIsNamed(string key, object? value, string named)
    {
        Dictionary<string, object> metadata = BytePairs();
        metadata.Remove(key);
        if (value is not null)
        {
            metadata[key] = value;
        }

        Assert.Contains(named, Assert.Throws<ModelFormatException>(() => GgufVocabulary.Read(metadata)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASpecialTokenMayHaveTheTextOfAnOrdinaryOne()
    {
        Tokenizer tokenizer = Read("tokenizer.ggml.tokens", (string[])["a", "b", "ab", "1", "11", "a", "x", "y"]);
        Assert.Equal([0], tokenizer.Encode("a"));
        Assert.Equal([5], tokenizer.EncodeWithSpecials("a"));
    }

    private static Tokenizer Read(string key, object value)
    {
        Dictionary<string, object> metadata = BytePairs();
        metadata[key] = value;
        return GgufVocabulary.Read(metadata).Tokenizer;
    }
}
