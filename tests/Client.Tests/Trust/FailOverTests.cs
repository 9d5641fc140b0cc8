using System.Net;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;

namespace Verathos.Client.Tests.Trust;

/// <summary>Several nodes: the next one serves when one fails before its first token, and never after.</summary>
public sealed class FailOverTests
{
    private static readonly Uri First = new("http://first.test");
    private static readonly Uri Second = new("http://second.test");

    [Fact]
    public async Task A_node_that_cannot_be_reached_is_passed_over_when_connecting()
    {
        using TestBed bed = new();
        using VerathosClient client = await ConnectAsync(bed, new Dictionary<string, HttpMessageHandler> { ["second.test"] = bed.Node });
        Assert.Equal(Second, client.Session.Node);
        Assert.True((await client.CompleteAsync(TestBed.Request())).ReceiptVerdict.Valid);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task A_node_that_fails_before_its_first_token_hands_over(int status)
    {
        using TestBed bed = new();
        using TestBed other = new();
        using VerathosClient client = await ConnectAsync(bed, Both(bed, other));
        bed.Node.OuterErrors.Enqueue(status);
        Answer answer = await client.CompleteAsync(TestBed.Request());
        Assert.Equal(Second, answer.Node.Node);
        Assert.Equal(Second, client.Session.Node);
    }

    [Fact]
    public async Task A_full_queue_inside_the_seal_hands_over()
    {
        using TestBed bed = new();
        using TestBed other = new();
        using VerathosClient client = await ConnectAsync(bed, Both(bed, other));
        bed.Node.SealedErrors.Enqueue((429, """{"error":{"message":"queue full","code":"queue_full"}}"""));
        Assert.Equal(Second, (await client.CompleteAsync(TestBed.Request())).Node.Node);
    }

    [Fact]
    public async Task A_request_that_is_wrong_in_itself_is_not_tried_elsewhere()
    {
        using TestBed bed = new();
        using TestBed other = new();
        using VerathosClient client = await ConnectAsync(bed, Both(bed, other));
        bed.Node.SealedErrors.Enqueue((422, """{"error":{"message":"too long"}}"""));
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(TestBed.Request()));
        Assert.Equal(422, failure.StatusCode);
        Assert.Empty(other.Node.Log);
    }

    [Fact]
    public async Task A_node_that_breaks_after_its_first_token_does_not_hand_over()
    {
        using TestBed bed = new();
        using TestBed other = new();
        using VerathosClient client = await ConnectAsync(bed, Both(bed, other));
        bed.Node.Tampering.Wire = pieces => pieces[..4];
        string text = "";
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
                text += update.Text;
        });
        Assert.Equal("word0 word1 ", text);
        Assert.Equal(ClientFailure.StreamBroken, failure.Failure);
        Assert.Empty(other.Node.Log);
    }

    [Fact]
    public async Task A_node_whose_evidence_turns_bad_hands_over()
    {
        using TestBed bed = new();
        using TestBed other = new();
        using VerathosClient client = await ConnectAsync(bed, Both(bed, other));
        bed.Node.Rotate();
        bed.Node.Tampering.Evidence = evidence => evidence[..^1];
        Assert.Equal(Second, (await client.CompleteAsync(TestBed.Request())).Node.Node);
    }

    [Fact]
    public async Task When_no_node_is_left_the_last_failure_is_told()
    {
        using TestBed bed = new();
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(
            () => VerathosClient.ConnectAsync([First, Second], bed.Options with { HttpMessageHandler = new Switch([]) }));
        Assert.Equal(ClientFailure.Unreachable, failure.Failure);
        Assert.Contains("second.test", failure.Message, StringComparison.Ordinal);
    }

    private static Task<VerathosClient> ConnectAsync(TestBed bed, Dictionary<string, HttpMessageHandler> nodes) =>
        VerathosClient.ConnectAsync([First, Second], bed.Options with { HttpMessageHandler = new Switch(nodes) });

    private static Dictionary<string, HttpMessageHandler> Both(TestBed first, TestBed second) => new() { ["first.test"] = first.Node, ["second.test"] = second.Node };

    private sealed class Switch(Dictionary<string, HttpMessageHandler> nodes) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            nodes.TryGetValue(request.RequestUri!.Host, out HttpMessageHandler? node)
                ? new HttpMessageInvoker(node, disposeHandler: false).SendAsync(request, cancellationToken)
                : throw new HttpRequestException("connection refused");
    }
}
