using System.Text;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Serving;

public sealed class RefusalTests
{
    [Fact]
    public async Task AReplayedRequestIsRefusedAndTheFirstIsNot()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":2");

        TestAnswer first = await node.SendAsync(request);
        TestAnswer second = await node.SendAsync(request);

        first.AssertProved();
        Assert.Equal((409, "request_replayed"), (second.Status, second.ErrorCode));
        Assert.False(second.HasReceipt);
        Assert.Equal(1, (await node.Core.GetStatusAsync()).Counters.Replays);
    }

    [Fact]
    public async Task AReplayDuringTheFirstIsRefusedToo()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":30");

        TestAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => node.SendAsync(request)));

        Assert.Single(answers, answer => answer.HasReceipt);
        Assert.Equal(5, answers.Count(answer => answer.Status == 409));
    }

    [Fact]
    public async Task ARequestWhoseHeaderCameBeforeIsRefusedEvenIfTheFirstNeverEnded()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":2");

        await Assert.ThrowsAsync<EnclaveException>(() => TestNode.SendAsync(node.Core, request with { Bytes = request.Bytes[..^1] }));
        TestAnswer whole = await node.SendAsync(request);

        Assert.Equal("request_replayed", whole.ErrorCode);
    }

    [Theory]
    [InlineData("key id", 0)]
    [InlineData("KEM", 2)]
    [InlineData("KDF", 4)]
    [InlineData("AEAD", 6)]
    [InlineData("encapsulated key", 40)]
    [InlineData("first chunk", 1140)]
    [InlineData("last byte", -1)]
    public async Task EveryFailureToDecapsulateLooksTheSame(string name, int offset)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync());
        request.Bytes[offset < 0 ? request.Bytes.Length + offset : offset] ^= 0x40;

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(request));

        Assert.True(failure.Failure == EnclaveFailure.Undecryptable, name);
        Assert.Equal("The request does not decapsulate.", failure.Message);
        Assert.Null(failure.InnerException);
        Assert.Equal(1, (await node.Core.GetStatusAsync()).Counters.Undecryptable);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(900)]
    [InlineData(1200)]
    [InlineData(-1)]
    public async Task AHalfSentRequestLooksTheSameToo(int length)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync());

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() =>
            node.SendAsync(request with { Bytes = request.Bytes[..(length < 0 ? request.Bytes.Length + length : length)] }));

        Assert.Equal(EnclaveFailure.Undecryptable, failure.Failure);
    }

    [Fact]
    public async Task AForeignNodesKeysetDoesNotOpen()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestNode other = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await other.AttestAsync());

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(request));

        Assert.Equal(EnclaveFailure.Undecryptable, failure.Failure);
    }

    [Fact]
    public async Task ABindingOfOtherEvidenceIsRefusedBeforeTheBodyIsLookedAt()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        // The body is not even JSON: were it looked at, the error would be another.
        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.ChatCompletions, "{", fields: fields => Replace(fields, VerathosHeaders.Binding, new string('0', 96))));

        Assert.Equal((409, "binding_mismatch"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task EveryBindingOfTheKeysetIsAccepted()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence first = await node.AttestAsync();
        TestEvidence second = await node.AttestAsync();

        Assert.NotEqual(first.Binding, second.Binding);
        (await node.SendAsync(TestNode.Chat(first, "\"max_tokens\":1"))).AssertProved();
        (await node.SendAsync(TestNode.Chat(second, "\"max_tokens\":1"))).AssertProved();
    }

    [Theory]
    [InlineData(VerathosHeaders.Binding, null)]
    [InlineData(VerathosHeaders.ClientNonce, null)]
    [InlineData(VerathosHeaders.AuditCommitment, null)]
    [InlineData(VerathosHeaders.ClientNonce, "00")]
    [InlineData(VerathosHeaders.ClientNonce, "ZZ00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(VerathosHeaders.AuditCommitment, "AB00000000000000000000000000000000000000000000000000000000000000")]
    public async Task AFieldThatIsMissingOrMisshapenIsNamed(string name, string? value)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.ChatCompletions, "{}", fields: fields => Replace(fields, name, value)));

        Assert.Equal((400, "invalid_header"), (answer.Status, answer.ErrorCode));
        Assert.Contains(name, answer.Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFieldSentTwiceIsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.ChatCompletions, "{}", fields: fields => [.. fields, fields[2]]));

        Assert.Equal("invalid_header", answer.ErrorCode);
    }

    [Theory]
    [InlineData("POST", "/v1/chat/completion", 404, "not_found")]
    [InlineData("POST", "/v1/chat/completions?x=1", 404, "not_found")]
    [InlineData("GET", VerathosPaths.ChatCompletions, 405, "method_not_allowed")]
    [InlineData("POST", VerathosPaths.Models, 405, "method_not_allowed")]
    public async Task AnotherPathOrMethodIsRefused(string method, string path, int status, string code)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, path, "{}", method));

        Assert.Equal((status, code), (answer.Status, answer.ErrorCode));
    }

    [Theory]
    [InlineData("another model", """{"model":"gpt-4","prompt":"x"}""", 404, "model_not_found")]
    [InlineData("not JSON", "prompt=x", 400, "invalid_json")]
    [InlineData("two answers", """{"model":"tiny","prompt":"x","n":2}""", 400, "unsupported_parameter")]
    [InlineData("id beyond the vocabulary", """{"model":"tiny","prompt":[300]}""", 400, "invalid_parameter")]
    [InlineData("empty prompt", """{"model":"tiny","prompt":""}""", 400, "invalid_parameter")]
    public async Task ARequestThatCannotBeHonouredIsASealedError(string name, string body, int status, string code)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, body));

        Assert.True((answer.Status, answer.ErrorCode) == (status, code), $"{name}: {answer.Status} {answer.ErrorCode}");
        Assert.False(answer.HasReceipt);
        Assert.Equal(0, answer.Content.Length % 512);
        (await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task APackedBodyIsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, "{}", fields: fields => [.. fields, new("content-encoding", "gzip")]));

        Assert.Equal("unsupported_encoding", answer.ErrorCode);
    }

    [Fact]
    public async Task APromptLongerThanTheContextIsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, content: new string('a', 5000)));

        Assert.Equal((422, "context_length_exceeded"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task APromptOfTheNodesLimitIsTakenAndOneMoreIsNot()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { MaxPromptTokens = 5 });
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer fits = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, """{"model":"tiny","prompt":[1,2,3,4,5],"max_tokens":1}"""));
        TestAnswer tooLong = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, """{"model":"tiny","prompt":[1,2,3,4,5,6],"max_tokens":1}"""));

        fits.AssertProved();
        Assert.Equal("context_length_exceeded", tooLong.ErrorCode);
    }

    [Fact]
    public async Task AnAnswerEndsAtTheNodesLimit()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { MaxOutputTokens = 4 });
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer unlimited = await node.SendAsync(TestNode.Chat(evidence));
        TestAnswer asked = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":9"));

        Assert.Equal((4, 4u), (unlimited.OutputIds.Length, unlimited.Receipt.Sampling.MaxTokens));
        Assert.Equal((4, 9u, "length"), (asked.OutputIds.Length, asked.Receipt.Sampling.MaxTokens, asked.FinishReason));
    }

    [Fact]
    public async Task ARequestBeyondTheLimitIsASealedError()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { MaxRequestBytes = 4096 });
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, content: new string('a', 5000)));

        Assert.Equal((413, "request_too_large"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task AFullQueueIsASealedError()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { QueueCapacity = 1, MaxActive = 1 });
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":500"))));

        Assert.Contains(answers, answer => answer.HasReceipt);
        TestAnswer busy = Assert.IsType<TestAnswer>(answers.FirstOrDefault(answer => answer.Status == 429));
        Assert.Equal("queue_full", busy.ErrorCode);
        Assert.Equal("1", BhttpFields.Single(busy.Fields, "retry-after"));
    }

    [Fact]
    public async Task BytesThatAreNoBinaryRequestAreASealedError()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        Assert.True(ChunkedRequestSealer.TryCreate(evidence.Keyset.KeyConfigs[0], out ChunkedRequestSealer? sealer));
        byte[] bytes = sealer.SealAll(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));

        TestAnswer answer = await node.SendAsync(new TestRequest(sealer, bytes, [], [], evidence, []));

        Assert.Equal((400, "invalid_message"), (answer.Status, answer.ErrorCode));
    }

    private static List<BhttpField> Replace(List<BhttpField> fields, string name, string? value)
    {
        fields.RemoveAll(field => field.Name == name);
        if (value is not null)
        {
            fields.Add(new BhttpField(name, value));
        }

        return fields;
    }
}
