using Verathos.GpuRuntime.Models;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>What the memory for keys and values lets in.</summary>
public sealed class AdmissionTests
{
    private static async Task<TestNode> StartAsync(int positions, int maxActive = 32, int queue = 64)
    {
        LoadedModel model = TestNode.TinyModel();
        return await TestNode.StartAsync(
            new EnclaveOptions { KvBytes = model.Backend.SequenceBytes(positions), MaxActive = maxActive, QueueCapacity = queue },
            model: model);
    }

    [Fact]
    public async Task ARequestThatCanNeverFitIsToldHowMuchWould()
    {
        await using TestNode node = await StartAsync(64);
        TestEvidence evidence = await node.AttestAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":60"));
        Assert.Equal((422, "kv_memory_exceeded"), (answer.Status, answer.ErrorCode));

        TestAnswer asMuchAsFits = await node.SendAsync(TestNode.Chat(evidence, "\"temperature\":0"));
        asMuchAsFits.AssertProved();
        int room = 65 - asMuchAsFits.PromptIds.Length;
        Assert.Equal(room, asMuchAsFits.OutputIds.Length);
        Assert.Contains($"at most {room} tokens", answer.Content, StringComparison.Ordinal);
        (await node.SendAsync(TestNode.Chat(evidence, $"\"max_tokens\":{room}"))).AssertProved();
        Assert.Equal(422, (await node.SendAsync(TestNode.Chat(evidence, $"\"max_tokens\":{room + 1}"))).Status);
    }

    [Fact]
    public async Task APromptThatLeavesNoRoomIsRefused()
    {
        await using TestNode node = await StartAsync(64);
        TestAnswer answer = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1", new string('x', 100)));
        Assert.Equal((422, "kv_memory_exceeded"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task RequestsBeyondTheMemoryWaitAndAreAllAnswered()
    {
        await using TestNode node = await StartAsync(200);
        TestEvidence evidence = await node.AttestAsync();
        TestAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":100"))));
        Assert.All(answers, answer => answer.AssertProved());
        Assert.All(answers, answer => Assert.Equal(100, answer.OutputIds.Length));
    }

    [Fact]
    public async Task MoreThanTheQueueHoldsAreToldToComeBack()
    {
        await using TestNode node = await StartAsync(1000, maxActive: 1, queue: 1);
        TestEvidence evidence = await node.AttestAsync();
        TestAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":800"))));
        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.Contains(answers, answer => (answer.Status, answer.ErrorCode) == (429, "queue_full"));
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 429));
    }
}
