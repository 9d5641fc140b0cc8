using Verathos.Attestation;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>
/// One byte changed anywhere. Every 31st byte, and both ends, or every byte where VERATHOS_DRILL_EVERY_BYTE is set.
/// </summary>
public sealed class TamperDrills(DrillNode node) : IClassFixture<DrillNode>
{
    public enum Part
    {
        Quote,
        GpuReport,
        GpuChain,
        Keyset,
        Configuration,
    }

    [Theory]
    [InlineData(Part.Quote, 0x01)]
    [InlineData(Part.Quote, 0x80)]
    [InlineData(Part.GpuReport, 0x01)]
    [InlineData(Part.GpuChain, 0x20)]
    [InlineData(Part.Keyset, 0x01)]
    [InlineData(Part.Configuration, 0x01)]
    public void No_byte_can_be_changed(Part part, byte flip)
    {
        NodeEvidence honest = node.Show(DrillNode.FreshNonce());
        Assert.True(node.Appraise(honest).IsAccepted);
        int length = Bytes(honest, part).Length;
        var accepted = new List<int>();
        foreach (int offset in Offsets(length))
        {
            byte[] changed = Bytes(honest, part).ToArray();
            changed[offset] ^= flip;
            NodeEvidence evidence = part switch
            {
                Part.Quote => honest with { CpuEvidence = changed },
                Part.GpuReport => honest with { Gpus = [honest.Gpus[0] with { Report = changed }] },
                Part.GpuChain => honest with { Gpus = [honest.Gpus[0] with { CertificateChain = changed }] },
                Part.Keyset => honest with { KeysetBytes = changed },
                _ => honest with { ConfigurationBytes = changed },
            };
            if (node.Appraise(evidence).IsAccepted)
            {
                accepted.Add(offset);
            }
        }

        Assert.True(accepted.Count == 0, $"a change passes at {string.Join(", ", accepted)}");
    }

    private static IEnumerable<int> Offsets(int length)
    {
        bool every = Environment.GetEnvironmentVariable("VERATHOS_DRILL_EVERY_BYTE") is { Length: > 0 };
        return Enumerable.Range(0, length).Where(offset => every || offset % 31 == 0 || offset < 8 || offset >= length - 8);
    }

    private static ReadOnlyMemory<byte> Bytes(NodeEvidence evidence, Part part) => part switch
    {
        Part.Quote => evidence.CpuEvidence,
        Part.GpuReport => evidence.Gpus[0].Report,
        Part.GpuChain => evidence.Gpus[0].CertificateChain,
        Part.Keyset => evidence.KeysetBytes,
        _ => evidence.ConfigurationBytes,
    };
}
