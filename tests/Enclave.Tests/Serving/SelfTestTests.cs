using System.Runtime.InteropServices;
using Microsoft.Extensions.Time.Testing;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.Enclave.Tests.Serving;

public sealed class SelfTestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-selftest-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AModelThatGivesNoNumbersNeverGetsKeys()
    {
        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => TestNode.StartAsync(model: Broken()));

        Assert.Contains("without a receipt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelThatTakesAnothersPlaceIsTestedToo()
    {
        FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);

        await Assert.ThrowsAsync<EnclaveException>(() => node.Core.ReplaceModelAsync(Broken()));

        EnclaveStatus status = await node.Core.GetStatusAsync();
        Assert.Equal((false, 1L), (status.Ready, status.Counters.Keysets));
        Assert.Contains("fails its test", status.NotReadyReason, StringComparison.Ordinal);

        // The core tries again by itself, and again there are no keys for it.
        time.Advance(TimeSpan.FromSeconds(30));
        status = await node.Core.GetStatusAsync();
        Assert.Equal((false, 1L), (status.Ready, status.Counters.Keysets));
        await node.Core.ReplaceModelAsync(TestNode.TinyModel(seed: 2));
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task TheTestLeavesNoTraceInCountersAndReceipts()
    {
        await using TestNode node = await TestNode.StartAsync();

        EnclaveCounters counters = (await node.Core.GetStatusAsync()).Counters;
        Assert.Equal((0, 0, 0, 1), (counters.Requests, counters.Receipts, counters.OutputTokens, counters.Keysets));
        TestAnswer first = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"));
        first.AssertProved();
        Assert.Equal((1ul, null), (first.Receipt.Counter, first.Receipt.Previous));
    }

    [Theory]
    [InlineData("the shortest requests", 1024, 0, 4096)]
    [InlineData("prompts of one token", 1 << 20, 1, 4096)]
    [InlineData("answers of one token", 1 << 20, 0, 1)]
    public async Task EveryNodeThatMayBeConfiguredPasses(string name, int requestBytes, int promptTokens, int outputTokens)
    {
        Assert.NotEmpty(name);
        EnclaveOptions options = new() { MaxRequestBytes = requestBytes, MaxPromptTokens = promptTokens, MaxOutputTokens = outputTokens, QueueCapacity = 1, MaxActive = 1, PaddingBucket = 0 };
        await using TestNode node = await TestNode.StartAsync(options);

        Assert.True((await node.Core.GetStatusAsync()).Ready);
    }

    /// <summary>The embedded model with a norm that is no number.</summary>
    private LoadedModel Broken()
    {
        string source = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");
        foreach (string name in (string[])["config.json", "tokenizer.json", "tokenizer_config.json"])
        {
            File.Copy(Path.Combine(source, name), Path.Combine(_folder, name), overwrite: true);
        }

        using (SafetensorsFile file = SafetensorsFile.Read(Path.Combine(source, "model.safetensors")))
        {
            SafetensorsWriter.Write(
                Path.Combine(_folder, "model.safetensors"),
                [.. file.Tensors.Select(tensor => new TensorData(tensor.Name, tensor.Type, tensor.Shape, tensor.Name == "model.norm.weight" ? NoNumbers(tensor.Length) : file.Bytes(tensor).ToArray()))]);
        }

        return ModelLoader.Load(_folder, new LoadOptions { Profile = NumericProfile.Served });
    }

    private static byte[] NoNumbers(long length)
    {
        byte[] bytes = new byte[length];
        MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()).Fill(0x7fc0);
        return bytes;
    }
}
