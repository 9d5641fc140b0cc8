using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Collateral bundles in which one certificate, list or document is wrong, and the same without it.</summary>
public sealed class CollateralDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private readonly byte[] nonce = DrillNode.FreshNonce();

    private DateTimeOffset Now => node.Time.GetUtcNow();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_revocation_list_outside_its_time_is_refused(bool root)
    {
        Refused(List(root, new() { NextUpdate = Now.AddSeconds(-1) }), CheckNames.CollateralCrl, "expired on");
        Refused(List(root, new() { ThisUpdate = Now.AddSeconds(1) }), CheckNames.CollateralCrl, "later than the time of judgement");
        Accepted(List(root, new() { ThisUpdate = Now.AddMinutes(-1), NextUpdate = Now }));
    }

    [Theory]
    [InlineData(true, SignatureFault.BitFlipped)]
    [InlineData(true, SignatureFault.ForeignKey)]
    [InlineData(false, SignatureFault.BitFlipped)]
    [InlineData(false, SignatureFault.ForeignKey)]
    public void A_revocation_list_that_its_authority_did_not_sign_is_refused(bool root, SignatureFault fault) =>
        Refused(List(root, new() { Signature = fault }), CheckNames.CollateralCrl, "is not signed by");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_revocation_list_of_another_authoritys_name_is_refused(bool root) => Refused(
        List(root, new() { Issuer = new X500DistinguishedName("CN=Intel SGX PCK Processor CA") }), CheckNames.CollateralCrl, "is not signed by");

    [Fact]
    public void A_revocation_list_that_its_authority_may_not_sign_is_refused()
    {
        Refused(new() { PckAuthority = new() { KeyUsage = X509KeyUsageFlags.KeyCertSign } }, CheckNames.CollateralCrl, "the PCK CRL is not signed");
        Refused(new() { Root = new() { KeyUsage = X509KeyUsageFlags.KeyCertSign } }, CheckNames.CollateralCrl, "the root's CRL is not signed");
        Accepted(new() { PckAuthority = new() { KeyUsage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign } });
    }

    [Theory]
    [InlineData("version 1")]
    [InlineData("no next update")]
    [InlineData("delta list")]
    [InlineData("indirect entry")]
    public void A_revocation_list_of_another_form_is_no_list(string form)
    {
        // RFC 5280 section 5.2.4 (delta lists) and 5.3.3 (entries of other issuers): both critical.
        RevocationListSpec list = form switch
        {
            "version 1" => new() { Version = 0 },
            "no next update" => new() { WithoutNextUpdate = true },
            "delta list" => new() { Extensions = [new X509Extension("2.5.29.27", [2, 1, 1], critical: true)] },
            _ => new() { EntryExtensions = [new X509Extension("2.5.29.29", [0x30, 0], critical: true)] },
        };
        Refused(List(root: false, list), CheckNames.CollateralMissing, "CertificateList");
        Refused(List(root: true, form == "indirect entry" ? list with { Revoked = [[0x11]] } : list), CheckNames.CollateralMissing, "CertificateList");
    }

    [Fact]
    public void A_list_without_a_number_or_with_entries_of_strangers_is_accepted()
    {
        Accepted(List(root: true, new() { WithoutExtensions = ["2.5.29.20"], Revoked = [[0x11], [0x12]] }));
        Accepted(List(root: false, new() { Number = 7, Reason = X509RevocationReason.Superseded, RevocationDate = Now.AddYears(-1) }));
    }

    [Theory]
    [InlineData("platform")]
    [InlineData("authority")]
    [InlineData("TCB signer")]
    [InlineData("QE signer")]
    public void A_certificate_that_is_on_a_list_is_refused(string whose)
    {
        byte[] serial = [0x5A, 1, 2, 3];
        CertificateSpec numbered = new() { SerialNumber = serial };
        RevocationListSpec list = new() { Revoked = [serial] };
        TdxQuoteSpec quote = new() { ReportData = [] };
        (quote, CollateralSpec clean) = whose switch
        {
            "platform" => (quote with { Pck = new() { Certificate = numbered } }, new CollateralSpec()),
            "authority" => (quote with { PckAuthority = numbered }, new CollateralSpec { PckAuthority = numbered }),
            "TCB signer" => (quote, new CollateralSpec { TcbSigning = numbered, QeSigning = CertificateSpec.Standard }),
            _ => (quote, new CollateralSpec { QeSigning = numbered }),
        };
        CollateralSpec revoking = whose == "platform" ? clean with { PckCrl = list } : clean with { RootCrl = list };
        DrillNode.Accepted(node.Appraise(node.Show(nonce, new() { Quote = quote, Collateral = clean })));
        DrillNode.RefusedFor(
            node.Appraise(node.Show(nonce, new() { Quote = quote, Collateral = revoking })), CheckNames.CollateralRevocation, "is revoked");

        // A list of the other authority has no say over it.
        CollateralSpec other = whose == "platform" ? clean with { RootCrl = list } : clean with { PckCrl = list };
        DrillNode.Accepted(node.Appraise(node.Show(nonce, new() { Quote = quote, Collateral = other })));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signer_of_documents_that_is_not_one_is_refused(bool qe)
    {
        string check = qe ? CheckNames.CollateralQeIdentity : CheckNames.CollateralTcbInfo;
        Refused(Signer(qe, new() { NotAfter = Now.AddSeconds(-1) }), check, "valid from");
        Refused(Signer(qe, new() { NotBefore = Now.AddSeconds(1) }), check, "valid from");
        Refused(Signer(qe, new() { Signature = SignatureFault.ForeignKey }), check, "the signature of");
        Refused(Signer(qe, new() { IsAuthority = true }), check, "may not sign TCB information");
        Refused(Signer(qe, new() { KeyUsage = X509KeyUsageFlags.KeyAgreement }), check, "may not sign TCB information");
        Refused(
            Signer(qe, new() { Subject = new X500DistinguishedName("CN=Intel SGX PCK Certificate, O=Verathos simulator") }), check, "may not sign TCB information");
        Accepted(Signer(qe, new() { NotBefore = Now, NotAfter = Now.AddDays(1) }));
    }

    [Theory]
    [InlineData("pck_crl_issuer_chain", CheckNames.CollateralCrlChain, CheckNames.CollateralCrl, "not one CA under the root")]
    [InlineData("tcb_info_issuer_chain", CheckNames.CollateralTcbInfo, CheckNames.CollateralTcbInfo, "")]
    [InlineData("qe_identity_issuer_chain", CheckNames.CollateralQeIdentity, CheckNames.CollateralQeIdentity, "")]
    public void A_chain_of_another_length_is_refused(string member, string withoutRoot, string otherwise, string detail)
    {
        byte[] stranger = node.Installation.Tdx.PckCertificate(new());
        Refused(Arranged(chain => chain.Take(1)), withoutRoot, "no root certificate");
        Refused(Arranged(chain => chain.Skip(1)), otherwise, detail);
        Refused(Arranged(chain => [.. chain, stranger]), otherwise, detail);
        Accepted(Arranged(chain => chain.Reverse()));

        CollateralSpec Arranged(Func<IReadOnlyList<byte[]>, IEnumerable<byte[]>> arrange) =>
            new() { ArrangeChain = (name, chain) => name == member ? arrange(chain) : chain };
    }

    [Fact]
    public void A_document_outside_its_time_is_refused()
    {
        Refused(new() { NextUpdate = Now.AddSeconds(-1), QeNextUpdate = Now }, CheckNames.CollateralTcbInfo, "expired on");
        Refused(new() { QeNextUpdate = Now.AddSeconds(-1) }, CheckNames.CollateralQeIdentity, "expired on");
        Refused(new() { QeIssueDate = Now.AddSeconds(1) }, CheckNames.CollateralQeIdentity, "later than the time of judgement");
        Accepted(new() { NextUpdate = Now, QeIssueDate = Now });
    }

    [Fact]
    public void A_document_for_something_else_is_refused()
    {
        Refused(new() { TcbInfoId = "SGX" }, CheckNames.CollateralTcbInfo, "the TCB info is for SGX");
        Refused(new() { TcbInfoVersion = 4 }, CheckNames.CollateralMissing, "version 4");
        Refused(new() { QeIdentityVersion = 1 }, CheckNames.CollateralMissing, "version");
        Refused(new() { QeIdentityId = "QVE" }, CheckNames.TcbQeIdentity, "");
        Refused(new() { PceId = [1, 0] }, CheckNames.CollateralFmspc, "another PCE");
    }

    [Fact]
    public void What_a_mask_leaves_out_is_not_compared()
    {
        Refused(new() { QeMiscSelect = [1, 0, 0, 0] }, CheckNames.TcbQeIdentity, "");
        DrillNode.Accepted(node.Appraise(node.Show(nonce, new()
        {
            Quote = new() { ReportData = [], Qe = new() { MiscSelect = 2 } },
            Collateral = new() { QeMiscSelect = [0, 0, 0, 0], QeMiscSelectMask = [0xFD, 0xFF, 0xFF, 0xFF] },
        })));
    }

    [Fact]
    public void A_bundle_that_was_rewritten_on_the_way_is_refused()
    {
        Refused(new() { EditBundle = json => json.Replace("\"pck_crl\":", "\"pck_crl_\":", StringComparison.Ordinal) }, CheckNames.CollateralMissing, "pck_crl");
        Refused(
            new() { EditBundle = json => json.Replace("{\"pck_crl_issuer_chain\"", "{\"pck_crl\":\"00\",\"pck_crl_issuer_chain\"", StringComparison.Ordinal) },
            CheckNames.CollateralMissing, "twice");
        Accepted(new() { EditBundle = json => json.Replace("{\"pck_crl_issuer_chain\"", "{\"other\":1,\"pck_crl_issuer_chain\"", StringComparison.Ordinal) });
    }

    private static CollateralSpec List(bool root, RevocationListSpec list) => root ? new() { RootCrl = list } : new() { PckCrl = list };

    private static CollateralSpec Signer(bool qe, CertificateSpec change) =>
        qe ? new() { QeSigning = change } : new() { TcbSigning = change, QeSigning = CertificateSpec.Standard };

    private Verdict Appraise(CollateralSpec collateral) => node.Appraise(node.Show(nonce, new() { Collateral = collateral }));

    private void Accepted(CollateralSpec collateral) => DrillNode.Accepted(Appraise(collateral));

    private void Refused(CollateralSpec collateral, string check, string detail) => DrillNode.RefusedFor(Appraise(collateral), check, detail);
}
