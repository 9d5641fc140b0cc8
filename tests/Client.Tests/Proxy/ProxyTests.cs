using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Verathos.Client.Proxy;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Proxy;

/// <summary>The OpenAI-compatible server, spoken to over a real loopback socket as OpenAI's clients do.</summary>
public sealed class ProxyTests
{
    private const string Chat = """{"model":"test-model","messages":[{"role":"user","content":"hello"}],"temperature":0}""";

    [Fact]
    public async Task Answers_a_chat_with_one_object()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("true", response.Headers.GetValues("X-Verathos-Simulated").Single());
        JsonElement body = await ReadAsync(response);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        JsonElement choice = body.GetProperty("choices")[0];
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("word0 word1 word2 word3 word4 ", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal((3, 5, 8), Usage(body));
        Assert.True(body.GetProperty("verathos").GetProperty("simulated").GetBoolean());
    }

    [Fact]
    public async Task Streams_a_chat_and_its_usage_and_ends_with_done()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        List<string> events = await proxy.StreamAsync(Chat.Insert(1, "\"stream\":true,\"stream_options\":{\"include_usage\":true},"));
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal((3, 5, 8), Usage(JsonElement.Parse(events[^2])));
        string text = string.Concat(events[..^2].Select(json => JsonElement.Parse(json).GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()));
        Assert.Equal("word0 word1 word2 word3 word4 ", text);
    }

    [Fact]
    public async Task Gives_log_probabilities_in_one_object_and_in_a_stream()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat.Insert(1, "\"logprobs\":true,"));
        JsonElement tokens = (await ReadAsync(response)).GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal(["word0 ", "word1 ", "word2 ", "word3 ", "word4 "], tokens.EnumerateArray().Select(token => token.GetProperty("token").GetString()));
        List<string> events = await proxy.StreamAsync(Chat.Insert(1, "\"stream\":true,\"logprobs\":true,"));
        Assert.Equal("word0 ", JsonElement.Parse(events[0]).GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content")[0].GetProperty("token").GetString());
        using HttpResponseMessage completion = await proxy.PostAsync("/v1/completions", """{"model":"test-model","prompt":"Once","logprobs":1}""");
        Assert.Equal(5, (await ReadAsync(completion)).GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength());
    }

    [Fact]
    public async Task Streams_no_usage_that_was_not_asked_for()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        List<string> events = await proxy.StreamAsync(Chat.Insert(1, "\"stream\":true,"));
        Assert.DoesNotContain(events, json => json.Contains("usage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_a_completion()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.PostAsync("/v1/completions", """{"model":"test-model","prompt":"Once"}""");
        JsonElement body = await ReadAsync(response);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.Equal("word0 word1 word2 word3 word4 ", body.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Lists_the_models()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        JsonElement body = JsonElement.Parse(await proxy.Http.GetStringAsync("/v1/models"));
        Assert.Equal("test-model", body.GetProperty("data")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Gives_one_model_and_says_which_it_does_not_have()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        JsonElement listed = JsonElement.Parse(await proxy.Http.GetStringAsync("/v1/models")).GetProperty("data")[0];
        JsonElement one = JsonElement.Parse(await proxy.Http.GetStringAsync("/v1/models/test-model"));
        Assert.Equal(listed.GetRawText(), one.GetRawText());
        using HttpResponseMessage other = await proxy.Http.GetAsync("/v1/models/other");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        JsonElement error = (await ReadAsync(other)).GetProperty("error");
        Assert.Equal(("model_not_found", "model"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Theory]
    [InlineData("""{"model":"test-model"}""", "missing_required_parameter", "messages")]
    [InlineData("""{"model":"test-model","messages":[],"temperature":9}""", "invalid_value", "temperature")]
    [InlineData("""{"model":"test-model","messages":[],"stream":1}""", "invalid_value", "stream")]
    [InlineData("""{"model":"test-model","messages":[""", null, null)]
    public async Task A_mistake_names_its_parameter(string body, string? code, string? parameter)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", body);
        JsonElement error = (await ReadAsync(response)).GetProperty("error");
        Assert.Equal((code, parameter), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_a_bad_request()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        const string error = """{"error":{"message":"Too long.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""";
        proxy.Bed.Node.SealedErrors.Enqueue((422, error));
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(error, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Every_response_has_a_name_of_its_own()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        HashSet<string> names = [];
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await proxy.Http.GetAsync(i == 0 ? "/v1/nothing" : "/v1/models");
            names.Add(response.Headers.GetValues("X-Request-Id").Single());
        }

        Assert.Equal(3, names.Count);
        Assert.All(names, name => Assert.Matches("^req_[0-9a-f]{32}$", name));
    }

    [Theory]
    [InlineData("GET\r\n\r\n")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\n\r\n")]
    public async Task What_is_no_request_is_refused_as_simulated_too(string text)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using TcpClient connection = new();
        await connection.ConnectAsync(IPAddress.Loopback, proxy.Http.BaseAddress!.Port, TestContext.Current.CancellationToken);
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        using StreamReader reader = new(connection.GetStream());
        string answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Verathos-Simulated: true\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[],"temperature":9}""", 400)]
    [InlineData("""{"messages":""", 400)]
    [InlineData("""{"messages":[],"messages":[]}""", 400)]
    public async Task A_wrong_body_is_an_openai_error(string body, int status)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", body);
        Assert.Equal(status, (int)response.StatusCode);
        JsonElement error = (await ReadAsync(response)).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.Equal(0, proxy.Bed.Node.SealedRequests);
    }

    [Fact]
    public async Task The_enclaves_own_errors_come_through_unchanged()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        const string error = """{"error":{"message":"The model is not served.","type":"invalid_request_error","param":"model","code":"model_not_found"}}""";
        proxy.Bed.Node.SealedErrors.Enqueue((404, error));
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(error, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_busy_node_is_told_with_its_status()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        proxy.Bed.Node.OuterErrors.Enqueue(429);
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("node_unreachable", (await ReadAsync(response)).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_receipt_that_does_not_hold_is_an_error_and_no_answer()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        proxy.Bed.Node.Tampering.Receipt = receipt => receipt with { ClientNonce = new byte[32] };
        using HttpResponseMessage response = await proxy.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        JsonElement error = (await ReadAsync(response)).GetProperty("error");
        Assert.Equal("receipt.nonce", error.GetProperty("check").GetString());
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_with_an_error_event_and_without_done()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        proxy.Bed.Node.Tampering.Wire = pieces => pieces[..5];
        List<string> events = await proxy.StreamAsync(Chat.Insert(1, "\"stream\":true,"));
        Assert.DoesNotContain("[DONE]", events);
        JsonElement error = JsonElement.Parse(events[^1]).GetProperty("error");
        Assert.Equal("stream_broken", error.GetProperty("code").GetString());
        Assert.Contains("nothing", error.GetProperty("delivered").GetString()!.Replace("none", "nothing", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8417")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("127.0.0.1:1")]
    public async Task A_host_header_that_does_not_name_the_server_is_refused(string host)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpRequestMessage request = Request(Chat);
        request.Headers.Host = host;
        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("host_not_allowed", (await ReadAsync(response)).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Localhost_names_the_server()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpRequestMessage request = Request(Chat);
        request.Headers.Host = $"localhost:{proxy.Server.Address.Port}";
        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(null, 200)]
    [InlineData("127.0.0.3", 403)]
    public async Task Another_loopback_address_names_the_server_that_listens_on_it(string? host, int status)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync(listen: IPAddress.Parse("127.0.0.2"));
        using HttpRequestMessage request = Request(Chat);
        request.Headers.Add("Origin", $"http://{host ?? "127.0.0.2"}:{proxy.Server.Address.Port}");
        if (host is not null)
            request.Headers.Host = $"{host}:{proxy.Server.Address.Port}";

        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("http://localhost:3000", false)]
    [InlineData("OWN", true)]
    public async Task Only_the_servers_own_origin_may_call(string origin, bool allowed)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpRequestMessage request = Request(Chat);
        request.Headers.Add("Origin", origin == "OWN" ? $"http://127.0.0.1:{proxy.Server.Address.Port}" : origin);
        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task A_plain_text_post_is_refused()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpResponseMessage response = await proxy.Http.PostAsync("/v1/chat/completions", new StringContent(Chat, Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData("wrong", 401)]
    [InlineData("secret-key", 200)]
    public async Task A_key_is_asked_for_where_one_is_set(string? key, int status)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync("secret-key");
        using HttpRequestMessage request = Request(Chat);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);

        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        string body = $$"""{"messages":[{"role":"user","content":"{{new string('x', 5 * 1024 * 1024)}}"}]}""";
        using SocketsHttpHandler waits = new() { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) };
        using HttpClient patient = new(waits) { BaseAddress = proxy.Server.Address };
        using HttpRequestMessage request = Request(body);

        // Without this the refusal may overtake the body, and the connection is reset while it is still being sent.
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await patient.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", 405)]
    [InlineData("GET", "/v1/embeddings", 404)]
    [InlineData("POST", "/v1/models", 405)]
    public async Task Other_paths_and_methods_have_openai_errors(string method, string path, int status)
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage response = await proxy.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.NotEqual("", (await ReadAsync(response)).GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task It_listens_on_loopback_only()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => ProxyServer.StartAsync(client, new ProxyOptions { Listen = new IPEndPoint(IPAddress.Any, 0) }));
    }

    [Fact]
    public async Task A_port_in_use_is_an_io_error()
    {
        await using ProxyBed proxy = await ProxyBed.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => ProxyServer.StartAsync(proxy.Client, new ProxyOptions { Listen = new IPEndPoint(IPAddress.Loopback, proxy.Server.Address.Port) }));
    }

    private static HttpRequestMessage Request(string body) => new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response) => JsonElement.Parse(await response.Content.ReadAsStringAsync());

    private static (int, int, int) Usage(JsonElement body)
    {
        JsonElement usage = body.GetProperty("usage");
        return (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32());
    }

    private sealed record ProxyBed(TestBed Bed, VerathosClient Client, ProxyServer Server, HttpClient Http) : IAsyncDisposable
    {
        public static async Task<ProxyBed> StartAsync(string? key = null, IPAddress? listen = null)
        {
            TestBed bed = new();
            VerathosClient client = await bed.ConnectAsync();
            ProxyServer server = await ProxyServer.StartAsync(client, new ProxyOptions { Listen = new IPEndPoint(listen ?? IPAddress.Loopback, 0), ApiKey = key });
            return new ProxyBed(bed, client, server, new HttpClient { BaseAddress = server.Address });
        }

        public Task<HttpResponseMessage> PostAsync(string path, string json) => Http.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

        public async Task<List<string>> StreamAsync(string json)
        {
            using HttpResponseMessage response = await PostAsync("/v1/chat/completions", json);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            string text = await response.Content.ReadAsStringAsync();
            return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await Server.DisposeAsync();
            Client.Dispose();
            Bed.Dispose();
        }
    }
}
