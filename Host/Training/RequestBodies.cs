using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Sealing;

namespace Verathos.Host.Training;

/// <summary>The bytes that requests are over, as Protocol/Training.proto gives them.</summary>
internal static class RequestBodies
{
    public static byte[] Join(ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> evidence, string address) =>
        new DeterministicCborWriter().Array(3).Bytes(nonce.Span).Bytes(SHA256.HashData(evidence.Span)).Text(address).ToArray();

    public static byte[] Reveal(ReadOnlyMemory<byte> salt, ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> sealedGradient, IReadOnlyList<ReadOnlyMemory<byte>> links)
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(4).Bytes(salt.Span).Bytes(record.Span).Bytes(SHA256.HashData(sealedGradient.Span)).Array(links.Count);
        foreach (ReadOnlyMemory<byte> link in links)
        {
            writer.Bytes(link.Span);
        }

        return writer.ToArray();
    }

    public static byte[] OpenStep(WorkerKey worker, ReadOnlyMemory<byte> recordDigest, int step) =>
        new DeterministicCborWriter().Array(3).Bytes(worker.Bytes).Bytes(recordDigest.Span).UInt64((ulong)step).ToArray();

    public static byte[] Records(WorkerKey worker, ulong after) => new DeterministicCborWriter().Array(2).Bytes(worker.Bytes).UInt64(after).ToArray();

    /// <summary>The most bytes of a sealed gradient: of the larger of the two encodings.</summary>
    public static int MostSealedBytes(GradientLayout layout, int validators) => checked((int)GradientSeal.MostBytes(MostGradientBytes(layout), validators));

    /// <summary>The most bytes of an encoded gradient.</summary>
    public static int MostGradientBytes(GradientLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return checked((int)Math.Max(CompressedGradient.EncodedLength(layout, GradientBits.Two), CompressedGradient.EncodedLength(layout, GradientBits.Eight)));
    }

    /// <summary>The most bytes of what opens a step: twice what weights, two moments and a gradient take in binary32, and room for names and proofs.</summary>
    public static int MostStepBytes(GradientLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return checked((int)Math.Min(int.MaxValue / 2, (32L * layout.Count) + (1 << 20)));
    }
}
