using Verathos.Attestation.Dcap;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Dcap;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.Dcap;

/// <summary>Every version, body, key and certification data, minted, and what each check rejects.</summary>
public sealed class DcapMintedTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    public static TheoryData<int, DcapBodyType, AttestationKeyType, CertificationDataType> Kinds
    {
        get
        {
            TheoryData<int, DcapBodyType, AttestationKeyType, CertificationDataType> data = [];
            (int, DcapBodyType)[] bodies =
            [
                (3, DcapBodyType.Sgx), (4, DcapBodyType.Sgx), (4, DcapBodyType.Tdx10), (5, DcapBodyType.Sgx), (5, DcapBodyType.Tdx10), (5, DcapBodyType.Tdx15),
                (5, DcapBodyType.TdxMigratable),
            ];
            foreach ((int version, DcapBodyType type) in bodies)
            {
                data.Add(version, type, AttestationKeyType.EcdsaP256, CertificationDataType.PckChain);
                data.Add(version, type, AttestationKeyType.EcdsaP384, CertificationDataType.PckChain);
            }

            foreach (CertificationDataType certification in new[] { CertificationDataType.PpidClear, CertificationDataType.PpidRsa2048, CertificationDataType.PpidRsa3072, CertificationDataType.PckLeaf })
            {
                data.Add(3, DcapBodyType.Sgx, AttestationKeyType.EcdsaP256, certification);
                data.Add(4, DcapBodyType.Tdx10, AttestationKeyType.EcdsaP384, certification);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_is_accepted(int version, DcapBodyType type, AttestationKeyType key, CertificationDataType certification)
    {
        QuoteSpec spec = Spec(version, type) with { AttestationKeyType = (ushort)key, InnerCertificationType = (ushort)certification, TrailingZeros = 70 };
        Verdict verdict = Appraise(spec, Collateral(type) with { PckCertificate = certification <= CertificationDataType.PpidRsa3072 ? new PckSpec() : null });

        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
        Assert.Equal(TcbStatus.UpToDate, verdict.TcbStatus);
        Assert.True(verdict.Simulated);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void Authentication_data_may_have_any_length(int length)
    {
        SgxQuoteSpec spec = new();
        Assert.True(Appraise(spec with { Qe = spec.Qe with { AuthenticationData = new byte[length] } }).IsAccepted);
    }

    [Theory]
    [InlineData(PckChainOrder.LeafRootIntermediate)]
    [InlineData(PckChainOrder.RootIntermediateLeaf)]
    public void The_chain_may_come_in_any_order(PckChainOrder order) => Assert.True(Appraise(new SgxQuoteSpec { ChainOrder = order }).IsAccepted);

    [Theory]
    [InlineData(CertificationDataType.PpidClear, 0)]
    [InlineData(CertificationDataType.PpidClear, 16)]
    [InlineData(CertificationDataType.PpidClear, 32)]
    [InlineData(CertificationDataType.PpidClear, 34)]
    [InlineData(CertificationDataType.PpidRsa3072, 384)]
    public void A_certificate_that_the_quote_does_not_name_is_rejected(CertificationDataType type, int offset)
    {
        PckSpec pck = new();
        byte[] data = new byte[type == CertificationDataType.PpidClear ? 36 : 404];
        authorities.Trusted.Tdx.Ppid(pck).CopyTo(data, 0);
        pck.TcbComponents.CopyTo(data, data.Length - 20);
        data[^4] = (byte)pck.PceSvn;
        SgxQuoteSpec spec = new() { InnerCertificationType = (ushort)type, CertificationData = data };
        CollateralSpec collateral = CollateralSpec.Sgx with { PckCertificate = pck };
        Assert.True(Appraise(spec, collateral).IsAccepted);

        data[offset] ^= 1;
        Assert.Equal(CheckNames.QuoteChain, Appraise(spec, collateral).Reason);
    }

    [Fact]
    public void A_quote_that_leaves_its_certificate_to_collateral_that_lacks_it_is_rejected() =>
        Assert.Equal(CheckNames.QuoteChain, Appraise(new SgxQuoteSpec { InnerCertificationType = 3 }).Reason);

    [Theory]
    [InlineData(new byte[] { 13, 1, 8 }, new byte[] { 13, 1, 8 }, TcbStatus.UpToDate)]
    [InlineData(new byte[] { 11, 1, 8 }, new byte[] { 11, 1, 8 }, TcbStatus.OutOfDate)]
    [InlineData(new byte[] { 11, 1, 8 }, new byte[] { 13, 1, 8 }, TcbStatus.TDRelaunchAdvised)]
    [InlineData(new byte[] { 11, 1, 7 }, new byte[] { 7, 3, 8 }, TcbStatus.TDRelaunchAdvised)]
    [InlineData(new byte[] { 13, 1, 8 }, new byte[] { 11, 1, 8 }, TcbStatus.UpToDate)]
    [InlineData(new byte[] { 13, 1, 8 }, new byte[] { 13, 2, 8 }, TcbStatus.NoMatch)]
    [InlineData(new byte[] { 13, 1, 6 }, new byte[] { 13, 1, 8 }, TcbStatus.NoMatch)]
    public void Launch_and_current_module_are_both_judged(byte[] launch, byte[] current, TcbStatus expected)
    {
        CollateralSpec collateral = new();
        collateral = collateral with { TcbLevels = [.. collateral.TcbLevels.Take(2)] };
        foreach (DcapBodyType type in new[] { DcapBodyType.Tdx15, DcapBodyType.TdxMigratable })
        {
            TdxQuoteSpec spec = (TdxQuoteSpec)Spec(5, type);
            Verdict verdict = Appraise(spec with { TeeTcbSvn = Svn(launch), TeeTcbSvn2 = Svn(current) }, collateral);
            Assert.Equal(expected, verdict.TcbStatus);
            Assert.Equal(expected == TcbStatus.NoMatch ? CheckNames.TcbStatus : "", verdict.Reason);
        }
    }

    [Fact]
    public void Relaunch_with_a_configuration_to_change_has_its_own_status()
    {
        CollateralSpec collateral = new();
        collateral = collateral with { TcbLevels = [collateral.TcbLevels[0] with { Status = "ConfigurationNeeded" }] };
        TdxQuoteSpec spec = (TdxQuoteSpec)Spec(5, DcapBodyType.Tdx15);
        Verdict verdict = Appraise(spec with { TeeTcbSvn = Svn([11, 1, 8]), TeeTcbSvn2 = Svn([13, 1, 8]) }, collateral);
        Assert.Equal(TcbStatus.TDRelaunchAdvisedConfigurationNeeded, verdict.TcbStatus);
    }

    [Fact]
    public void TCB_info_of_version_2_judges_SGX_and_never_TDX()
    {
        Assert.True(Appraise(new SgxQuoteSpec(), CollateralSpec.Sgx with { TcbInfoVersion = 2 }).IsAccepted);
        Verdict tdx = Appraise(Spec(4, DcapBodyType.Tdx10), new CollateralSpec { TcbInfoVersion = 2, TcbInfoId = "SGX" });
        Assert.Equal(CheckNames.CollateralTcbInfo, tdx.Reason);
        Assert.Equal(TcbStatus.NoMatch, tdx.TcbStatus);
    }

    [Theory]
    [InlineData(false, "TD_QE")]
    [InlineData(false, "QVE")]
    [InlineData(true, "QE")]
    [InlineData(true, "QVE")]
    public void Another_enclaves_identity_is_rejected(bool tdx, string id)
    {
        DcapBodyType type = tdx ? DcapBodyType.Tdx10 : DcapBodyType.Sgx;
        AssertOnly(Appraise(Spec(4, type), Collateral(type) with { QeIdentityId = id }), CheckNames.TcbQeIdentity);
    }

    [Fact]
    public void A_debuggable_enclave_is_rejected()
    {
        SgxQuoteSpec spec = new();
        AssertOnly(Appraise(spec with { Attributes = [(byte)(spec.Attributes[0] | 2), .. spec.Attributes[1..]] }), CheckNames.QuoteDebug);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(0, 9)]
    [InlineData(4, 0x81)]
    [InlineData(48, 2)]
    [InlineData(50, 1)]
    public void Headers_are_held_to(int offset, byte value)
    {
        byte[] quote = Mint(Spec(offset >= 48 ? 5 : 3, DcapBodyType.Sgx));
        quote[offset] = value;
        Verdict verdict = Appraise(quote, CollateralSpec.Sgx);
        Assert.Equal(CheckNames.QuoteFormat, verdict.Reason);
        Assert.Contains(verdict.Kind, new[] { VerdictKind.Malformed, VerdictKind.Unsupported });
    }

    [Theory]
    [InlineData(48)]
    [InlineData(52)]
    public void The_signature_covers_type_and_size_of_the_body(int offset)
    {
        byte[] quote = Mint(Spec(5, DcapBodyType.Tdx10));
        Assert.True(DcapQuote.TryParse(quote, out DcapQuote? parsed, out _));
        Assert.Equal(48 + 6 + 584, parsed!.SignedBytes.Length);
        Assert.True(parsed.SignedBytes.Span.Overlaps(quote.AsSpan(offset, 1)));
    }

    [Fact]
    public void A_quote_by_another_installations_P384_key_is_rejected()
    {
        AssertOnly(Appraise(new SgxQuoteSpec { AttestationKeyType = 3, Signature = SignatureFault.ForeignKey }), CheckNames.QuoteSignature);
        AssertOnly(Appraise(new SgxQuoteSpec { AttestationKeyType = 3, Signature = SignatureFault.BitFlipped }), CheckNames.QuoteSignature);
    }

    [Theory]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.Revoked, TcbStatus.OutOfDate)]
    [InlineData(TcbStatus.Revoked, TcbStatus.UpToDate, TcbStatus.Revoked)]
    [InlineData(TcbStatus.OutOfDateConfigurationNeeded, TcbStatus.SWHardeningNeeded, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    [InlineData(TcbStatus.SWHardeningNeeded, TcbStatus.OutOfDate, TcbStatus.SWHardeningNeeded)]
    public void Relaunch_follows_Intels_table(TcbStatus launch, TcbStatus current, TcbStatus expected) =>
        Assert.Equal(expected, TcbEvaluation.Relaunch(launch, current));

    private static QuoteSpec Spec(int version, DcapBodyType type) => type == DcapBodyType.Sgx
        ? new SgxQuoteSpec { Version = (ushort)version }
        : new TdxQuoteSpec { Version = (ushort)version, BodyType = (ushort)type, ReportData = new byte[64] };

    private static CollateralSpec Collateral(DcapBodyType type) => type == DcapBodyType.Sgx ? CollateralSpec.Sgx : new CollateralSpec();

    private static byte[] Svn(byte[] first) => [.. first, .. new byte[16 - first.Length]];

    private byte[] Mint(QuoteSpec spec) => spec is SgxQuoteSpec sgx ? authorities.Trusted.Sgx.Mint(sgx) : authorities.Trusted.Tdx.Mint((TdxQuoteSpec)spec);

    private Verdict Appraise(QuoteSpec spec, CollateralSpec? collateral = null) =>
        Appraise(Mint(spec), collateral ?? Collateral(spec is SgxQuoteSpec ? DcapBodyType.Sgx : DcapBodyType.Tdx10));

    private Verdict Appraise(byte[] quote, CollateralSpec collateral) => Appraiser.AppraiseQuote(
        quote, authorities.Trusted.Collateral.Mint(collateral), null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Asserted);

    private static void AssertOnly(Verdict verdict, string failed) =>
        Assert.Equal([failed], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
}
