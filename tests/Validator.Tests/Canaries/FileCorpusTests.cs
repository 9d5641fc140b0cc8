using System.Text;
using System.Text.Json.Nodes;
using Verathos.Validator.Canaries;

namespace Verathos.Validator.Tests.Canaries;

public class FileCorpusTests
{
    private static readonly byte[] s_secret = new byte[32];
    private static readonly CorpusShape s_shape = new(400, 64, 2);

    private static FileCorpus Read(params string[] lines)
    {
        Assert.True(FileCorpus.TryRead(Encoding.UTF8.GetBytes(string.Join('\n', lines)), s_secret, s_shape, out FileCorpus? corpus, out string? error), error);
        return corpus;
    }

    [Fact]
    public void Lines_of_text_and_bodies_are_read_and_each_comes_once()
    {
        FileCorpus corpus = Read("What is rain?", "", """{"messages":[{"role":"user","content":"Hi"}],"model":"gpt-x","max_tokens":9,"temperature":0.3}""", """{"prompt":"Once","max_tokens":4}""", "What is rain?");
        Assert.Equal(3, corpus.Count);
        Assert.Equal(1, corpus.LeftOut["said before"]);
        Assert.Equal(["Hi", "Once", "What is rain?"], Enumerable.Range(0, 3).Select(i => corpus.Get(i).Turns[0]).Order());
        Assert.Contains("longer file", Assert.Throws<CorpusException>(() => corpus.Get(3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_keeps_its_members_in_their_order_and_gets_the_served_models_name()
    {
        FileCorpus corpus = Read("""{"temperature":0.3,"model":"gpt-x","messages":[{"role":"system","content":"Be kind"},{"role":"user","content":"Hi"},{"role":"assistant","content":"made up"},{"role":"user","content":"More"}],"stop":["x"],"max_tokens":9}""");
        Conversation conversation = corpus.Get(0);
        Assert.Equal(("Be kind", 2), (conversation.System, conversation.Turns.Count));
        JsonObject body = JsonNode.Parse(conversation.ToRequest("served", ["its own"]).Encode("served"))!.AsObject();
        Assert.Equal(["model", "messages", "stop"], body.Select(member => member.Key).Take(3));
        Assert.Equal("served", (string)body["model"]!);
        Assert.Equal(["Be kind", "Hi", "its own", "More"], body["messages"]!.AsArray().Select(message => (string)message!["content"]!));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":4,"response_format":{"type":"json_object"}}""", "response_format is not judged")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":4,"tools":[]}""", "tools is not judged")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}],"max_tokens":4}""", "no messages or prompt of text")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x"}],"max_tokens":4}""", "no messages or prompt of text")]
    [InlineData("""{"prompt":[1,2],"max_tokens":4}""", "no messages or prompt of text")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":65}""", "too long for the model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"},{"role":"user","content":"z"}]}""", "too long for the model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":4,"temperature":9}""", "no client could send it")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":"4"}""", "no client could send it")]
    public void What_cannot_be_sent_or_judged_is_left_out_and_counted(string line, string reason) => Assert.Equal(1, Read("text", line).LeftOut[reason]);

    [Theory]
    [InlineData("{\"messages\":", "line 1")]
    [InlineData("{\"prompt\":\"x\",\"prompt\":\"y\"}", "line 1")]
    [InlineData("{\"prompt\":\"x\",\"arrived\":\"noon\"}", "line 1")]
    [InlineData("{\"prompt\":\"x\",\"arrived\":-1}", "line 1")]
    [InlineData("\n\n", "no line")]
    public void A_broken_file_is_refused_and_the_line_named(string text, string error)
    {
        Assert.False(FileCorpus.TryRead(Encoding.UTF8.GetBytes(text), s_secret, s_shape, out _, out string? told));
        Assert.Contains(error, told, StringComparison.Ordinal);
        Assert.False(FileCorpus.TryRead([0xff], s_secret, s_shape, out _, out _));
    }

    [Fact]
    public void Arrivals_are_the_files_own_where_it_has_enough()
    {
        FileCorpus corpus = Read([.. Enumerable.Range(0, 200).Select(i => $$"""{"prompt":"p{{i}}","max_tokens":4,"arrived":{{1_700_000_000 + (i % 60)}}}""")]);
        Assert.Equal(201, corpus.Arrivals.HourWeights[22]);
        Assert.Equal(ArrivalProfile.Default, Read("""{"prompt":"p","max_tokens":4,"arrived":1700000000}""").Arrivals);
    }

    [Fact]
    public void Rules_say_what_is_wrong_with_them_and_open_a_file_beside_the_configuration()
    {
        CanaryRules rules = CanaryRules.For(512);
        Assert.Empty(rules.Errors);
        Assert.IsType<GeneratedCorpus>(rules.Open(s_secret, "."));
        Assert.Equal(4, new CanaryRules { Corpus = null, Cohort = 0, MaxAnswerTokens = 0, MaxPromptBytes = 1, MaxTurns = 0 }.Errors.Count);
        string folder = Directory.CreateTempSubdirectory("verathos-corpus-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "prompts.txt"), "one\ntwo\n");
            Assert.Equal(2, (rules with { Corpus = "prompts.txt" }).Open(s_secret, folder).Count);
            Assert.Contains("cannot be read", Assert.Throws<CorpusException>(() => (rules with { Corpus = "none.txt" }).Open(s_secret, folder)).Message, StringComparison.Ordinal);
            Assert.Throws<CorpusException>(() => (rules with { MaxTurns = 0 }).Open(s_secret, folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
