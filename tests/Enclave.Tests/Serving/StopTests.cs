using Verathos.GpuRuntime.Models;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>A stop text ends the engine's work too, not only the text.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task TheEngineIsFreeBeforeTheLastStepIsSealed()
    {
        LoadedModel model = TestNode.TinyModel();

        // One answer's memory only: a second answer proves that the first gave it back.
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { KvBytes = model.Backend.SequenceBytes(3100) }, model: model);
        TestEvidence evidence = await node.AttestAsync();
        TestAnswer free = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":40,\"temperature\":0"));
        string stop = free.Text[8..9];
        string escaped = System.Text.Json.JsonSerializer.Serialize(stop);

        TestAnswer stopped = await node.SendAsync(TestNode.Chat(evidence, $"\"max_tokens\":3000,\"temperature\":0,\"stop\":{escaped}"));

        stopped.AssertProved();
        Assert.Equal("stop", stopped.FinishReason);
        Assert.Equal(free.Text[..free.Text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
        Assert.InRange(stopped.OutputIds.Length, 1, 40);
        TestAnswer next = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":3000,\"temperature\":0,\"stop\":" + escaped));
        next.AssertProved();
        Assert.Equal(stopped.OutputIds, next.OutputIds);
        Assert.True((await node.Core.GetStatusAsync()).Counters.OutputTokens < 3000);
    }
}
