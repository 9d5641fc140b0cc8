using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.Bench.Statistics;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;

namespace Verathos.Bench.Node;

/// <summary>Times what each chunk and each answer pays for being sealed, chained and signed.</summary>
internal static class ChunkBench
{
    private const int ChunkSize = 512;
    private const int Batch = 100;
    private const int Batches = 300;
    private const int Receipts = 1000;

    /// <summary>Microseconds to seal one chunk and hash it into the chain, as the mean of each batch.</summary>
    public static Spread SealAndHash()
    {
        using OhttpPrivateKey key = new(1, HpkePrivateKey.Generate(HpkeKem.XWing));
        if (!ChunkedRequestSealer.TryCreate(key.Config, out ChunkedRequestSealer? client))
        {
            throw new InvalidOperationException("the key's own configuration is not taken");
        }

        using (client)
        using (ChunkedRequestOpener opener = new([key], 1 << 16))
        {
            if (opener.Feed(client.SealAll(new byte[256])) != OhttpError.None || opener.Complete() != OhttpError.None || !opener.TryRead(out _))
            {
                throw new InvalidOperationException("a sealed request does not open");
            }

            ChunkChain chain = new(RandomNumberGenerator.GetBytes(32), opener.RequestDigest.Span);
            using ResponseStreamSealer sealer = new(opener.CreateResponseSealer(), chain);
            sealer.Start(200, []);
            byte[] content = RandomNumberGenerator.GetBytes(ChunkSize);
            List<double> times = [];
            for (int batch = 0; batch < Batches + (Batches / 10); batch++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < Batch; i++)
                {
                    sealer.Write(content);
                }

                // The first tenth warms up.
                if (batch >= Batches / 10)
                {
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / Batch);
                }
            }

            return Spread.Of(times);
        }
    }

    /// <summary>Milliseconds to encode and sign a receipt.</summary>
    public static Spread SignReceipt(Receipt receipt)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        List<double> times = [];
        for (int i = 0; i < Receipts + (Receipts / 10); i++)
        {
            long start = Stopwatch.GetTimestamp();
            receipt.Sign(key, out _);
            if (i >= Receipts / 10)
            {
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        return Spread.Of(times);
    }
}
