using System.Net;
using System.Net.Sockets;
using System.Text;
using Verathos.Host.Configuration;

namespace Verathos.Host.Tests.Front;

/// <summary>What the front does with a connection before any resource sees a request.</summary>
public sealed class ConnectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_addresses_and_both_versions_share_one_bound()
    {
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Listen = ["http://127.0.0.1:0", "http://127.0.0.1:0"], Limits = c.Limits with { Connections = 2 } });
        Uri first = node.Front.Addresses[0];
        Uri second = node.Front.Addresses[1];
        using HttpClient older = new();
        using HttpClient newer = new();
        Assert.Equal(HttpStatusCode.OK, await LiveAsync(older, first, HttpVersion.Version11));
        Assert.Equal(HttpStatusCode.OK, await LiveAsync(newer, second, HttpVersion.Version20));

        // Both hold their connection open, so a third is one too many wherever it knocks.
        foreach ((Uri address, Version version) in ((Uri, Version)[])[(first, HttpVersion.Version11), (second, HttpVersion.Version11), (first, HttpVersion.Version20)])
        {
            using HttpClient third = new();
            await Assert.ThrowsAsync<HttpRequestException>(() => LiveAsync(third, address, version));
        }

        Assert.Equal(HttpStatusCode.OK, await LiveAsync(newer, second, HttpVersion.Version20));
        newer.Dispose();
        using HttpClient next = new();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return await LiveAsync(next, first, HttpVersion.Version20) == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task One_HTTP_2_connection_with_prior_knowledge_counts_once()
    {
        await using TestNode node = await TestNode.StartAsync(configure: c => c with { Limits = c.Limits with { Connections = 1 } });
        using HttpClient client = new();

        Assert.Equal(HttpStatusCode.OK, await LiveAsync(client, node.Address, HttpVersion.Version20));
        Assert.Equal(HttpStatusCode.OK, await LiveAsync(client, node.Address, HttpVersion.Version20));
    }

    [Fact]
    public async Task Metrics_on_an_address_of_their_own_are_reached_when_clients_have_every_connection()
    {
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { MetricsListen = "http://127.0.0.1:0", Limits = c.Limits with { Connections = 1 } });
        using HttpClient client = new();
        Assert.Equal(HttpStatusCode.OK, await LiveAsync(client, node.Address, HttpVersion.Version11));

        using HttpClient watcher = new();
        Assert.Contains("verathos_ready", await watcher.GetStringAsync(new Uri(node.Front.MetricsAddress!, "/metrics"), Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("malformed line", "GET\r\n\r\n", 400)]
    [InlineData("no HTTP", "hello there\r\n\r\n", 400)]
    [InlineData("another version", "GET / HTTP/3.7\r\n\r\n", 505)]
    [InlineData("no host", "GET /health/live HTTP/1.1\r\n\r\n", 400)]
    [InlineData("two hosts", "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("a header without a colon", "GET /health/live HTTP/1.1\r\nHost: a\r\nx\r\n\r\n", 400)]
    [InlineData("two lengths", "POST /verathos/gateway HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400)]
    [InlineData("length and chunks", "POST /verathos/gateway HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nx", 400)]
    [InlineData("a long header", "GET /health/live HTTP/1.1\r\nHost: a\r\nx: LONG\r\n\r\n", 431)]
    [InlineData("many headers", "GET /health/live HTTP/1.1\r\nHost: a\r\nMANY\r\n\r\n", 431)]
    [InlineData("a long line", "GET /LONG HTTP/1.1\r\nHost: a\r\n\r\n", 414)]
    [InlineData("a body that is too long", "POST /verathos/gateway HTTP/1.1\r\nHost: a\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 99999999\r\n\r\n", 413)]
    [InlineData("nothing there", "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("another method", "DELETE /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405)]
    [InlineData("a header that comes too late", "GET /health/live HTTP/1.1\r\nHost: a\r\nx", 408)]
    public async Task Every_answer_of_a_simulated_node_says_so(string name, string request, int status)
    {
        string sent = request.Replace("LONG", new string('x', 20_000), StringComparison.Ordinal)
            .Replace("MANY", string.Join("\r\n", Enumerable.Range(0, 70).Select(i => $"x{i}: y")), StringComparison.Ordinal);
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Timeouts = c.Timeouts with { HeaderSeconds = 1 } });

        string answer = await AskAsync(node, sent);

        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{name}: {answer}");
        Assert.Single(answer.Split("\r\n"), line => line == "verathos-simulated: true");
        Assert.EndsWith("\r\n\r\n", answer[..(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)], StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_connection_that_was_used_before_is_marked_when_it_ends_badly()
    {
        await using TestNode node = await TestNode.StartAsync();

        string answer = await AskAsync(node, "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET\r\n\r\n");

        Assert.Contains("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 400 Bad Request", answer, StringComparison.Ordinal);
        Assert.Equal(2, answer.Split("\r\n").Count(line => line == "verathos-simulated: true"));
    }

    [Theory]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
    public async Task No_answer_of_a_node_on_hardware_says_so(string request)
    {
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Simulated = false });

        Assert.DoesNotContain("simulated", await AskAsync(node, request), StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> AskAsync(TestNode node, string request)
    {
        using Stream connection = await node.ConnectAsync(request);
        using MemoryStream answer = new();
        try
        {
            await connection.CopyToAsync(answer, Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        }
        catch (IOException)
        {
            // Reset after the answer, because more was sent than was read.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    private static async Task<HttpStatusCode> LiveAsync(HttpClient client, Uri address, Version version)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(address, "/health/live"))
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage answer = await client.SendAsync(request, Cancel);
        return answer.StatusCode;
    }
}
