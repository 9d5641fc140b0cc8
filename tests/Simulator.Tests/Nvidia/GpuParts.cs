using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Tests.Nvidia;

/// <summary>A GPU report taken apart at the offsets of SPDM 1.1, for real and minted reports alike.</summary>
internal sealed class GpuParts
{
    public GpuParts(byte[] report)
    {
        Report = report;
        Nonce = report[4..36];
        ReadOnlySpan<byte> response = report.AsSpan(37);
        int count = response[4];
        int length = response[5] | response[6] << 8 | response[7] << 16;
        int at = 8;
        for (int i = 0; i < count; i++)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(response[(at + 2)..]);
            BlockHeads.Add(Convert.ToHexString(response.Slice(at, 7)));
            Measurements.Add(response.Slice(at + 7, size - 3).ToArray());
            at += 4 + size;
        }

        Assert.Equal(8 + length, at);
        int opaque = BinaryPrimitives.ReadUInt16LittleEndian(response[(at + 32)..]);
        at += 34;
        int end = at + opaque;
        while (at < end)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(response[(at + 2)..]);
            Opaque.Add((BinaryPrimitives.ReadUInt16LittleEndian(response[at..]), response.Slice(at + 4, size).ToArray()));
            at += 4 + size;
        }

        Assert.Equal(96, response.Length - at);
    }

    public byte[] Report { get; }

    public byte[] Nonce { get; }

    public List<string> BlockHeads { get; } = [];

    public List<byte[]> Measurements { get; } = [];

    public List<(int Id, byte[] Value)> Opaque { get; } = [];

    public bool SignatureHolds(X509Certificate2 leaf)
    {
        using ECDsa key = leaf.GetECDsaPublicKey()!;
        return key.VerifyData(Report.AsSpan(..^96), Report.AsSpan(^96..), HashAlgorithmName.SHA384);
    }
}
