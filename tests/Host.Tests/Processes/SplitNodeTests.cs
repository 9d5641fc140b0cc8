using System.Net;
using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Enclave;
using Verathos.Enclave.Remote;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Tests.Processes;

/// <summary>The split topology under bad luck and bad clients: each time a clear end, and a node that serves the next request.</summary>
public sealed class SplitNodeTests(SplitNode node) : IClassFixture<SplitNode>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_enclave_killed_mid_answer_leaves_what_was_proved_and_the_node_serves_the_next_one()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        await using IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask("tell me", 2000), Cancel).GetAsyncEnumerator(Cancel);
        int tokens = 0;
        while (tokens < 80 && await answer.MoveNextAsync())
        {
            tokens += answer.Current.Ids.Count;
        }

        node.Enclave.Signal(NativeSignal.Kill);
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            while (await answer.MoveNextAsync())
            {
                tokens += answer.Current.Ids.Count;
            }
        });

        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        Assert.True(failure.Delivered!.AcceptanceVerified);
        Assert.InRange(failure.Delivered.Tokens, 32, tokens);
        using HttpClient http = new() { BaseAddress = address };
        await Eventually.TrueAsync(async () =>
            (await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel)).StatusCode == HttpStatusCode.ServiceUnavailable);

        await node.Enclave.DisposeAsync();
        await node.StartEnclaveAsync();
        await Eventually.TrueAsync(async () => (await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel)).StatusCode == HttpStatusCode.OK);
        Answer next = await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel);
        Assert.True(next.ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task A_client_gone_mid_answer_frees_the_enclave()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using (IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask("tell me", 3000), leave.Token).GetAsyncEnumerator(leave.Token))
        {
            Assert.True(await answer.MoveNextAsync());
            await leave.CancelAsync();
        }

        using HttpClient http = new() { BaseAddress = address };
        await Eventually.TrueAsync(async () =>
        {
            string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
            return metrics.Contains("verathos_gateway_running 0", StringComparison.Ordinal)
                && metrics.Contains("verathos_enclave_running 0", StringComparison.Ordinal);
        });
        Assert.True((await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task A_replayed_request_is_refused_and_only_that()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using RecordingHandler handler = new();
        using VerathosClient client = await node.ConnectAsync(address, handler);
        Answer first = await client.CompleteAsync(SplitNode.Ask("once only", 3), Cancel);
        using HttpClient http = new() { BaseAddress = address };

        // Asked of the enclave itself: the front's metrics may be half a second old.
        await using GrpcEnclave enclave = GrpcEnclave.Connect(node.Socket);
        EnclaveStatus before = await IdleAsync(enclave);
        using HttpRequestMessage again = Front.TestNode.Sealed(new ByteArrayContent(handler.Sealed!));
        using HttpResponseMessage refused = await http.SendAsync(again, Cancel);
        byte[] body = await refused.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal(3, first.OutputIds.Count);
        Assert.True(body.Length < 2048, "a replay was answered with more than a refusal");
        EnclaveStatus after = await IdleAsync(enclave);
        Assert.Equal(before.Counters.Replays + 1, after.Counters.Replays);
        Assert.Equal(before.Counters.OutputTokens, after.Counters.OutputTokens);
        Assert.True((await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task A_sealed_request_that_is_not_UTF_8_gets_a_sealed_error()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        AppraisedEvidence evidence = client.Session.Current!.Evidence;
        BinaryRequest inner = new()
        {
            Method = "POST",
            Scheme = "https",
            Path = VerathosPaths.ChatCompletions,
            Fields =
            [
                new BhttpField("content-type", "application/json"),
                new BhttpField(VerathosHeaders.Binding, Convert.ToHexStringLower(evidence.Binding.Span)),
                new BhttpField(VerathosHeaders.ClientNonce, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))),
                new BhttpField(VerathosHeaders.AuditCommitment, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))),
            ],
            Content = (byte[])[.. """{"model":"m","messages":[{"role":"user","content":"""u8, (byte)'"', 0xC3, 0x28, (byte)'"', .. "}]}"u8],
        };
        OhttpKeyConfig key = evidence.Keyset!.KeyConfigs.First(config => config.Kem == HpkeKem.X25519);
        Assert.True(ChunkedRequestSealer.TryCreate(key, out ChunkedRequestSealer? sealer));
        using HttpClient http = new() { BaseAddress = address };
        using HttpRequestMessage request = Front.TestNode.Sealed(new ByteArrayContent(sealer.SealAll(inner.Encode())));
        using HttpResponseMessage outer = await http.SendAsync(request, Cancel);

        using ResponseStreamOpener opener = new(sealer.CreateResponseOpener());
        opener.Feed(await outer.Content.ReadAsByteArrayAsync(Cancel));
        opener.Complete();

        Assert.Equal(HttpStatusCode.OK, outer.StatusCode);
        Assert.True(opener.TryRead(out ResponsePart head));
        Assert.Equal(400, head.Status);
        Assert.True((await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
        sealer.Dispose();
    }

    [Fact]
    public async Task A_request_sealed_to_a_foreign_key_does_not_open()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        using HpkePrivateKey foreign = HpkePrivateKey.Generate(HpkeKem.X25519);
        OhttpKeyConfig own = client.Session.Current!.Evidence.Keyset!.KeyConfigs.First(config => config.Kem == HpkeKem.X25519);
        Assert.True(ChunkedRequestSealer.TryCreate(own with { PublicKey = foreign.PublicKey }, out ChunkedRequestSealer? sealer));
        using HttpClient http = new() { BaseAddress = address };
        using HttpRequestMessage request = Front.TestNode.Sealed(new ByteArrayContent(sealer.SealAll(new byte[64])));

        using HttpResponseMessage answer = await http.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("Fetch evidence again", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.True((await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
        sealer.Dispose();
    }

    [Fact]
    public async Task SIGTERM_lets_a_running_answer_finish()
    {
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        using VerathosClient client = await node.ConnectAsync(await front.AddressAsync());
        await using IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask("tell me", 100), Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await answer.MoveNextAsync());
        front.Signal(NativeSignal.Terminate);
        await front.SaysAsync("stopping");

        Answer? completed = null;
        while (await answer.MoveNextAsync())
        {
            completed = answer.Current.Completed ?? completed;
        }

        Assert.Equal(100, completed!.OutputIds.Count);
        Assert.True(completed.ReceiptVerdict.Valid);
        Assert.Equal(0, await front.ExitAsync());
    }

    private static async Task<EnclaveStatus> IdleAsync(GrpcEnclave enclave)
    {
        EnclaveStatus? status = null;
        await Eventually.TrueAsync(async () => (status = await enclave.GetStatusAsync(Cancel)).Counters.Active == 0);
        return status!;
    }

    /// <summary>Keeps the last sealed request that passed.</summary>
    private sealed class RecordingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public byte[]? Sealed { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is not null)
            {
                Sealed = await request.Content.ReadAsByteArrayAsync(cancellationToken);
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
