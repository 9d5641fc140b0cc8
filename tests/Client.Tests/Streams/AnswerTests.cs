using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Tests.Streams;

/// <summary>The whole path, honest.</summary>
public sealed class AnswerTests
{
    [Fact]
    public async Task Streams_text_as_it_comes_and_verifies_the_receipt()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        List<AnswerUpdate> updates = [];
        await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
            updates.Add(update);

        Assert.Equal(["word0 ", "word1 ", "word2 ", "word3 ", "word4 ", "", ""], updates.Select(update => update.Text));
        Answer answer = Assert.IsType<Answer>(updates[^1].Completed);
        Assert.All(updates[..^1], update => Assert.Null(update.Completed));
        Assert.Equal("word0 word1 word2 word3 word4 ", answer.Text);
        Assert.Equal("stop", answer.FinishReason);
        Assert.Equal(TestNode.PromptIds, answer.PromptIds);
        Assert.Equal([100, 101, 102, 103, 104], answer.OutputIds);
        Assert.True(answer.ReceiptVerdict.Valid);
        Assert.True(answer.Simulated);
        Assert.Equal(1UL, answer.Receipt.Counter);
    }

    [Fact]
    public async Task The_sealed_request_carries_binding_nonce_audit_commitment_and_plain_parameters()
    {
        using TestBed bed = new();
        Answer answer = await bed.AnswerAsync();
        BinaryRequest request = bed.Node.LastRequest!;
        Assert.Equal("POST", request.Method);
        Assert.Equal(VerathosPaths.ChatCompletions, request.Path);
        Assert.Equal(Convert.ToHexStringLower(answer.Node.Evidence.Binding.Span), request.SingleField(VerathosHeaders.Binding));
        Assert.Equal(Convert.ToHexStringLower(answer.Transcript.ClientNonce), request.SingleField(VerathosHeaders.ClientNonce));
        Assert.Equal(Convert.ToHexStringLower(answer.Transcript.AuditCommitment), request.SingleField(VerathosHeaders.AuditCommitment));
        Assert.Equal(
            """{"model":"test-model","messages":[{"role":"user","content":"hello"}],"temperature":0.7,"top_p":0.9,"top_k":40,"seed":42,"max_tokens":64,"stream":true}""",
            System.Text.Encoding.UTF8.GetString(request.Content.Span));
    }

    [Fact]
    public async Task Two_requests_share_no_nonce_and_no_audit_commitment()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Answer first = await client.CompleteAsync(TestBed.Request());
        Answer second = await client.CompleteAsync(TestBed.Request());
        Assert.NotEqual(first.Transcript.ClientNonce, second.Transcript.ClientNonce);
        Assert.NotEqual(first.Transcript.AuditCommitment, second.Transcript.AuditCommitment);
        Assert.NotEqual(first.Transcript.RequestDigest, second.Transcript.RequestDigest);
    }

    [Fact]
    public async Task A_warm_request_is_one_round_trip()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        await client.CompleteAsync(TestBed.Request());
        bed.Node.Log.Clear();
        await client.CompleteAsync(TestBed.Request());
        Assert.Equal(["POST " + VerathosPaths.Gateway], bed.Node.Log);
    }

    [Fact]
    public async Task Prompts_of_nearby_lengths_give_requests_of_one_length()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        HashSet<int> lengths = [];
        foreach (int length in (int[])[1, 20, 60])
        {
            await client.CompleteAsync(InferenceRequest.Chat([("user", new string('x', length))], seed: 1));
            lengths.Add(bed.Node.LastLength);
        }

        Assert.Single(lengths);
    }

    [Theory]
    [InlineData(HpkeKem.XWing)]
    [InlineData(HpkeKem.X25519)]
    public async Task Seals_with_the_only_key_that_the_keyset_has(HpkeKem kem)
    {
        using TestBed bed = new(kem);
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Equal(kem, client.Session.Current!.Kem);
        Assert.True((await client.CompleteAsync(TestBed.Request())).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task Prefers_x_wing()
    {
        using TestBed bed = new(HpkeKem.X25519, HpkeKem.XWing);
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Equal(HpkeKem.XWing, client.Session.Current!.Kem);
    }

    [Fact]
    public async Task Completions_come_through_their_own_endpoint()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Assert.True(InferenceRequest.TryParse(InferenceKind.Completion, "{\"prompt\":\"Once\"}"u8.ToArray(), out InferenceRequest? request, out _));
        Answer answer = await client.CompleteAsync(request!);
        Assert.Equal(VerathosPaths.Completions, bed.Node.LastRequest!.Path);
        Assert.Equal("word0 word1 word2 word3 word4 ", answer.Text);
    }

    [Fact]
    public async Task Models_are_listed_through_the_seal()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Assert.Contains(TestNode.ModelName, System.Text.Encoding.UTF8.GetString(await client.GetModelsAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_by_the_enclave_keeps_its_status_and_message()
    {
        using TestBed bed = new();
        bed.Node.SealedErrors.Enqueue((422, """{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"""));
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal(ClientFailure.Refused, failure.Failure);
        Assert.Equal(422, failure.StatusCode);
        Assert.Contains("too long", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_event_inside_the_stream_ends_it_and_says_what_is_proved()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Event = "data: {\"error\":{\"message\":\"the keyset ended\",\"code\":\"keyset_ended\"}}\n\n";
        VerathosException failure = await bed.FailureAsync();
        Assert.Equal(ClientFailure.Refused, failure.Failure);
        Assert.Contains("the keyset ended", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.Delivered!.AcceptanceVerified);
        Assert.Equal(4, failure.Delivered.Tokens);
    }

    [Fact]
    public async Task Stopping_early_frees_the_connection()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
        {
            Assert.Equal("word0 ", update.Text);
            break;
        }

        Assert.True((await client.CompleteAsync(TestBed.Request())).ReceiptVerdict.Valid);
    }
}
