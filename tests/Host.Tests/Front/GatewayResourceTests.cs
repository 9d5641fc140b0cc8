using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;

namespace Verathos.Host.Tests.Front;

public sealed class GatewayResourceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, Version> Protocols => new()
    {
        { "HTTP/1.1", HttpVersion.Version11 },
        { "HTTP/2 by prior knowledge", HttpVersion.Version20 },
    };

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task An_answer_streams_piece_by_piece(string name, Version version)
    {
        Assert.NotEmpty(name);
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });

        Task<HttpResponseMessage> sent = node.SendAsync([1, 2, 3], version);
        await pieces.Writer.WriteAsync([10, 11], Cancel);
        using HttpResponseMessage answer = await sent;
        await using Stream stream = await answer.Content.ReadAsStreamAsync(Cancel);
        byte[] buffer = new byte[64];

        Assert.Equal(2, await stream.ReadAsync(buffer, Cancel));
        Assert.Equal([10, 11], buffer[..2]);
        await pieces.Writer.WriteAsync([12], Cancel);
        Assert.Equal(1, await stream.ReadAsync(buffer, Cancel));
        pieces.Writer.Complete();
        Assert.Equal(0, await stream.ReadAsync(buffer, Cancel));

        Assert.Equal(version, answer.Version);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("message/ohttp-chunked-res", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("?1", answer.Headers.GetValues("Incremental").Single());
        Assert.Equal("true", answer.Headers.GetValues("verathos-simulated").Single());
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal([1, 2, 3], node.Enclave.Requests.Single());
    }

    [Fact]
    public async Task Only_a_simulated_enclave_is_marked_simulated()
    {
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Simulated = false });

        using HttpResponseMessage answer = await node.SendAsync([1]);

        Assert.False(answer.Headers.Contains("verathos-simulated"));
    }

    [Fact]
    public async Task A_request_reaches_the_enclave_when_it_has_wholly_arrived()
    {
        await using TestNode node = await TestNode.StartAsync();
        using Stream connection = await node.ConnectAsync(
            "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");

        await connection.WriteAsync("2\r\nde\r\n0\r\n\r\n"u8.ToArray(), Cancel);
        await Eventually.TrueAsync(() => node.Enclave.Requests.Count == 1);

        Assert.Equal("abcde"u8.ToArray(), node.Enclave.Requests[0]);
    }

    [Fact]
    public async Task Slow_bodies_hold_no_serving_place()
    {
        const int places = 16;
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Limits = c.Limits with { Concurrency = places, Queue = 0, ClientArriving = places + 1 } });
        List<Stream> slow = [];
        try
        {
            for (int i = 0; i < places; i++)
            {
                slow.Add(await node.ConnectAsync(
                    "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 100\r\n\r\nslow"));
            }

            await Eventually.TrueAsync(async () =>
                (await node.MetricsAsync()).Contains($"verathos_gateway_arriving {places}\n", StringComparison.Ordinal));
            await node.AssertServesAsync();
        }
        finally
        {
            slow.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task A_client_may_have_so_many_requests_arriving_and_no_more()
    {
        string client = "192.0.2.1";
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Limits = c.Limits with { ClientArriving = 1 } },
            compose: application => application.Use((context, next) =>
            {
                if (!context.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal))
                {
                    context.Connection.RemoteIpAddress = IPAddress.Parse(client);
                }

                return next(context);
            }));
        using Stream slow = await node.ConnectAsync(
            "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 5\r\n\r\nslow");
        await Eventually.TrueAsync(async () => (await node.MetricsAsync()).Contains("verathos_gateway_arriving 1\n", StringComparison.Ordinal));

        using HttpResponseMessage same = await node.SendAsync([1]);
        Assert.Equal(HttpStatusCode.TooManyRequests, same.StatusCode);
        Assert.NotNull(same.Headers.RetryAfter);
        Assert.Contains("verathos_refused_total{reason=\"arriving\"} 1", await node.MetricsAsync(), StringComparison.Ordinal);

        client = "192.0.2.2";
        await node.AssertServesAsync();
        client = "192.0.2.1";
        await slow.WriteAsync("!"u8.ToArray(), Cancel);
        await Eventually.TrueAsync(() => node.Enclave.Requests.Count == 2);
        await node.AssertServesAsync();
    }

    [Theory]
    [InlineData("1.1", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", false)]
    public async Task An_oversized_body_is_refused(string version, bool chunked)
    {
        await using TestNode node = await TestNode.StartAsync(configure: c => c with { Limits = c.Limits with { BodyBytes = 2048 } });
        using HttpRequestMessage request = TestNode.Sealed(new ByteArrayContent(new byte[4096]), Version.Parse(version));
        request.Headers.TransferEncodingChunked = chunked ? true : null;

        using HttpResponseMessage answer = await node.Client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("at most 2048 bytes", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Empty(node.Enclave.Requests);
        await node.AssertServesAsync();
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("message/ohttp-req")]
    [InlineData(null)]
    public async Task Another_content_type_is_refused(string? type)
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpRequestMessage request = TestNode.Sealed(new ByteArrayContent([1]));
        request.Content!.Headers.Remove("Content-Type");
        if (type is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using HttpResponseMessage answer = await node.Client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Contains("message/ohttp-chunked-req", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Empty(node.Enclave.Requests);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task Requests_that_do_not_open_get_one_and_the_same_answer()
    {
        await using TestNode node = await TestNode.StartAsync();

        using HttpResponseMessage one = await node.SendAsync("garbage"u8.ToArray());
        using HttpResponseMessage two = await node.SendAsync([.. "garbage"u8, 0xFF, 0xC0, 0x80]);

        Assert.Equal(HttpStatusCode.BadRequest, one.StatusCode);
        Assert.Equal(one.StatusCode, two.StatusCode);
        Assert.Equal(await one.Content.ReadAsStringAsync(Cancel), await two.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(one.Headers.Select(h => h.Key), two.Headers.Select(h => h.Key));
        await node.AssertServesAsync();
    }

    [Theory]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("\u0000\u0001\u0002\u0003\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame at all..........")]
    [InlineData("POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("GET /\u00ff\u00fe HTTP/1.1\r\nHost: n\r\n\r\n")]
    public async Task Garbage_closes_its_own_connection_only(string bytes)
    {
        await using TestNode node = await TestNode.StartAsync();
        using Stream connection = await node.ConnectAsync(bytes);

        using MemoryStream answer = new();
        try
        {
            await connection.CopyToAsync(answer, Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }
        catch (IOException)
        {
            // Cut by the node: as good as closed.
        }

        Assert.DoesNotContain("   at ", System.Text.Encoding.Latin1.GetString(answer.ToArray()), StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_half_sent_request_is_cut()
    {
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Timeouts = c.Timeouts with { IdleSeconds = 1, BodySeconds = 5 } });
        using Stream connection = await node.ConnectAsync(
            "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 100\r\n\r\nhalf");

        using StreamReader answer = new(connection);
        string? status = await answer.ReadLineAsync(Cancel);

        Assert.StartsWith("HTTP/1.1 408", status, StringComparison.Ordinal);
        Assert.Equal(0, node.Enclave.Active);
        Assert.Contains("verathos_cut_total{reason=\"body_too_slow\"} 1", await node.MetricsAsync(), StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_drop_fed_request_is_cut()
    {
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Timeouts = c.Timeouts with { IdleSeconds = 2, BodySeconds = 2 } });
        using Stream connection = await node.ConnectAsync(
            "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 100000\r\n\r\n");
        using StreamReader answer = new(connection);
        ValueTask<string?> status = answer.ReadLineAsync(Cancel);
        using PeriodicTimer drip = new(TimeSpan.FromMilliseconds(200));
        try
        {
            while (!status.IsCompleted && await drip.WaitForNextTickAsync(Cancel))
            {
                await connection.WriteAsync(new byte[1], Cancel);
            }
        }
        catch (IOException)
        {
            // The node closed the connection between two drops; its answer came before.
        }

        Assert.StartsWith("HTTP/1.1 408", await status, StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_client_gone_mid_answer_ends_the_work()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });
        await pieces.Writer.WriteAsync([1], Cancel);

        HttpResponseMessage answer = await node.SendAsync([1]);
        answer.Dispose();
        await node.Enclave.Ended.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);

        await Eventually.TrueAsync(async () =>
            (await node.MetricsAsync()).Contains("verathos_cut_total{reason=\"client_gone\"} 1", StringComparison.Ordinal));
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(
            new ScriptedEnclave { Answer = pieces }, c => c with { Timeouts = c.Timeouts with { WriteSeconds = 1 } });
        for (int i = 0; i < 64; i++)
        {
            await pieces.Writer.WriteAsync(new byte[1 << 20], Cancel);
        }

        using Stream connection = await node.ConnectAsync(
            "POST /verathos/gateway HTTP/1.1\r\nHost: n\r\nContent-Type: message/ohttp-chunked-req\r\nContent-Length: 1\r\n\r\nx");
        await node.Enclave.Ended.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);

        await Eventually.TrueAsync(async () =>
            (await node.MetricsAsync()).Contains("verathos_cut_total{reason=\"client_too_slow\"} 1", StringComparison.Ordinal));
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_cut()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(
            new ScriptedEnclave { Answer = pieces }, c => c with { Timeouts = c.Timeouts with { AnswerSeconds = 1 } });
        await pieces.Writer.WriteAsync([1], Cancel);
        using HttpResponseMessage answer = await node.SendAsync([1]);

        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync(Cancel));

        await Eventually.TrueAsync(async () =>
            (await node.MetricsAsync()).Contains("verathos_cut_total{reason=\"answer_too_long\"} 1", StringComparison.Ordinal));
        await node.AssertServesAsync();
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task An_enclave_lost_mid_answer_cuts_the_stream(string name, Version version)
    {
        Assert.NotEmpty(name);
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });
        await pieces.Writer.WriteAsync([1], Cancel);
        using HttpResponseMessage answer = await node.SendAsync([1], version);
        pieces.Writer.Complete(new Verathos.Enclave.EnclaveException(Verathos.Enclave.EnclaveFailure.ConnectionLost, "lost"));

        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync(Cancel));

        Assert.Contains("verathos_cut_total{reason=\"enclave_lost\"} 1", await node.MetricsAsync(), StringComparison.Ordinal);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task An_enclave_lost_before_the_answer_is_a_clear_error()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        pieces.Writer.Complete(new Verathos.Enclave.EnclaveException(Verathos.Enclave.EnclaveFailure.ConnectionLost, "lost"));
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });

        using HttpResponseMessage answer = await node.SendAsync([1]);

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        await node.AssertServesAsync();
    }

    [Fact]
    public async Task A_failure_of_the_front_itself_shows_nothing_of_itself()
    {
        Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();
        pieces.Writer.Complete(new InvalidOperationException("secret-canary"));
        await using TestNode node = await TestNode.StartAsync(new ScriptedEnclave { Answer = pieces });

        using HttpResponseMessage answer = await node.SendAsync([1]);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.DoesNotContain("secret-canary", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.DoesNotContain("secret-canary", node.Log, StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException", node.Log, StringComparison.Ordinal);
        await node.AssertServesAsync();
    }
}
