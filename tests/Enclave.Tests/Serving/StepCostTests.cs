using System.Diagnostics;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;

namespace Verathos.Enclave.Tests.Serving;

public sealed class StepCostTests(ITestOutputHelper output)
{
    private const int Batch = 100;
    private const int Batches = 30;

    [Fact]
    public async Task AStepAllocatesLittleMoreThanItsOwnCiphertext()
    {
        EnclaveOptions options = new();
        await using ServedModels model = new([TestNode.TinyModel()], options, new SimulatedDriver(TestNode.Installation, 0));
        using LiveKeyset keyset = LiveKeyset.Create(new byte[16], 0, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetTimestamp(), model, options);
        Assert.True(ChunkedRequestSealer.TryCreate(keyset.Keyset.KeyConfigs[0], out ChunkedRequestSealer? client));
        using ChunkedRequestOpener opener = new(keyset.PrivateKeys, 1 << 20);
        Assert.Equal(OhttpError.None, opener.Feed(client.SealAll("x"u8)));
        opener.Complete();
        Assert.True(opener.TryRead(out _));
        using SecretScope scope = new();
        using Answer answer = new(
            keyset, model.Default, new InnerHeaders(new byte[48], new byte[32], new byte[32]), opener.RequestDigest, new byte[16], scope.Own(SecretIds.TakeFrom([1, 2, 3])),
            scope.Own(SecretBuffer.Random(32)), scope.Own(SecretBuffer.Random(32)), new SamplingClaims(0, 1_000_000, 0, 0, 9), opener.CreateResponseSealer(), scope,
            new SessionContext(options, new EnclaveMetrics(), true, TimeProvider.System, null));
        using ApiRequest request = new() { Endpoint = ApiEndpoint.ChatCompletions, Model = "tiny" };
        using StepWriter steps = new(request, new byte[16], TimeProvider.System.GetUtcNow(), 512, model.Default.Loaded.Tokenizer.CreateDecoder(), scope);
        answer.Sealer.Start(200, []);

        long allocated = long.MaxValue;
        double write = double.MaxValue;
        double seal = double.MaxValue;
        for (int batch = 0; batch < Batches; batch++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long writing = 0;
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < Batch; i++)
            {
                long at = Stopwatch.GetTimestamp();
                Assert.Null(steps.Write(new GeneratedToken('a' + (i % 26), i, null), null));
                writing += Stopwatch.GetTimestamp() - at;
                Assert.True(answer.Seal(steps.Step).Length > 512);
            }

            double all = Stopwatch.GetElapsedTime(begin).TotalMicroseconds / Batch;
            double written = writing * 1e6 / Stopwatch.Frequency / Batch;
            (write, seal) = (Math.Min(write, written), Math.Min(seal, all - written));
            allocated = Math.Min(allocated, (GC.GetAllocatedBytesForCurrentThread() - before) / Batch);
        }

        double receipt = double.MaxValue;
        for (int i = 0; i < 50; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            answer.SignReceipt("stop");
            receipt = Math.Min(receipt, Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
        }

        output.WriteLine($"write {write:F1} us, seal and hash {seal:F1} us, {allocated} bytes a step; receipt {receipt:F0} us");
        Assert.InRange(allocated, 500, 1500);
    }
}
