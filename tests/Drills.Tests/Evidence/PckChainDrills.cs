using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Platform certificate chains and quote layouts in which one thing is wrong, and the same without it.</summary>
public sealed class PckChainDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly TdxQuoteSpec Quote = new() { ReportData = new byte[64] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    public enum Place
    {
        Leaf,
        Authority,
        Root,
    }

    private DateTimeOffset Now => node.Time.GetUtcNow();

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void A_certificate_outside_its_time_is_refused(Place place)
    {
        Refused(At(place, new() { NotAfter = Now.AddSeconds(-1) }), "valid from");
        Refused(At(place, new() { NotBefore = Now.AddSeconds(1) }), "valid from");
        Accepted(At(place, new() { NotBefore = Now, NotAfter = Now.AddDays(1) }));
    }

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void A_certificate_that_its_issuers_key_did_not_sign_is_refused(Place place)
    {
        Refused(At(place, new() { Signature = SignatureFault.ForeignKey }), "the signature of");
        Refused(At(place, new() { Signature = SignatureFault.BitFlipped }), "the signature of");
    }

    [Theory]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void An_issuer_that_is_no_authority_is_refused(Place place)
    {
        Refused(At(place, new() { IsAuthority = false }), "may not issue");
        Refused(At(place, new() { KeyUsage = X509KeyUsageFlags.CrlSign }), "may not issue");
    }

    [Fact]
    public void More_authorities_than_the_root_allows_are_refused() =>
        Refused(At(Place.Root, new() { IsAuthority = true, PathLength = 0 }), "may not issue");

    [Fact]
    public void A_platform_certificate_that_is_an_authority_is_refused() =>
        Refused(At(Place.Leaf, new() { IsAuthority = true }), "is not a PCK certificate");

    [Fact]
    public void A_platform_certificate_whose_key_is_for_something_else_is_refused() =>
        Refused(At(Place.Leaf, new() { KeyUsage = X509KeyUsageFlags.KeyAgreement }), "is not a PCK certificate");

    [Fact]
    public void A_certificate_of_the_same_authority_for_another_purpose_is_refused() => Refused(
        At(Place.Leaf, new() { Subject = new X500DistinguishedName("CN=Intel SGX TCB Signing, O=Verathos simulator") }), "is not a PCK certificate");

    [Fact]
    public void A_platform_certificate_without_the_platforms_extension_is_refused() =>
        Refused(At(Place.Leaf, new() { WithoutExtensions = ["1.2.840.113741.1.13.1"] }), "the SGX extension is missing");

    [Fact]
    public void A_platforms_extension_that_is_cut_is_refused() => Refused(
        At(Place.Leaf, new() { Extensions = [new X509Extension("1.2.840.113741.1.13.1", [0x30, 0x00], critical: false)] }), "is missing");

    [Fact]
    public void Another_authority_of_the_same_root_is_refused_beside_a_list_of_the_first()
    {
        DrillNode.RefusedFor(
            Appraise(Quote with { Pck = new() { Ca = PckCa.Processor } }), CheckNames.CollateralCrl, "the PCK CRL is that of");
        DrillNode.Accepted(node.Appraise(node.Show(nonce, new()
        {
            Quote = Quote with { Pck = new() { Ca = PckCa.Processor } },
            Collateral = new() { Ca = PckCa.Processor },
        })));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_chain_with_one_certificate_missing_or_twice_is_refused(int place)
    {
        Assert.Equal(CheckNames.QuoteChain, Appraise(Quote with { ArrangeChain = chain => chain.Where((_, i) => i != place) }).Reason);
        Assert.Equal(CheckNames.QuoteChain, Appraise(Quote with { ArrangeChain = chain => [.. chain, chain[place]] }).Reason);
    }

    [Theory]
    [InlineData(PckChainOrder.LeafIntermediateRoot)]
    [InlineData(PckChainOrder.LeafRootIntermediate)]
    [InlineData(PckChainOrder.RootIntermediateLeaf)]
    public void Every_order_that_occurs_in_the_field_is_accepted(PckChainOrder order) => Accepted(Quote with { ChainOrder = order });

    [Fact]
    public void A_quoting_enclave_report_that_another_key_than_the_certified_one_signed_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DrillNode.Refused(
            Appraise(At(Place.Leaf, new() { SubjectPublicKeyInfo = other.ExportSubjectPublicKeyInfo() })), CheckNames.QuoteQeReportSignature);
    }

    [Theory]
    [InlineData("signature data")]
    [InlineData("outer")]
    [InlineData("inner")]
    [InlineData("authentication")]
    public void A_length_that_lies_is_malformed(string length)
    {
        foreach (int by in new[] { -1, 1 })
        {
            uint lie = (uint)(Length(length) + by);
            Malformed(length switch
            {
                "signature data" => Quote with { DeclaredSignatureDataLength = lie },
                "outer" => Quote with { DeclaredOuterLength = lie },
                "inner" => Quote with { DeclaredInnerLength = lie },
                _ => Quote with { DeclaredAuthenticationLength = (ushort)lie },
            });
        }

        Malformed(length switch
        {
            "signature data" => Quote with { DeclaredSignatureDataLength = uint.MaxValue },
            "outer" => Quote with { DeclaredOuterLength = uint.MaxValue },
            "inner" => Quote with { DeclaredInnerLength = uint.MaxValue },
            _ => Quote with { DeclaredAuthenticationLength = ushort.MaxValue },
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(700)]
    public void Authentication_data_of_any_length_is_accepted(int length) =>
        Accepted(Quote with { Qe = new() { AuthenticationData = new byte[length] } });

    private static TdxQuoteSpec At(Place place, CertificateSpec change) => place switch
    {
        Place.Leaf => Quote with { Pck = new() { Certificate = change } },
        Place.Authority => Quote with { PckAuthority = change },
        _ => Quote with { Root = change },
    };

    private int Length(string which)
    {
        byte[] quote = node.Installation.Tdx.Mint(Quote);
        const int signatureData = 632 + 4;
        int outer = quote.Length - signatureData - 134;
        return which switch
        {
            "signature data" => quote.Length - signatureData,
            "outer" => outer,
            "inner" => outer - 384 - 64 - 2 - 32 - 6,
            _ => 32,
        };
    }

    private Verdict Appraise(TdxQuoteSpec quote) => node.Appraise(node.Show(nonce, new() { Quote = quote }));

    private void Accepted(TdxQuoteSpec quote) => DrillNode.Accepted(Appraise(quote));

    private void Refused(TdxQuoteSpec quote, string detail) => DrillNode.RefusedFor(Appraise(quote), CheckNames.QuoteChain, detail);

    private void Malformed(TdxQuoteSpec quote)
    {
        Verdict verdict = Appraise(quote);
        Assert.False(verdict.IsAccepted);
        Assert.Equal(CheckNames.QuoteFormat, verdict.Reason);
    }
}
