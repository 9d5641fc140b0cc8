using System.Text;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>Seeded flips of an SEV-SNP report: every byte of it counts, and nothing throws.</summary>
public sealed class SnpMutationTests
{
    [Fact]
    public void A_flipped_bit_of_a_report_is_never_accepted()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        byte[] report = amd.Report(5);
        byte[] collateral = Encoding.UTF8.GetBytes(amd.Collateral().ToJsonString());
        TrustAnchors anchors = amd.Anchors;
        bool Accepted() => Appraiser.AppraiseSnp(report, collateral, null, null, anchors, TestAmd.At, TimeSource.Asserted).IsAccepted;
        Assert.True(Accepted());

        Random random = new(20261123);
        for (int i = 0; i < 400; i++)
        {
            int offset = random.Next(report.Length);
            byte bit = (byte)(1 << random.Next(8));
            report[offset] ^= bit;
            Assert.False(Accepted(), $"offset {offset}, bit {bit}");
            report[offset] ^= bit;
        }
    }
}
