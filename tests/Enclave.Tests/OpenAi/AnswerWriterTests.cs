using System.Text;
using System.Text.Json;
using Verathos.Enclave.OpenAi;

namespace Verathos.Enclave.Tests.OpenAi;

public sealed class AnswerWriterTests
{
    [Fact]
    public void AChatChunkIsOpenAisWithTheIdsBeside()
    {
        using AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);

        writer.Begin();
        writer.Chunk("zwei \"ß\"\n", [5, 6], null);
        JsonElement chunk = Data(writer);

        Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString());
        Assert.Equal("chatcmpl-1", chunk.GetProperty("id").GetString());
        Assert.Equal(1234, chunk.GetProperty("created").GetInt64());
        JsonElement choice = chunk.GetProperty("choices")[0];
        Assert.Equal("assistant", choice.GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal("zwei \"ß\"\n", choice.GetProperty("delta").GetProperty("content").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("finish_reason").ValueKind);
        Assert.Equal([5, 6], chunk.GetProperty("verathos").GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
    }

    [Fact]
    public void OnlyTheFirstChunkNamesTheRoleAndOnlyTheLastAFinish()
    {
        using AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);
        writer.Begin();
        writer.Chunk("a", [1], null);
        writer.Begin();
        writer.Chunk("", [], "stop");

        JsonElement choice = Data(writer).GetProperty("choices")[0];
        Assert.False(choice.GetProperty("delta").TryGetProperty("role", out _));
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public void ACompletionChunkCarriesText()
    {
        using AnswerWriter writer = Writer(ApiEndpoint.Completions);
        writer.Begin();
        writer.Chunk("abc", [1], null);

        JsonElement chunk = Data(writer);
        Assert.Equal("text_completion", chunk.GetProperty("object").GetString());
        Assert.Equal("abc", chunk.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public void UsageIsAChunkWithoutChoices()
    {
        using AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);
        writer.Begin();
        writer.Usage(3, 4);

        JsonElement chunk = Data(writer);
        Assert.Equal(0, chunk.GetProperty("choices").GetArrayLength());
        Assert.Equal(7, chunk.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public void TheAcceptanceCarriesTheSecretAndTheIds()
    {
        using AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);
        writer.Begin();
        writer.Acceptance("verathos.acceptance"u8, [0xFB, 0xFF], new byte[32], [7, 8]);

        string text = Encoding.UTF8.GetString(writer.Step);
        Assert.StartsWith("event: verathos.acceptance\ndata: ", text, StringComparison.Ordinal);
        JsonElement data = Data(writer);
        Assert.Equal("-_8", data.GetProperty("cose").GetString());
        Assert.Equal(43, data.GetProperty("receipt_secret").GetString()!.Length);
        Assert.Equal([7, 8], data.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32()));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("considerably longer")]
    [InlineData("日本語")]
    public void StepsOfDifferentTokensHaveOneLength(string text)
    {
        using AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);
        writer.Begin();
        writer.Chunk(text, [1], null);
        writer.Pad();

        Assert.Equal(512, writer.Step.Length);
    }

    [Fact]
    public void PaddingIsACommentOfAnyLength()
    {
        for (int length = 1; length <= 600; length++)
        {
            using AnswerWriter writer = Writer(ApiEndpoint.Completions);
            writer.Begin();
            writer.Chunk(new string('x', length), [1], null);
            writer.Pad();

            Assert.Equal(0, writer.Step.Length % 512);
            string[] lines = Encoding.UTF8.GetString(writer.Step).Split('\n');
            Assert.Single(lines, line => line.StartsWith("data: ", StringComparison.Ordinal));
            Assert.All(lines.Skip(1), line => Assert.True(line.Length == 0 || line[0] == ':', line));
        }
    }

    [Fact]
    public void TheAnswersTextIsZeroedAtTheEnd()
    {
        AnswerWriter writer = Writer(ApiEndpoint.ChatCompletions);
        writer.Begin();
        writer.Chunk("secret", [1], null);
        byte[] backing = writer.Buffer.Backing;

        writer.Dispose();

        Assert.All(backing, octet => Assert.Equal(0, octet));
    }

    private static AnswerWriter Writer(ApiEndpoint endpoint) =>
        new(new ApiRequest { Endpoint = endpoint, Model = "tiny" }, "chatcmpl-1", 1234, 512);

    private static JsonElement Data(AnswerWriter writer)
    {
        string text = Encoding.UTF8.GetString(writer.Step);
        string line = text.Split('\n').Single(line => line.StartsWith("data: ", StringComparison.Ordinal));
        return JsonDocument.Parse(line["data: ".Length..]).RootElement;
    }
}
