using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Dcap;

/// <summary>Every version, body, key and certification data, minted, and what each check rejects.</summary>
public sealed class DcapMintedTests : IDisposable
{
    private readonly TestIntel _intel = new();

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

    public void Dispose() => _intel.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_is_accepted(int version, DcapBodyType type, AttestationKeyType key, CertificationDataType certification)
    {
        byte[] quote = _intel.Quote(version, TestIntel.Body(type), type, key, certification, padding: 70);
        Verdict verdict = Appraise(quote, _intel.Collateral(type != DcapBodyType.Sgx, withPck: certification <= CertificationDataType.PpidRsa3072));

        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
        Assert.Equal(TcbStatus.UpToDate, verdict.TcbStatus);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void Authentication_data_may_have_any_length(int length) =>
        Assert.True(Appraise(_intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx, authenticationLength: length), _intel.Collateral(false)).IsAccepted);

    [Fact]
    public void The_chain_may_come_in_any_order()
    {
        byte[] quote = _intel.Quote(
            4, TestIntel.Body(DcapBodyType.Tdx10), DcapBodyType.Tdx10, certificationData: Encoding.ASCII.GetBytes(_intel.PckPem(rootSecond: true)));
        Assert.True(Appraise(quote, _intel.Collateral(true)).IsAccepted);
    }

    [Theory]
    [InlineData(CertificationDataType.PpidClear, 0)]
    [InlineData(CertificationDataType.PpidClear, 16)]
    [InlineData(CertificationDataType.PpidClear, 32)]
    [InlineData(CertificationDataType.PpidClear, 34)]
    [InlineData(CertificationDataType.PpidRsa3072, 384)]
    public void A_certificate_that_the_quote_does_not_name_is_rejected(CertificationDataType type, int offset)
    {
        byte[] data = new byte[type == CertificationDataType.PpidClear ? 36 : 404];
        _intel.Ppid.CopyTo(data, 0);
        _intel.CpuSvn.CopyTo(data, data.Length - 20);
        data[^4] = 11;
        byte[] quote = _intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx, certification: type, certificationData: data);
        Assert.True(Appraise(quote, _intel.Collateral(false, withPck: true)).IsAccepted);

        data[offset] ^= 1;
        quote = _intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx, certification: type, certificationData: data);
        Assert.Equal(CheckNames.QuoteChain, Appraise(quote, _intel.Collateral(false, withPck: true)).Reason);
    }

    [Fact]
    public void A_quote_that_leaves_its_certificate_to_collateral_that_lacks_it_is_rejected()
    {
        byte[] quote = _intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx, certification: CertificationDataType.PpidRsa3072);
        Assert.Equal(CheckNames.QuoteChain, Appraise(quote, _intel.Collateral(false)).Reason);
    }

    [Theory]
    [InlineData(new byte[] { 3, 1, 5 }, new byte[] { 3, 1, 5 }, TcbStatus.UpToDate)]
    [InlineData(new byte[] { 1, 1, 5 }, new byte[] { 1, 1, 5 }, TcbStatus.OutOfDate)]
    [InlineData(new byte[] { 1, 1, 5 }, new byte[] { 3, 1, 5 }, TcbStatus.TDRelaunchAdvised)]
    [InlineData(new byte[] { 1, 1, 2 }, new byte[] { 3, 3, 5 }, TcbStatus.TDRelaunchAdvised)]
    [InlineData(new byte[] { 3, 1, 5 }, new byte[] { 1, 1, 5 }, TcbStatus.UpToDate)]
    [InlineData(new byte[] { 3, 1, 5 }, new byte[] { 3, 2, 5 }, TcbStatus.NoMatch)]
    [InlineData(new byte[] { 3, 1, 1 }, new byte[] { 3, 1, 5 }, TcbStatus.NoMatch)]
    public void Launch_and_current_module_are_both_judged(byte[] launch, byte[] current, TcbStatus expected)
    {
        foreach (DcapBodyType type in new[] { DcapBodyType.Tdx15, DcapBodyType.TdxMigratable })
        {
            Verdict verdict = Appraise(_intel.Quote(5, TestIntel.Body(type, launch, current), type), _intel.Collateral(true));
            Assert.Equal(expected, verdict.TcbStatus);
            Assert.Equal(expected == TcbStatus.NoMatch ? CheckNames.TcbStatus : "", verdict.Reason);
        }
    }

    [Fact]
    public void Relaunch_with_a_configuration_to_change_has_its_own_status()
    {
        JsonObject info = TestIntel.TcbInfo(true, latest: "ConfigurationNeeded");
        Verdict verdict = Appraise(
            _intel.Quote(5, TestIntel.Body(DcapBodyType.Tdx15, [1, 1, 5], [3, 1, 5]), DcapBodyType.Tdx15), _intel.Collateral(true, info));
        Assert.Equal(TcbStatus.TDRelaunchAdvisedConfigurationNeeded, verdict.TcbStatus);
    }

    [Fact]
    public void TCB_info_of_version_2_judges_SGX_and_never_TDX()
    {
        Assert.True(Appraise(_intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx), _intel.Collateral(false, TestIntel.TcbInfo2())).IsAccepted);
        Verdict tdx = Appraise(
            _intel.Quote(4, TestIntel.Body(DcapBodyType.Tdx10), DcapBodyType.Tdx10), _intel.Collateral(true, TestIntel.TcbInfo2()));
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
        Verdict verdict = Appraise(_intel.Quote(4, TestIntel.Body(type), type), _intel.Collateral(tdx, qeIdentity: _intel.QeIdentity(tdx, id)));
        Assert.Equal([CheckNames.TcbQeIdentity], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
    }

    [Fact]
    public void A_debuggable_enclave_is_rejected()
    {
        byte[] body = TestIntel.Body(DcapBodyType.Sgx);
        body[48] = 2;
        Verdict verdict = Appraise(_intel.Quote(3, body, DcapBodyType.Sgx), _intel.Collateral(false));
        Assert.Equal([CheckNames.QuoteDebug], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
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
        byte[] quote = _intel.Quote(offset >= 48 ? 5 : 3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx);
        quote[offset] = value;
        Verdict verdict = Appraise(quote, _intel.Collateral(false));
        Assert.Equal(CheckNames.QuoteFormat, verdict.Reason);
        Assert.Contains(verdict.Kind, new[] { VerdictKind.Malformed, VerdictKind.Unsupported });
    }

    [Fact]
    public void The_signature_covers_type_and_size_of_the_body()
    {
        // A body of type 2 under the descriptor of type 2, signed without it.
        byte[] quote = _intel.Quote(5, TestIntel.Body(DcapBodyType.Tdx10), DcapBodyType.Tdx10);
        Assert.True(DcapQuote.TryParse(quote, out DcapQuote? parsed, out _));
        Assert.Equal(48 + 6 + 584, parsed!.SignedBytes.Length);
    }

    [Theory]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.Revoked, TcbStatus.OutOfDate)]
    [InlineData(TcbStatus.Revoked, TcbStatus.UpToDate, TcbStatus.Revoked)]
    [InlineData(TcbStatus.OutOfDateConfigurationNeeded, TcbStatus.SWHardeningNeeded, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    [InlineData(TcbStatus.OutOfDate, TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatus.TDRelaunchAdvisedConfigurationNeeded)]
    [InlineData(TcbStatus.SWHardeningNeeded, TcbStatus.OutOfDate, TcbStatus.SWHardeningNeeded)]
    public void Relaunch_follows_Intels_table(TcbStatus launch, TcbStatus current, TcbStatus expected) =>
        Assert.Equal(expected, TcbEvaluation.Relaunch(launch, current));

    private Verdict Appraise(byte[] quote, JsonObject collateral) => Appraiser.AppraiseQuote(
        quote, Encoding.UTF8.GetBytes(collateral.ToJsonString()), null, _intel.Anchors, TestIntel.At, TimeSource.Asserted);
}
