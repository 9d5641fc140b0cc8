using System.Text.Json;
using Microsoft.Extensions.AI;
using Verathos.Client.Chat;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Chat;

/// <summary>The adapter to Microsoft.Extensions.AI.</summary>
public sealed class ChatClientTests
{
    [Fact]
    public async Task Gives_a_whole_response_with_usage_and_the_verified_answer()
    {
        using TestBed bed = new();
        using VerathosChatClient chat = new(await bed.ConnectAsync(), ownsClient: true);
        ChatResponse response = await chat.GetResponseAsync("hello", new ChatOptions { Temperature = 0, MaxOutputTokens = 16, Seed = 3 });
        Assert.Equal("word0 word1 word2 word3 word4 ", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(3, response.Usage!.InputTokenCount);
        Assert.Equal(5, response.Usage.OutputTokenCount);
        Assert.Equal(true, response.AdditionalProperties![VerathosChatClient.SimulatedProperty]);
        Assert.True(Assert.IsType<Answer>(response.RawRepresentation).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task Streams_updates_that_fold_to_the_same_response()
    {
        using TestBed bed = new();
        using VerathosChatClient chat = new(await bed.ConnectAsync(), ownsClient: true);
        List<ChatResponseUpdate> updates = await chat.GetStreamingResponseAsync("hello").ToListAsync();
        Assert.Equal(["word0 ", "word1 ", "word2 ", "word3 ", "word4 ", "", ""], updates.Select(update => update.Text));
        ChatResponse response = updates.ToChatResponse();
        Assert.Equal("word0 word1 word2 word3 word4 ", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(8, response.Usage!.TotalTokenCount);
        Assert.IsType<Answer>(updates[^1].RawRepresentation);
    }

    [Fact]
    public async Task Sends_instructions_turns_and_options()
    {
        using TestBed bed = new();
        using VerathosChatClient chat = new(await bed.ConnectAsync(), ownsClient: true);
        await chat.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "one"), new ChatMessage(ChatRole.Assistant, "two"), new ChatMessage(ChatRole.User, "three")],
            new ChatOptions { Instructions = "be brief", Temperature = 0.5f, TopP = 0.25f, TopK = 7, Seed = 9, StopSequences = ["."], MaxOutputTokens = 11 });
        Assert.Equal(
            """{"model":"test-model","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"role":"user","content":"three"}],"stop":["."],"temperature":0.5,"top_p":0.25,"top_k":7,"seed":9,"max_tokens":11,"stream":true}""",
            System.Text.Encoding.UTF8.GetString(bed.Node.LastRequest!.Content.Span));
    }

    [Fact]
    public async Task Passes_penalties_formats_and_log_probabilities_through()
    {
        using TestBed bed = new();
        using VerathosChatClient chat = new(await bed.ConnectAsync(), ownsClient: true);
        ChatResponse response = await chat.GetResponseAsync("x", new ChatOptions
        {
            FrequencyPenalty = 0.5f,
            PresencePenalty = -0.5f,
            Seed = 1,
            ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"integer"}"""), "number"),
            AdditionalProperties = new AdditionalPropertiesDictionary { ["top_logprobs"] = 1, ["repetition_penalty"] = 1.5 },
        });
        Assert.Equal(
            """{"model":"test-model","messages":[{"role":"user","content":"x"}],"logprobs":true,"top_logprobs":1,"response_format":{"type":"json_schema","json_schema":{"name":"number","schema":{"type":"integer"}}},"temperature":1,"top_p":1,"top_k":0,"seed":1,"frequency_penalty":0.5,"presence_penalty":-0.5,"repetition_penalty":1.5,"stream":true}""",
            System.Text.Encoding.UTF8.GetString(bed.Node.LastRequest!.Content.Span));
        JsonElement tokens = Assert.IsType<JsonElement>(response.AdditionalProperties![VerathosChatClient.LogProbabilitiesProperty]).GetProperty("content");
        Assert.Equal(5, tokens.GetArrayLength());
        await chat.GetResponseAsync("x", new ChatOptions { ResponseFormat = ChatResponseFormat.Json, Seed = 1 });
        Assert.Contains("\"response_format\":{\"type\":\"json_object\"}", System.Text.Encoding.UTF8.GetString(bed.Node.LastRequest!.Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_what_it_does_not_do()
    {
        using TestBed bed = new();
        using VerathosChatClient chat = new(await bed.ConnectAsync(), ownsClient: true);
        await Assert.ThrowsAsync<NotSupportedException>(() => chat.GetResponseAsync("x", new ChatOptions { Tools = [AIFunctionFactoryStub()] }));
        await Assert.ThrowsAsync<NotSupportedException>(
            () => chat.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));
        Assert.Equal(0, bed.Node.SealedRequests);
    }

    [Fact]
    public async Task Offers_its_metadata_and_the_client_underneath()
    {
        using TestBed bed = new();
        VerathosClient client = await bed.ConnectAsync();
        using VerathosChatClient chat = new(client, ownsClient: true);
        Assert.Equal("verathos", chat.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Same(client, chat.GetService<VerathosClient>());
        Assert.Same(chat, chat.GetService<IChatClient>());
    }

    private static AITool AIFunctionFactoryStub() => AIFunctionFactory.Create(() => 1, "one");
}
