using System.Text;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tests.Snp;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>Plans are read from evidence that nobody verified: whatever its bytes, a plan or a problem comes out.</summary>
public sealed class CollateralPlanTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    [Fact]
    public void Changed_evidence_makes_a_plan_or_a_problem_and_never_an_exception()
    {
        using TestAmd amd = new(SnpProduct.Genoa);
        MintedGpuEvidence gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        CollateralRequest[] requests =
        [
            Collecting.Quote(authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] })),
            new() { Evidence = amd.Report(), Format = EvidenceFormat.SnpReport },
            new() { Evidence = gpu.Report, Format = EvidenceFormat.GpuReport, GpuChainPem = gpu.CertificateChain },
        ];
        Random random = new(5);
        int plans = 0;
        int problems = 0;
        foreach (CollateralRequest request in requests)
        {
            for (int i = 0; i < 2000; i++)
            {
                byte[] changed = request.Evidence.ToArray();
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                changed = random.Next(4) == 0 ? changed[..random.Next(changed.Length)] : changed;
                bool made = CollateralPlan.TryCreate(request with { Evidence = changed }, authorities.Anchors, out CollateralPlan? plan, out string problem);
                Assert.Equal(made, plan is not null);
                Assert.Equal(made, problem.Length == 0);
                plans += made ? 1 : 0;
                problems += made ? 0 : 1;
            }
        }

        Assert.True(plans > 1000, $"{plans}");
        Assert.True(problems > 1000, $"{problems}");
    }

    [Fact]
    public void Changed_collateral_files_are_documents_or_a_refusal()
    {
        byte[] whole = authorities.Trusted.Collateral.Current;
        Random random = new(6);
        int split = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] changed = [.. whole];
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Assert.Equal(4, CollateralFile.Split(changed, TcbSelection.Default).Count);
                split++;
            }
            catch (CollateralException e)
            {
                Assert.Equal(FetchFailure.WrongContent, e.Failure);
            }
        }

        Assert.InRange(split, 1, 1999);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"a\":1,\"a\":2}")]
    public void Collateral_at_hand_that_is_no_object_is_a_problem(string json) => Assert.Contains(
        "at hand", Collecting.Refused(Collecting.Quote([]) with { Given = Encoding.UTF8.GetBytes(json) }, authorities.Anchors), StringComparison.Ordinal);

    [Theory]
    [InlineData(EvidenceFormat.AzureToken, "a token names")]
    [InlineData(EvidenceFormat.NvidiaToken, "a token names")]
    [InlineData(EvidenceFormat.Unknown, "no format")]
    public void Tokens_and_the_unknown_have_no_plan(EvidenceFormat format, string said) => Assert.Contains(
        said, Collecting.Refused(new CollateralRequest { Evidence = "x"u8.ToArray(), Format = format }, authorities.Anchors), StringComparison.Ordinal);

    [Fact]
    public void A_lone_GPU_report_needs_its_chain()
    {
        MintedGpuEvidence gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        Assert.Contains(
            "--chain", Collecting.Refused(new CollateralRequest { Evidence = gpu.Report, Format = EvidenceFormat.GpuReport }, authorities.Anchors), StringComparison.Ordinal);
    }

    [Fact]
    public void Azures_evidence_asks_for_its_hardwares_collateral()
    {
        byte[] sevSnp = VectorTable.Read("azure-hcl/confidential-containers-trustee/hcl-SNP-79a44f0b.bin");
        Assert.True(CollateralPlan.TryCreate(
            new CollateralRequest { Evidence = sevSnp, Format = EvidenceFormat.AzureHcl }, TrustAnchors.Production, out _, out string problem), problem);
        byte[] tdx = VectorTable.Read("azure-hcl/openpcc-openpcc/hcl-TDX-4caa24cd.bin");
        Assert.Contains(
            "no quote", Collecting.Refused(new CollateralRequest { Evidence = tdx, Format = EvidenceFormat.AzureHcl }, TrustAnchors.Production), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("standard", "standard")]
    [InlineData("early", "early")]
    [InlineData("17", "17")]
    [InlineData("newest", null)]
    [InlineData("-1", null)]
    [InlineData("65536", null)]
    [InlineData("", null)]
    public void A_selection_is_standard_early_or_a_number(string text, string? channel)
    {
        Assert.Equal(channel is not null, TcbSelection.TryParse(text, out TcbSelection? selection));
        Assert.Equal(channel, selection?.Channel);
    }
}
