using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Exchange;

/// <summary>Bounds on cost. Each takes the best of many batches, so that a busy machine does not fail it.</summary>
public class SealingCostTests(ITestOutputHelper output)
{
    [Fact]
    public void Sealing_and_hashing_a_chunk_of_512_bytes_takes_at_most_10_microseconds()
    {
        using OhttpPrivateKey key = new(1, HpkePrivateKey.Generate(HpkeKem.XWing));
        using ResponseStreamSealer sealer = Sealer(key);
        byte[] content = new byte[512];
        sealer.Start(200, []);
        double best = Best(batches: 400, perBatch: 100, () => sealer.Write(content));
        output.WriteLine($"{best:F2} microseconds a chunk");
        Assert.InRange(best, 0, 10);
    }

    [Fact]
    public void A_chunk_allocates_its_output_and_nothing_else()
    {
        using OhttpPrivateKey key = new(1, HpkePrivateKey.Generate(HpkeKem.XWing));
        using ResponseStreamSealer sealer = Sealer(key);
        byte[] content = new byte[512];
        sealer.Start(200, []);
        sealer.Write(content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int length = 0;
        for (int i = 0; i < 100; i++)
        {
            length = sealer.Write(content).Length;
        }

        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        Assert.InRange(each, length, length + 32);
    }

    [Fact]
    public void Signing_a_receipt_takes_at_most_a_millisecond()
    {
        using ECDsa key = Samples.NewKey();
        double best = Best(batches: 50, perBatch: 10, () => Samples.Receipt.Sign(key, out _));
        output.WriteLine($"{best:F0} microseconds a receipt");
        Assert.InRange(best, 0, 1000);
    }

    private static ResponseStreamSealer Sealer(OhttpPrivateKey key)
    {
        Assert.True(ChunkedRequestSealer.TryCreate(key.Config, out ChunkedRequestSealer? client));
        using ChunkedRequestOpener gateway = new([key], 4096);
        gateway.Feed(client.SealAll([1]));
        client.Dispose();
        return new ResponseStreamSealer(gateway.CreateResponseSealer(), new ChunkChain(new byte[32], new byte[32]));
    }

    private static double Best(int batches, int perBatch, Action action)
    {
        double best = double.MaxValue;
        for (int batch = 0; batch < batches; batch++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < perBatch; i++)
            {
                action();
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / perBatch);
        }

        return best;
    }
}
