using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;
using Verathos.Testing;

namespace Verathos.Enclave.Tests.Serving;

public sealed class AnswerTests
{
    [Theory]
    [InlineData(HpkeKem.XWing)]
    [InlineData(HpkeKem.X25519)]
    public async Task ASealedChatIsAnsweredAndProved(HpkeKem kem)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":12,\"temperature\":0,\"seed\":7", kem: kem));

        answer.AssertProved();
        Assert.Equal(12, answer.OutputIds.Length);
        Assert.Equal("length", answer.FinishReason);
        Assert.Equal(new SamplingClaims(0, 1_000_000, 0, 7, 12), answer.Receipt.Sampling);
        Assert.Equal("[DONE]", answer.Events[^1].Data);
        Assert.Equal(1ul, answer.Receipt.Counter);
    }

    [Fact]
    public async Task ACompletionKeepsTheSpaceBetweenPromptAndAnswer()
    {
        LoadedModel model = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions { Name = "tiny", Threads = 1, Profile = NumericProfile.Served });
        Tokenizer tokenizer = model.Tokenizer;
        await using TestNode node = await TestNode.StartAsync(model: model);

        TestAnswer answer = await node.SendAsync(TestNode.Seal(
            await node.AttestAsync(), VerathosPaths.Completions, """{"model":"tiny","prompt":"Once upon a time, there was","max_tokens":6,"temperature":0}"""));

        answer.AssertProved();
        Assert.StartsWith(" ", answer.Text, StringComparison.Ordinal);
        Assert.Equal(tokenizer.Decode([.. answer.PromptIds, .. answer.OutputIds]), "Once upon a time, there was" + answer.Text);
    }

    [Fact]
    public async Task TheSameRequestGivesTheSameTokensAndAnotherNonceOthers()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer greedy = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":24,\"temperature\":0"));
        TestAnswer again = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":24,\"temperature\":0"));
        TestAnswer drawn = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":24,\"temperature\":1"));
        TestAnswer drawnAgain = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":24,\"temperature\":1"));

        Assert.Equal(greedy.OutputIds, again.OutputIds);
        Assert.NotEqual(drawn.OutputIds, drawnAgain.OutputIds);
    }

    [Fact]
    public async Task ReceiptsAreNumberedWithoutGapsAndChained()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        Receipt? previous = null;
        for (ulong number = 1; number <= 4; number++)
        {
            // A refused request in between takes no number.
            await node.SendAsync(TestNode.Chat(evidence, "\"n\":2"));
            TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":2"));

            Assert.Equal(number, answer.Receipt.Counter);
            Assert.Equal(previous?.Digest.ToArray(), answer.Receipt.Previous?.ToArray());
            previous = answer.Receipt;
        }
    }

    [Fact]
    public async Task ConcurrentStreamsEachHaveTheirOwnSecretAndNumber()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":8"))));

        Assert.All(answers, answer => answer.AssertProved());
        Assert.Equal(Enumerable.Range(1, 12).Select(number => (ulong)number), answers.Select(answer => answer.Receipt.Counter).Order());
        Assert.Equal(12, answers.Select(answer => Convert.ToHexString(answer.Secret)).Distinct().Count());
    }

    [Fact]
    public async Task ACheckpointFollowsAtMostEvery32Tokens()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":100"));

        answer.AssertProved();
        Assert.True(answer.Checkpoints.Count >= 3);
        uint last = 0;
        foreach (Checkpoint checkpoint in answer.Checkpoints)
        {
            Assert.InRange(checkpoint.OutputTokens - last, 1u, 32u);
            last = checkpoint.OutputTokens;
        }

        Assert.InRange(100u - last, 0u, 32u);
    }

    [Fact]
    public async Task EveryStepIsAMultipleOfTheBucket()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":20"));

        Assert.All(answer.Steps, length => Assert.Equal(0, length % 512));
        Assert.All(answer.Steps.Skip(1).Take(18), length => Assert.Equal(512, length));
    }

    [Fact]
    public async Task ACompletionOfIdsIsAnswered()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(
            evidence, VerathosPaths.Completions, """{"model":"tiny","prompt":[104,105],"max_tokens":5,"temperature":0,"stream_options":{"include_usage":true}}"""));

        answer.AssertProved();
        Assert.Equal([104, 105], answer.PromptIds);
        Assert.Equal(7, answer.Chunks[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task AStopTextCutsTheAnswerAndTheReceiptCountsWhatWasComputed()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        const string Body = """{"model":"tiny","prompt":"once upon","max_tokens":40,"temperature":0""";
        TestAnswer whole = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, Body + "}"));
        string stop = whole.Text.Substring(whole.Text.Length / 2, 2);
        string literal = System.Text.Json.JsonSerializer.Serialize(stop);

        TestAnswer cut = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, Body + $",\"stop\":{literal}}}"));

        cut.AssertProved();
        Assert.Equal("stop", cut.FinishReason);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(whole.OutputIds[..cut.OutputIds.Length], cut.OutputIds);
        Assert.True(cut.OutputIds.Length < whole.OutputIds.Length);
    }

    [Fact]
    public async Task TheModelIsListed()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();

        TestAnswer answer = await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Models, "", method: "GET"));

        Assert.Equal(200, answer.Status);
        Assert.Contains("\"id\":\"tiny\"", answer.Content, StringComparison.Ordinal);
        Assert.Equal("application/json", BhttpFields.Single(answer.Fields, "content-type"));
        Assert.Equal(0, answer.Content.Length % 512);
    }

    [Fact]
    public async Task CountersSayWhatHappened()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":3"));
        await node.SendAsync(TestNode.Chat(evidence, "\"n\":3"));

        EnclaveStatus status = await node.Core.GetStatusAsync();

        Assert.True(status.Ready);
        Assert.True(status.Simulated);
        Assert.Equal("tiny", status.Model);
        Assert.Equal(evidence.Keyset.Digest.ToArray(), status.KeysetDigest.ToArray());
        Assert.Equal((2, 1, 1, 3, 1, 1), (status.Counters.Requests, status.Counters.Receipts, status.Counters.SealedErrors, status.Counters.OutputTokens, status.Counters.Quotes, status.Counters.Nonces));
        Assert.Equal(0, status.Counters.Active);
    }
}
