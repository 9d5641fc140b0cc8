using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Verathos.Host.Configuration;
using Verathos.Host.Front;
using Verathos.Host.Logs;

namespace Verathos.Host.Tests.Front;

/// <summary>A front with a scripted enclave on a loopback port that the system chose.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly StringWriter _log = new();
    private bool _stopped;

    private TestNode(ScriptedEnclave enclave, NodeConfiguration configuration, TimeProvider? time, Action<WebApplication>? compose)
    {
        Enclave = enclave;
        Front = new FrontServer(configuration, enclave, time, FrontLogging.CreateProvider(_log, "debug"), compose);
    }

    public ScriptedEnclave Enclave { get; }

    public FrontServer Front { get; }

    public HttpClient Client { get; private set; } = null!;

    public Uri Address => Front.Addresses[0];

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TestNode> StartAsync(
        ScriptedEnclave? enclave = null,
        Func<NodeConfiguration, NodeConfiguration>? configure = null,
        TimeProvider? time = null,
        Action<WebApplication>? compose = null)
    {
        NodeConfiguration configuration = new() { Listen = ["http://127.0.0.1:0"], Enclave = "unix:/scripted" };
        configuration = configure?.Invoke(configuration) ?? configuration;
        Assert.Empty(ConfigurationValidator.Validate(configuration));
        TestNode node = new(enclave ?? new ScriptedEnclave(), configuration, time, compose);
        await node.Front.StartAsync(Cancel);
        node.Client = new HttpClient { BaseAddress = node.Address, Timeout = TimeSpan.FromSeconds(30) };
        return node;
    }

    public static HttpRequestMessage Sealed(HttpContent content, Version? version = null)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("message/ohttp-chunked-req");
        return new HttpRequestMessage(HttpMethod.Post, "/verathos/gateway")
        {
            Content = content,
            Version = version ?? HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public Task<HttpResponseMessage> SendAsync(byte[] body, Version? version = null) =>
        Client.SendAsync(Sealed(new ByteArrayContent(body), version), HttpCompletionOption.ResponseHeadersRead, Cancel);

    /// <summary>Proves that the node still serves: the next request is answered in full.</summary>
    public async Task AssertServesAsync()
    {
        Enclave.Answer = null;
        using HttpResponseMessage answer = await SendAsync("still there"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("still there"u8.ToArray(), await answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(0, Enclave.Active);
    }

    /// <summary>A bare connection, for what no proper client sends.</summary>
    public async Task<Stream> ConnectAsync(string text)
    {
        TcpClient connection = new();
        await connection.ConnectAsync(IPAddress.Loopback, Address.Port, Cancel);
        NetworkStream stream = connection.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), Cancel);
        return stream;
    }

    public async Task<string> MetricsAsync() => await Client.GetStringAsync(new Uri(Address, "/metrics"), Cancel);

    public async Task<int> StopAsync()
    {
        _stopped = true;
        return await Front.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Enclave.Answer?.Writer.TryComplete();
        if (!_stopped)
        {
            await Front.StopAsync();
        }

        Client.Dispose();
        await Front.DisposeAsync();
        await _log.DisposeAsync();
    }
}
