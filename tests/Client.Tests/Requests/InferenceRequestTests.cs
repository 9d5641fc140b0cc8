using System.Text;
using Verathos.Client.Requests;

namespace Verathos.Client.Tests.Requests;

/// <summary>Requests as OpenAI clients write them, made unambiguous.</summary>
public sealed class InferenceRequestTests
{
    [Theory]
    [InlineData("0.7", 700_000u)]
    [InlineData("0", 0u)]
    [InlineData("2", 2_000_000u)]
    [InlineData("1e-1", 100_000u)]
    [InlineData("0.1234565", 123_456u)]
    [InlineData("0.30000000000000004", 300_000u)]
    public void Temperature_becomes_whole_millionths(string json, uint micro)
    {
        InferenceRequest request = Parse($$"""{"messages":[],"temperature":{{json}}}""");
        Assert.Equal(micro, request.Parameters.TemperatureMicro);

        // What is written parses to the same number again.
        Assert.Equal(micro, Parse(Encoding.UTF8.GetString(request.Encode("m"))).Parameters.TemperatureMicro);
    }

    [Theory]
    [InlineData("""{"messages":[],"temperature":2.1}""", "temperature")]
    [InlineData("""{"messages":[],"temperature":-0.1}""", "temperature")]
    [InlineData("""{"messages":[],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"messages":[],"top_p":0}""", "top_p")]
    [InlineData("""{"messages":[],"top_p":1.5}""", "top_p")]
    [InlineData("""{"messages":[],"top_k":-1}""", "top_k")]
    [InlineData("""{"messages":[],"top_k":1.5}""", "top_k")]
    [InlineData("""{"messages":[],"seed":1.5}""", "seed")]
    [InlineData("""{"messages":[],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"messages":[],"max_tokens":3,"max_completion_tokens":4}""", "max_tokens")]
    [InlineData("""{"messages":[],"n":2}""", "n ")]
    [InlineData("""{"messages":[],"stream":"yes"}""", "stream")]
    [InlineData("""{"messages":[],"model":7}""", "model")]
    [InlineData("""{"prompt":"x"}""", "messages")]
    [InlineData("""{"messages":[],"messages":[]}""", "once")]
    [InlineData("""[1]""", "object")]
    [InlineData("""{"messages":""", "JSON")]
    [InlineData("""{"messages":[],"model":"\ud800"}""", "Unicode")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", "Unicode")]
    public void What_is_wrong_is_named_and_nothing_is_sent(string json, string named)
    {
        Assert.False(InferenceRequest.TryParse(InferenceKind.Chat, Encoding.UTF8.GetBytes(json), out InferenceRequest? request, out string? error));
        Assert.Null(request);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused()
    {
        byte[] json = [.. "{\"messages\":\""u8, 0xff, 0xfe, .. "\"}"u8];
        Assert.False(InferenceRequest.TryParse(InferenceKind.Chat, json, out _, out string? error));
        Assert.Contains("UTF-8", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Absent_parameters_are_written_out()
    {
        InferenceRequest request = Parse("""{"messages":[]}""");
        Assert.Equal((1_000_000u, 1_000_000u, 0, null), (request.Parameters.TemperatureMicro, request.Parameters.TopPMicro, request.Parameters.TopK, request.Parameters.MaxTokens));
        Assert.Equal(
            $$"""{"model":"the \u0022model\u0022","messages":[],"temperature":1,"top_p":1,"top_k":0,"seed":{{request.Parameters.Seed}},"stream":true}""",
            Encoding.UTF8.GetString(request.Encode("the \"model\"")));
    }

    [Fact]
    public void Members_that_shape_only_the_transport_stay_here_and_others_pass()
    {
        InferenceRequest request = Parse("""{"model":"a","messages":[{"role":"user","content":"x"}],"stream":false,"stream_options":{"include_usage":true},"n":1,"max_completion_tokens":9,"stop":["y"],"user":null}""");
        Assert.False(request.Stream);
        Assert.True(request.IncludeUsage);
        string sent = Encoding.UTF8.GetString(request.Encode("ignored"));
        Assert.DoesNotContain("stream_options", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("\"n\"", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("user\":null", sent, StringComparison.Ordinal);
        Assert.Contains("\"stop\":[\"y\"]", sent, StringComparison.Ordinal);
        Assert.Contains("\"max_tokens\":9", sent, StringComparison.Ordinal);
        Assert.Contains("\"stream\":true", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_seed_is_taken_in_twos_complement()
    {
        InferenceRequest request = Parse("""{"messages":[],"seed":-1}""");
        Assert.Equal(ulong.MaxValue, request.Parameters.Seed);
        Assert.Contains("\"seed\":-1", Encoding.UTF8.GetString(request.Encode("m")), StringComparison.Ordinal);
    }

    [Fact]
    public void Drawn_seeds_differ() => Assert.NotEqual(Parse("""{"messages":[]}""").Parameters.Seed, Parse("""{"messages":[]}""").Parameters.Seed);

    [Fact]
    public void A_wrong_parameter_in_code_is_an_invalid_request()
    {
        VerathosException failure = Assert.Throws<VerathosException>(() => InferenceRequest.Chat([("user", "x")], temperature: 3));
        Assert.Equal(ClientFailure.InvalidRequest, failure.Failure);
    }

    internal static InferenceRequest Limited(int maxTokens) => InferenceRequest.Chat([("user", "hello")], maxTokens: maxTokens, seed: 1);

    private static InferenceRequest Parse(string json) =>
        InferenceRequest.TryParse(InferenceKind.Chat, Encoding.UTF8.GetBytes(json), out InferenceRequest? request, out string? error)
            ? request!
            : throw new InvalidOperationException(error);
}
