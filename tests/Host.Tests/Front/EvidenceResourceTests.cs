using System.Net;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave;

namespace Verathos.Host.Tests.Front;

public sealed class EvidenceResourceTests
{
    private static readonly string Nonce = new('a', 64);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Evidence_is_for_the_nonce_and_not_stored()
    {
        await using TestNode node = await TestNode.StartAsync();

        using HttpResponseMessage answer = await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel);

        Assert.Equal("application/cmw+cbor", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal([0xA1, .. Convert.FromHexString(Nonce)], await answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.DoesNotContain(Nonce, node.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?nonce=")]
    [InlineData("?nonce=abc")]
    [InlineData("?nonce=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("?nonce=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&more=1")]
    [InlineData("?nonce=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&nonce=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_wrong_nonce_is_refused(string query)
    {
        await using TestNode node = await TestNode.StartAsync();

        using HttpResponseMessage answer = await node.Client.GetAsync(Path(query), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("64 hex digits", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_keys_are_handed_out()
    {
        await using TestNode node = await TestNode.StartAsync();

        using HttpResponseMessage answer = await node.Client.GetAsync(new Uri("/.well-known/ohttp-gateway", UriKind.Relative), Cancel);

        Assert.Equal("application/ohttp-keys", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal([1, 2, 3], await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Theory]
    [InlineData(EnclaveFailure.Overloaded, HttpStatusCode.TooManyRequests, true)]
    [InlineData(EnclaveFailure.Unavailable, HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(EnclaveFailure.ConnectionLost, HttpStatusCode.BadGateway, true)]
    [InlineData(EnclaveFailure.Internal, HttpStatusCode.InternalServerError, false)]
    public async Task A_failure_of_the_enclave_has_its_status(EnclaveFailure failure, HttpStatusCode status, bool retry)
    {
        ScriptedEnclave enclave = new();
        await using TestNode node = await TestNode.StartAsync(enclave);
        enclave.Evidence = (_, _) => Task.FromException<byte[]>(new EnclaveException(failure, "no"));

        using HttpResponseMessage answer = await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(retry, answer.Headers.RetryAfter is not null);
    }

    [Fact]
    public async Task More_evidence_requests_than_the_limit_are_told_to_wait()
    {
        TaskCompletionSource<byte[]> late = new();
        ScriptedEnclave enclave = new();
        await using TestNode node = await TestNode.StartAsync(enclave, c => c with { Limits = c.Limits with { Evidence = 1 } });
        await node.AssertServesAsync();
        TaskCompletionSource asked = new();
        enclave.Evidence = (_, _) =>
        {
            asked.TrySetResult();
            return late.Task;
        };
        Task<HttpResponseMessage> first = node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel);
        await asked.Task.WaitAsync(Cancel);

        using HttpResponseMessage second = await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel);
        late.SetResult([9]);

        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.NotNull(second.Headers.RetryAfter);
        using HttpResponseMessage answered = await first;
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
    }

    [Fact]
    public async Task A_client_that_asks_too_often_is_told_to_wait()
    {
        FakeTimeProvider time = new();
        await using TestNode node = await TestNode.StartAsync(
            configure: c => c with { Limits = c.Limits with { ClientBurst = 2, ClientPerMinute = 1 } }, time: time);
        Assert.Equal(HttpStatusCode.OK, (await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel)).StatusCode);

        using HttpResponseMessage refused = await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(60, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await node.Client.GetAsync(Path($"?nonce={Nonce}"), Cancel)).StatusCode);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains("verathos_refused_total{reason=\"client_rate\"} 1", await node.MetricsAsync(), StringComparison.Ordinal);
    }

    private static Uri Path(string query) => new("/.well-known/verathos/evidence" + query, UriKind.Relative);
}
