using System.Text;
using CsCheck;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class VocabularyTests
{
    private static readonly BpeVocabulary s_vocabulary = BpeTrainer.Train(
        new CorpusGenerator(1).Documents(2000).Select(d => d.Flatten()), 700);

    private static readonly Tokenizer s_tokenizer = TokenizerJson.Load(
        Encoding.UTF8.GetBytes(s_vocabulary.ToTokenizerJson()), TokenizerConfig.Empty);

    [Fact]
    public void The_most_frequent_pair_is_merged_first_and_ties_go_by_order()
    {
        BpeVocabulary small = BpeTrainer.Train(["ab ab ab cd cd", "xy xy"], 300);
        Assert.Equal([("a", "b"), ("c", "d"), ("x", "y"), ("Ġ", "ab"), ("Ġ", "cd")], small.Merges);
        Assert.Equal(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], small.Tokens.Take(3));
        Assert.Equal(259 + 5, small.Tokens.Count);
    }

    [Fact]
    public void Training_twice_gives_the_same_file()
    {
        BpeVocabulary again = BpeTrainer.Train(new CorpusGenerator(1).Documents(2000).Select(d => d.Flatten()), 700);
        Assert.Equal(s_vocabulary.ToTokenizerJson(), again.ToTokenizerJson());
    }

    [Fact]
    public void Any_text_survives_encoding()
    {
        Gen.String.Sample(text =>
        {
            string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            return s_tokenizer.Decode(s_tokenizer.Encode(valid)) == valid;
        }, iter: 500);
    }

    [Fact]
    public void Training_sees_the_same_ids_as_serving()
    {
        var encoder = new DocumentEncoder(s_tokenizer);
        Assert.True(ChatTemplate.TryCompile(ChatTemplates.ChatMl, null, null, out ChatTemplate? template, out _));
        foreach (Document document in new CorpusGenerator(2).Documents(300).Where(d => d.Turns.Count > 0))
        {
            ChatMessage[] messages = [.. document.Turns.SkipLast(1).Select(t => new ChatMessage(t.Role, t.Content))];
            int[] prompt = template!.Encode(messages, s_tokenizer);
            EncodedDocument trained = encoder.Encode(document);
            Assert.Equal(prompt, trained.Ids[..prompt.Length]);
            int[] reply = [.. trained.Ids.Where((_, i) => trained.Learned[i] && i >= prompt.Length)];
            Assert.Equal([.. s_tokenizer.Encode(document.Turns[^1].Content), DocumentEncoder.End], reply);
        }
    }
}
