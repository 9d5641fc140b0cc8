using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Front;

namespace Verathos.Host.Tests.Front;

public sealed partial class FrontServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ready_only_when_the_enclave_is_and_evidence_can_be_had()
    {
        ScriptedEnclave enclave = new() { Ready = false };
        await using TestNode node = await TestNode.StartAsync(enclave);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no keys yet"), await ReadyAsync(node));
        Assert.Equal(HttpStatusCode.OK, (await node.Client.GetAsync(new Uri("/health/live", UriKind.Relative), Cancel)).StatusCode);

        enclave.Evidence = (_, _) => Task.FromException<byte[]>(new EnclaveException(EnclaveFailure.Internal, "no quote"));
        enclave.Ready = true;
        await Eventually.TrueAsync(async () => await ReadyAsync(node) == (HttpStatusCode.ServiceUnavailable, "no evidence: Internal"));

        enclave.Evidence = null;
        await Eventually.TrueAsync(async () => (await ReadyAsync(node)).Status == HttpStatusCode.OK);
        Assert.Contains("verathos_ready 1", await node.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_enclave_that_is_still_starting_is_live_and_not_ready()
    {
        await using DeferredEnclave enclave = new();
        await using FrontServer front = new(new NodeConfiguration { Listen = ["http://127.0.0.1:0"], Tee = "simulated" }, enclave);
        await front.StartAsync(Cancel);
        using HttpClient client = new() { BaseAddress = front.Addresses[0] };
        using HttpRequestMessage early = TestNode.Sealed(new ByteArrayContent([1]));

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/health/live", UriKind.Relative), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel)).StatusCode);
        using HttpResponseMessage refused = await client.SendAsync(early, Cancel);
        Assert.Equal("true", refused.Headers.GetValues("verathos-simulated").Single());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);

        enclave.Set(new ScriptedEnclave());
        await Eventually.TrueAsync(async () =>
            (await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel)).StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Requests_beyond_the_queue_are_told_to_wait()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(
            new ScriptedEnclave { Answer = pieces }, c => c with { Limits = c.Limits with { Concurrency = 1, Queue = 0 } });
        await pieces.Writer.WriteAsync([1], Cancel);
        using HttpResponseMessage first = await node.SendAsync([1]);

        using HttpResponseMessage second = await node.SendAsync([2]);

        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.NotNull(second.Headers.RetryAfter);
        pieces.Writer.Complete();
        await first.Content.ReadAsByteArrayAsync(Cancel);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task Stopping_lets_running_answers_finish()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });
        await pieces.Writer.WriteAsync([1], Cancel);
        using HttpResponseMessage running = await node.SendAsync([1]);

        Task<int> stopped = node.StopAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "stopping"), await ReadyAsync(node));
        using HttpResponseMessage refused = await node.SendAsync([2]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.False(stopped.IsCompleted);
        await pieces.Writer.WriteAsync([2], Cancel);
        pieces.Writer.Complete();

        Assert.Equal([1, 2], await running.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(0, await stopped);
    }

    [Fact]
    public async Task Stopping_cuts_what_runs_past_the_deadline()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(
            new ScriptedEnclave { Answer = pieces }, c => c with { Timeouts = c.Timeouts with { DrainSeconds = 1 } });
        await pieces.Writer.WriteAsync([1], Cancel);
        using HttpResponseMessage running = await node.SendAsync([1]);

        Assert.Equal(1, await node.StopAsync());

        await Assert.ThrowsAnyAsync<Exception>(() => running.Content.ReadAsByteArrayAsync(Cancel));
        await node.Enclave.Ended.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        Assert.Contains("\"Reason\":\"Draining\"", node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_is_a_clear_error()
    {
        await using TestNode first = await TestNode.StartAsync();
        await using FrontServer second = new(new NodeConfiguration { Listen = [first.Address.ToString()], Tee = "simulated" }, new ScriptedEnclave());

        IOException problem = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(Cancel));

        Assert.Contains($"{first.Address} is in use by another program", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_section_that_is_too_long_is_refused()
    {
        await using TestNode node = await TestNode.StartAsync(configure: c => c with { Limits = c.Limits with { HeaderBytes = 1024 } });
        using HttpRequestMessage request = TestNode.Sealed(new ByteArrayContent([1]));
        request.Headers.Add("x-long", new string('x', 2000));

        using HttpResponseMessage answer = await node.Client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
        await node.AssertServesAsync();
    }

    [Theory]
    [InlineData("GET / HTT")]
    [InlineData("P")]
    [InlineData("PRI * HT")]
    public async Task A_connection_that_sends_no_whole_header_is_cut(string start)
    {
        await using TestNode node = await TestNode.StartAsync(configure: c => c with { Timeouts = c.Timeouts with { HeaderSeconds = 1 } });
        using Stream connection = await node.ConnectAsync(start);

        using MemoryStream answer = new();
        try
        {
            await connection.CopyToAsync(answer, Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }
        catch (IOException)
        {
            // Reset instead of closed.
        }

        Assert.DoesNotContain(" 200 ", Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task Metrics_can_have_an_address_of_their_own()
    {
        await using TestNode node = await TestNode.StartAsync(configure: c => c with { MetricsListen = "http://127.0.0.1:0" });
        Uri own = node.Front.MetricsAddress!;

        Assert.NotEqual(own.Port, node.Address.Port);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Client.GetAsync(new Uri(node.Address, "/metrics"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await node.Client.GetAsync(new Uri(own, "/metrics"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Client.GetAsync(new Uri(own, "/.well-known/ohttp-gateway"), Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("192.0.2.7", null, "/metrics", HttpStatusCode.NotFound)]
    [InlineData("192.0.2.7", null, "/Metrics/", HttpStatusCode.NotFound)]
    [InlineData("2001:db8::7", null, "/metrics", HttpStatusCode.NotFound)]
    [InlineData("127.0.0.1", "X-Forwarded-For", "/metrics", HttpStatusCode.NotFound)]
    [InlineData("127.0.0.1", "Forwarded", "/metrics", HttpStatusCode.NotFound)]
    [InlineData("127.0.0.1", null, "/metrics", HttpStatusCode.OK)]
    [InlineData("::1", null, "/metrics", HttpStatusCode.OK)]
    [InlineData("::ffff:127.0.0.1", null, "/metrics", HttpStatusCode.OK)]
    public async Task Metrics_are_for_this_machine_only(string caller, string? header, string path, HttpStatusCode expected)
    {
        await using TestNode node = await TestNode.StartAsync(compose: application => application.Use((context, next) =>
        {
            context.Connection.RemoteIpAddress = IPAddress.Parse(caller);
            return next(context);
        }));
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (header is not null)
        {
            request.Headers.Add(header, "for=192.0.2.7");
        }

        using HttpResponseMessage answer = await node.Client.SendAsync(request, Cancel);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Metrics_count_against_the_callers_rate()
    {
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Limits = c.Limits with { ClientBurst = 2, ClientPerMinute = 1 } });
        await node.MetricsAsync();
        await node.MetricsAsync();

        using HttpResponseMessage third = await node.Client.GetAsync(new Uri("/metrics", UriKind.Relative), Cancel);

        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
    }

    [Fact]
    public async Task Metrics_are_well_formed_and_carry_nothing_of_a_request()
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpResponseMessage unknown = await node.Client.GetAsync(new Uri("/canary-path?canary=query", UriKind.Relative), Cancel);
        using HttpResponseMessage sealedAnswer = await node.SendAsync("canary body"u8.ToArray());

        string text = await node.MetricsAsync();

        Assert.DoesNotContain("canary", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("canary", node.Log, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("verathos_requests_total{endpoint=\"other\",status=\"404\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("verathos_requests_total{endpoint=\"gateway\",status=\"200\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("verathos_enclave_output_tokens_total 7", text, StringComparison.Ordinal);
        Assert.Contains("verathos_model_output_tokens_total{model=\"scripted\"} 7", text, StringComparison.Ordinal);
        Assert.Contains("verathos_model_queued{model=\"other\"} 2", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(MetricsLine(), line));
    }

    [Fact]
    public async Task Https_serves_HTTP_2_and_1_1()
    {
        string folder = Directory.CreateTempSubdirectory("verathos-tls-").FullName;
        try
        {
            (string certificate, string key) = WriteCertificate(folder);
            await using TestNode node = await TestNode.StartAsync(
                configure: c => c with { Listen = ["https://127.0.0.1:0"], TlsCertificate = certificate, TlsKey = key });
            using HttpClientHandler handler = new() { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
            using HttpClient client = new(handler) { BaseAddress = node.Address };
            foreach (Version version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
            {
                using HttpRequestMessage request = TestNode.Sealed(new ByteArrayContent([7]), version);
                using HttpResponseMessage answer = await client.SendAsync(request, Cancel);
                Assert.Equal(version, answer.Version);
                Assert.Equal([7], await answer.Content.ReadAsByteArrayAsync(Cancel));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string Certificate, string Key) WriteCertificate(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        string certificatePath = Path.Combine(folder, "tls.pem");
        string keyPath = Path.Combine(folder, "tls.key");
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return (certificatePath, keyPath);
    }

    private static async Task<(HttpStatusCode Status, string? Reason)> ReadyAsync(TestNode node)
    {
        using HttpResponseMessage answer = await node.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel);
        JsonElement body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement;
        return (answer.StatusCode, body.TryGetProperty("reason", out JsonElement reason) ? reason.GetString() : null);
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.eE+-]+)$""")]
    private static partial Regex MetricsLine();
}
