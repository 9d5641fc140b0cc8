using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Snp;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>Each check of an SEV-SNP report by a minted case that only it rejects.</summary>
public sealed class SnpAppraisalTests : IDisposable
{
    private readonly TestAmd _milan = new(SnpProduct.Milan);

    public void Dispose() => _milan.Dispose();

    [Theory]
    [InlineData(SnpProduct.Milan, 2)]
    [InlineData(SnpProduct.Milan, 3)]
    [InlineData(SnpProduct.Genoa, 4)]
    [InlineData(SnpProduct.Genoa, 5)]
    [InlineData(SnpProduct.Turin, 3)]
    [InlineData(SnpProduct.Turin, 5)]
    public void Every_version_and_product_is_accepted(SnpProduct product, int version)
    {
        using TestAmd amd = new(product);
        foreach (bool vlek in new[] { false, true })
        {
            Verdict verdict = Appraise(amd, amd.Report(version, vlek), amd.Collateral(vlek: vlek), version == 2 ? product.ToString() : null);
            Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
        }
    }

    [Fact]
    public void A_version_2_report_without_a_product_is_rejected_and_its_signature_still_reported() =>
        AssertOnly(Appraise(_milan, _milan.Report(2), _milan.Collateral()), CheckNames.SnpProduct);

    [Fact]
    public void A_product_that_contradicts_the_report_is_rejected()
    {
        Verdict verdict = Appraise(_milan, _milan.Report(), _milan.Collateral(), "Genoa");
        Assert.Equal(CheckNames.SnpProduct, verdict.Reason);
    }

    [Fact]
    public void A_certificate_of_another_product_line_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(new SnpKeySpec { ProductName = "Genoa" })), CheckNames.SnpKeyKind);

    [Fact]
    public void A_report_that_says_VLEK_is_not_taken_with_a_VCEK() =>
        AssertOnly(Appraise(_milan, _milan.Report(vlek: true), _milan.Collateral()), CheckNames.SnpKeyKind, CheckNames.SnpHardwareId);

    [Fact]
    public void A_report_that_says_VCEK_is_not_taken_with_a_VLEK() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(vlek: true)), CheckNames.SnpKeyKind, CheckNames.SnpHardwareId);

    [Fact]
    public void A_VCEK_that_names_no_chip_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(new SnpKeySpec { NamesChip = false })), CheckNames.SnpKeyKind, CheckNames.SnpHardwareId);

    [Fact]
    public void A_certificate_that_names_chip_and_provider_is_neither() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(new SnpKeySpec { NamesProvider = true })), CheckNames.SnpKeyKind);

    [Fact]
    public void A_VCEK_of_another_chip_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(new SnpKeySpec { HardwareId = new byte[64] })), CheckNames.SnpHardwareId);

    [Fact]
    public void On_Turin_the_rest_of_the_chip_identifier_is_zero()
    {
        using TestAmd turin = new(SnpProduct.Turin);
        AssertOnly(Appraise(turin, turin.Report(change: report => report[0x1A0 + 8] = 1), turin.Collateral()), CheckNames.SnpHardwareId);
    }

    [Fact]
    public void A_masked_chip_identifier_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(change: report => report[0x48] |= 2), _milan.Collateral()), CheckNames.SnpHardwareId);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_reported_TCB_other_than_the_certificates_is_rejected(int index) =>
        AssertOnly(Appraise(_milan, _milan.Report(change: report => report[0x180 + index]++), _milan.Collateral()), CheckNames.SnpTcb);

    [Fact]
    public void The_first_mutable_code_counts_on_Turin()
    {
        using TestAmd turin = new(SnpProduct.Turin);
        AssertOnly(Appraise(turin, turin.Report(change: report => report[0x180]++), turin.Collateral()), CheckNames.SnpTcb);
    }

    [Fact]
    public void An_unsigned_report_is_rejected()
    {
        Verdict verdict = Appraise(_milan, _milan.Report(change: report => report[0x48] = 7 << 2), _milan.Collateral());
        Assert.Equal(CheckNames.SnpKeyKind, verdict.Reason);
        Assert.Equal(CheckResult.Failed, verdict.Find(CheckNames.SnpSignature)!.Value.Result);
    }

    [Fact]
    public void A_signature_in_big_endian_order_is_rejected()
    {
        byte[] report = _milan.Report();
        report.AsSpan(0x2A0, 48).Reverse();
        report.AsSpan(0x2E8, 48).Reverse();
        AssertOnly(Appraise(_milan, report, _milan.Collateral()), CheckNames.SnpSignature);
    }

    [Fact]
    public void A_debuggable_guest_is_rejected_without_any_policy() =>
        AssertOnly(Appraise(_milan, _milan.Report(change: report => report[10] |= 0x08), _milan.Collateral()), CheckNames.SnpDebug);

    [Fact]
    public void A_revoked_intermediate_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(crl: _milan.Crl(revokeAsk: true))), CheckNames.SnpRevocation);

    [Fact]
    public void An_expired_list_is_rejected() =>
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(crl: _milan.Crl(nextUpdate: TestAmd.At.AddDays(-1)))), CheckNames.SnpRevocation);

    [Fact]
    public void Another_roots_list_is_rejected()
    {
        using TestAmd other = new(SnpProduct.Milan, other: true);
        AssertOnly(Appraise(_milan, _milan.Report(), _milan.Collateral(crl: other.Crl())), CheckNames.SnpRevocation);
    }

    [Fact]
    public void No_list_is_not_an_empty_list()
    {
        JsonObject collateral = _milan.Collateral();
        collateral.Remove("crl_der_b64");
        AssertOnly(Appraise(_milan, _milan.Report(), collateral), CheckNames.CollateralMissing, CheckNames.SnpRevocation);
    }

    [Fact]
    public void A_chain_that_does_not_parse_is_not_read_as_absent()
    {
        JsonObject collateral = _milan.Collateral();
        collateral["ark_der_b64"] = "AAAA";
        Verdict verdict = Appraise(_milan, _milan.Report(), collateral);
        Assert.Equal(CheckNames.CollateralMissing, verdict.Reason);
        Assert.Contains("ark_der_b64", verdict.Find(CheckNames.CollateralMissing)!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_look_alike_root_is_rejected_and_a_given_one_replaces_AMDs()
    {
        using TestAmd other = new(SnpProduct.Milan, other: true);
        Verdict real = Appraiser.AppraiseSnp(
            _milan.Report(), Bytes(_milan.Collateral()), null, null, TrustAnchors.Production, TestAmd.At, TimeSource.Asserted);
        Assert.Equal(CheckNames.SnpChain, real.Reason);
        Verdict foreign = Appraiser.AppraiseSnp(_milan.Report(), Bytes(_milan.Collateral()), null, null, other.Anchors, TestAmd.At, TimeSource.Asserted);
        Assert.Equal(CheckNames.SnpChain, foreign.Reason);
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 6, true)]
    [InlineData(0, 0x20, false)]
    [InlineData(0x34, 2, false)]
    [InlineData(0x2A0 + 48, 1, false)]
    [InlineData(0x2A0 + 200, 1, false)]
    public void Constants_are_held_to(int offset, byte value, bool unsupported)
    {
        byte[] report = _milan.Report();
        report[offset] = value;
        Verdict verdict = Appraise(_milan, report, _milan.Collateral());
        Assert.Equal((unsupported ? VerdictKind.Unsupported : VerdictKind.Malformed, CheckNames.SnpFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_policy_without_a_section_snp_rejects_the_format()
    {
        Verdict verdict = Appraiser.AppraiseSnp(
            _milan.Report(), Bytes(_milan.Collateral()), null, Policy.BuiltIn("tdx-h100"), _milan.Anchors, TestAmd.At, TimeSource.Verifier);
        Assert.Equal("policy.section.snp", verdict.Reason);
    }

    private static Verdict Appraise(TestAmd amd, byte[] report, JsonObject collateral, string? product = null) =>
        Appraiser.AppraiseSnp(report, Bytes(collateral), product, null, amd.Anchors, TestAmd.At, TimeSource.Asserted);

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static void AssertOnly(Verdict verdict, params string[] failed)
    {
        Assert.Equal(VerdictKind.Rejected, verdict.Kind);
        Assert.Equal(failed, verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
    }
}
