using System.Text;
using Verathos.Enclave.OpenAi;

namespace Verathos.Enclave.Tests.OpenAi;

public sealed class ApiRequestParserTests
{
    private const string Chat = """{"model":"tiny","messages":[{"role":"user","content":"hello"}]}""";

    [Fact]
    public void AChatIsReadWithOpenAisDefaults()
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, Chat);

        Assert.Equal("tiny", request.Model);
        Assert.Equal(new ApiMessage("user", "hello"), Assert.Single(request.Messages));
        Assert.Equal((1_000_000u, 1_000_000u, 0, 0ul), (request.TemperatureMicro, request.TopPMicro, request.TopK, request.Seed));
        Assert.Null(request.MaxTokens);
        Assert.Empty(request.Stop);
        Assert.False(request.Stream);
    }

    [Fact]
    public void EveryParameterThatCountsIsRead()
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, With("""
            "temperature":0.7,"top_p":0.95,"top_k":40,"seed":-1,"max_completion_tokens":7,"stop":["\n","END"],
            "stream":true,"stream_options":{"include_usage":true},"user":"u","n":1,"logprobs":false,"presence_penalty":0,
            "frequency_penalty":0.0,"response_format":{"type":"text"},"tools":[],"tool_choice":"none","logit_bias":{},"store":false,
            "metadata":null
            """));

        Assert.Equal((700_000u, 950_000u, 40), (request.TemperatureMicro, request.TopPMicro, request.TopK));
        Assert.Equal(ulong.MaxValue, request.Seed);
        Assert.Equal(7, request.MaxTokens);
        Assert.Equal(["\n", "END"], request.Stop);
        Assert.True(request.Stream);
        Assert.True(request.IncludeUsage);
    }

    [Fact]
    public void PartsOfTextAreJoined()
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, """
            {"model":"m","messages":[{"role":"developer","content":"be brief"},
            {"role":"user","content":[{"type":"text","text":"one "},{"type":"text","text":"two"}]}]}
            """);

        Assert.Equal([new ApiMessage("system", "be brief"), new ApiMessage("user", "one two")], request.Messages);
    }

    [Fact]
    public void ACompletionTakesTextOrIds()
    {
        using ApiRequest text = Accept(ApiEndpoint.Completions, """{"model":"m","prompt":"Once","echo":false,"best_of":1}""");
        using ApiRequest ids = Accept(ApiEndpoint.Completions, """{"model":"m","prompt":[1,2,300]}""");

        Assert.Equal("Once", text.Prompt);
        Assert.Equal([1, 2, 300], ids.PromptIds!.Span.ToArray());
    }

    [Theory]
    [InlineData("0", 0u)]
    [InlineData("1e-7", 0u)]
    [InlineData("0.0000025", 2u)]
    [InlineData("0.30000000000000004", 300_000u)]
    [InlineData("2", 2_000_000u)]
    public void TemperatureIsRoundedToMillionthsHalfToEven(string json, uint micro)
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, With($"\"temperature\":{json}"));

        Assert.Equal(micro, request.TemperatureMicro);
    }

    [Theory]
    [InlineData("unknown member", "\"tpo_p\":1", "unsupported_parameter", "tpo_p")]
    [InlineData("two answers", "\"n\":2", "unsupported_parameter", "n")]
    [InlineData("large presence penalty", "\"presence_penalty\":2.5", "invalid_parameter", "presence_penalty")]
    [InlineData("small frequency penalty", "\"frequency_penalty\":-2.000001", "invalid_parameter", "frequency_penalty")]
    [InlineData("penalty in words", "\"frequency_penalty\":\"1\"", "invalid_parameter", "frequency_penalty")]
    [InlineData("no repetition penalty", "\"repetition_penalty\":0", "invalid_parameter", "repetition_penalty")]
    [InlineData("large repetition penalty", "\"repetition_penalty\":10.5", "invalid_parameter", "repetition_penalty")]
    [InlineData("log-probabilities as a number", "\"logprobs\":1", "invalid_parameter", "logprobs")]
    [InlineData("too many log-probabilities", "\"logprobs\":true,\"top_logprobs\":21", "invalid_parameter", "top_logprobs")]
    [InlineData("likeliest tokens alone", "\"top_logprobs\":1", "invalid_parameter", "top_logprobs")]
    [InlineData("bias", "\"logit_bias\":{\"5\":1}", "unsupported_parameter", "logit_bias")]
    [InlineData("grammar", "\"response_format\":{\"type\":\"grammar\"}", "unsupported_parameter", "response_format.type")]
    [InlineData("format without a type", "\"response_format\":{}", "invalid_parameter", "response_format")]
    [InlineData("object with a schema", "\"response_format\":{\"type\":\"json_object\",\"schema\":{}}", "unsupported_parameter", "response_format.schema")]
    [InlineData("no schema", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}", "invalid_parameter", "response_format.json_schema")]
    [InlineData("strict in words", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{},\"strict\":\"yes\"}}", "invalid_parameter", "response_format.json_schema.strict")]
    [InlineData("unknown format member", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{},\"loose\":true}}", "unsupported_parameter", "response_format.json_schema.loose")]
    [InlineData("tools", "\"tools\":[{}]", "unsupported_parameter", "tools")]
    [InlineData("chosen tool", "\"tool_choice\":\"auto\"", "unsupported_parameter", "tool_choice")]
    [InlineData("storing", "\"store\":true", "unsupported_parameter", "store")]
    [InlineData("sound", "\"modalities\":[\"text\",\"audio\"]", "unsupported_parameter", "modalities")]
    [InlineData("prompt in a chat", "\"prompt\":\"x\"", "unsupported_parameter", "prompt")]
    [InlineData("unknown stream option", "\"stream_options\":{\"x\":1}", "unsupported_parameter", "stream_options.x")]
    [InlineData("hot", "\"temperature\":2.1", "invalid_parameter", "temperature")]
    [InlineData("cold", "\"temperature\":-0.1", "invalid_parameter", "temperature")]
    [InlineData("temperature in words", "\"temperature\":\"1\"", "invalid_parameter", "temperature")]
    [InlineData("no mass", "\"top_p\":0", "invalid_parameter", "top_p")]
    [InlineData("mass below a millionth", "\"top_p\":0.0000001", "invalid_parameter", "top_p")]
    [InlineData("more than all mass", "\"top_p\":1.000001", "invalid_parameter", "top_p")]
    [InlineData("negative k", "\"top_k\":-1", "invalid_parameter", "top_k")]
    [InlineData("no tokens", "\"max_tokens\":0", "invalid_parameter", "max_tokens")]
    [InlineData("half a token", "\"max_tokens\":1.5", "invalid_parameter", "max_tokens")]
    [InlineData("both limits", "\"max_tokens\":1,\"max_completion_tokens\":1", "invalid_parameter", "max_completion_tokens")]
    [InlineData("seed too large", "\"seed\":18446744073709551616", "invalid_parameter", "seed")]
    [InlineData("five stops", "\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "invalid_parameter", "stop")]
    [InlineData("empty stop", "\"stop\":\"\"", "invalid_parameter", "stop")]
    [InlineData("stream in words", "\"stream\":\"yes\"", "invalid_parameter", "stream")]
    [InlineData("twice", "\"seed\":1,\"seed\":1", "duplicate_member", "seed")]
    [InlineData("twice below", "\"stream_options\":{\"include_usage\":true,\"include_usage\":true}", "duplicate_member", "include_usage")]
    public void AParameterThatCannotBeHonouredIsNamed(string name, string member, string code, string param)
    {
        ApiError error = Refuse(ApiEndpoint.ChatCompletions, With(member));

        Assert.True(error.Code == code && error.Param == param, $"{name}: {error.Code} {error.Param}");
        Assert.Equal(400, error.Status);
    }

    [Theory]
    [InlineData("\"logprobs\":false", null)]
    [InlineData("\"logprobs\":true", 0)]
    [InlineData("\"top_logprobs\":5,\"logprobs\":true", 5)]
    public void LogProbabilitiesOfAChatAreTwoMembers(string members, int? expected)
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, With(members));

        Assert.Equal(expected, request.LogProbabilities);
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData("0", 0)]
    [InlineData("5", 5)]
    public void LogProbabilitiesOfACompletionAreANumber(string value, int? expected)
    {
        using ApiRequest request = Accept(ApiEndpoint.Completions, $$"""{"model":"m","prompt":"x","logprobs":{{value}}}""");

        Assert.Equal(expected, request.LogProbabilities);
    }

    [Fact]
    public void PenaltiesAreTakenInMillionths()
    {
        using ApiRequest request = Accept(ApiEndpoint.ChatCompletions, With("\"presence_penalty\":-0.5,\"frequency_penalty\":1.25,\"repetition_penalty\":1.1"));
        using ApiRequest none = Accept(ApiEndpoint.ChatCompletions, With("\"repetition_penalty\":1.0"));

        Assert.Equal((1_250_000, -500_000, 1_100_000u), (request.FrequencyPenaltyMicro, request.PresencePenaltyMicro, request.RepetitionPenaltyMicro));
        Assert.Equal(0u, none.RepetitionPenaltyMicro);
    }

    [Theory]
    [InlineData("no model", """{"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("null model", """{"model":null,"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("no messages", """{"model":"m"}""", "messages")]
    [InlineData("empty messages", """{"model":"m","messages":[]}""", "messages")]
    [InlineData("message without content", """{"model":"m","messages":[{"role":"user"}]}""", "messages[0]")]
    [InlineData("strange role", """{"model":"m","messages":[{"role":"root","content":"x"}]}""", "messages[0].role")]
    [InlineData("picture", """{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"x"}]}]}""", "messages[0].content")]
    [InlineData("named speaker", """{"model":"m","messages":[{"role":"user","content":"x","name":"y"}]}""", "messages[0].name")]
    [InlineData("tool call", """{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[]}]}""", "messages[1].tool_calls")]
    public void AChatThatIsNotOneIsNamed(string name, string body, string param)
    {
        ApiError error = Refuse(ApiEndpoint.ChatCompletions, body);

        Assert.True(error.Param == param, $"{name}: {error.Param}");
    }

    [Theory]
    [InlineData("not JSON", "{", "invalid_json")]
    [InlineData("array", "[]", "invalid_json")]
    [InlineData("trailing comma", """{"model":"m",}""", "invalid_json")]
    [InlineData("comment", """{"model":"m"/**/}""", "invalid_json")]
    [InlineData("trailing bytes", """{"model":"m"} x""", "invalid_json")]
    [InlineData("half a surrogate", """{"model":"\ud800","messages":[]}""", "invalid_utf8")]
    public void BrokenTextIsRefused(string name, string body, string code)
    {
        ApiError error = Refuse(ApiEndpoint.ChatCompletions, body);

        Assert.True(error.Code == code, $"{name}: {error.Code}");
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        byte[] body = Encoding.UTF8.GetBytes(Chat);
        body[Chat.IndexOf("hello", StringComparison.Ordinal)] = 0xFF;

        Assert.False(ApiRequestParser.TryParse(ApiEndpoint.ChatCompletions, body, out _, out ApiError? error));
        Assert.Equal("invalid_utf8", error!.Code);
    }

    [Fact]
    public void DeepNestingIsRefusedAndNotFollowed()
    {
        string body = "{\"model\":\"m\",\"messages\":" + new string('[', 5000) + new string(']', 5000) + "}";

        Assert.Equal("invalid_json", Refuse(ApiEndpoint.ChatCompletions, body).Code);
    }

    [Theory]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"tulip-canary","name":"x"}]}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"tulip-canary"}],"temperature":9}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"tulip-canary","content":"x"}]}""")]
    [InlineData("""{"model":"tiny","messages":"tulip-canary"}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"tulip-canary"}""")]
    public void NoErrorRepeatsThePrompt(string body)
    {
        string json = Encoding.UTF8.GetString(Refuse(ApiEndpoint.ChatCompletions, body).ToJson());

        Assert.DoesNotContain("tulip", json, StringComparison.Ordinal);
    }

    [Fact]
    public void TheTextsAreWipedAtTheEnd()
    {
        ApiRequest request = Accept(ApiEndpoint.ChatCompletions, With("\"stop\":\"tulip\""));
        string content = request.Messages[0].Content;
        string stop = request.Stop[0];

        request.Dispose();

        Assert.Equal(new string('\0', 5), content);
        Assert.Equal(new string('\0', 5), stop);
    }

    private static string With(string members) => Chat[..^1] + "," + members + "}";

    private static ApiRequest Accept(ApiEndpoint endpoint, string body)
    {
        bool accepted = ApiRequestParser.TryParse(endpoint, Encoding.UTF8.GetBytes(body), out ApiRequest? request, out ApiError? error);
        Assert.True(accepted, error?.Message);
        return request!;
    }

    private static ApiError Refuse(ApiEndpoint endpoint, string body)
    {
        Assert.False(ApiRequestParser.TryParse(endpoint, Encoding.UTF8.GetBytes(body), out ApiRequest? request, out ApiError? error));
        Assert.Null(request);
        return error!;
    }
}
