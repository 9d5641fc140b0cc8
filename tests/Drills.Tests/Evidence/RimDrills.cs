using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Reference manifests in which one certificate or one signed word is wrong, and the same without it.</summary>
public sealed class RimDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly RimSpec Rim = new() { Kind = RimKind.Driver };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    public enum Place
    {
        Signer,
        Level3,
        Authority,
        Root,
    }

    private DateTimeOffset Now => node.Time.GetUtcNow();

    /// <summary>Signed properly and for the right version, but it compares nothing.</summary>
    [Fact]
    public void A_reference_that_names_no_measurement_is_refused() =>
        Refused(Rim with { Edit = text => text.Replace("active=\"True\"", "active=\"False\"", StringComparison.Ordinal) }, "no active measurement");

    [Theory]
    [InlineData(Place.Signer)]
    [InlineData(Place.Level3)]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void A_certificate_outside_its_time_is_refused(Place place)
    {
        Refused(At(place, new() { NotAfter = Now.AddSeconds(-1) }), "valid from");
        Refused(At(place, new() { NotBefore = Now.AddSeconds(1) }), "valid from");
        Accepted(At(place, new() { NotBefore = Now, NotAfter = Now.AddDays(1) }));
    }

    [Theory]
    [InlineData(Place.Signer)]
    [InlineData(Place.Level3)]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void A_certificate_that_its_issuers_key_did_not_sign_is_refused(Place place) =>
        Refused(At(place, new() { Signature = SignatureFault.ForeignKey }), "the signature of");

    [Theory]
    [InlineData(Place.Level3)]
    [InlineData(Place.Authority)]
    [InlineData(Place.Root)]
    public void An_issuer_that_is_no_authority_is_refused(Place place)
    {
        Refused(At(place, new() { IsAuthority = false }), "may not issue");
        Refused(At(place, new() { KeyUsage = X509KeyUsageFlags.DigitalSignature }), "may not issue");
    }

    [Fact]
    public void A_signer_that_may_not_sign_is_refused()
    {
        Refused(At(Place.Signer, new() { KeyUsage = X509KeyUsageFlags.KeyAgreement }), "may not sign reference measurements");
        Refused(At(Place.Signer, new() { IsAuthority = true }), "may not sign reference measurements");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_chain_with_one_certificate_missing_or_twice_is_refused(int place)
    {
        Refused(Rim with { ArrangeChain = chain => chain.Where((_, i) => i != place) }, "");
        Refused(Rim with { ArrangeChain = chain => [.. chain, chain[place]] }, "");
        Accepted(Rim with { ArrangeChain = chain => chain.Reverse() });
    }

    [Fact]
    public void A_genuine_manifest_of_another_chip_is_refused() => Refused(
        Rim with { Edit = xml => xml.Replace("product=\"GH100\"", "product=\"GB100\"", StringComparison.Ordinal) }, "the reference is for GB100");

    [Theory]
    [InlineData("active=\"True\"", "active=\"true\"")]
    [InlineData("size=\"48\"", "size=\"32\"")]
    [InlineData("alternatives=\"1\"", "alternatives=\"0\"")]
    [InlineData("alternatives=\"1\"", "alternatives=\"2\"")]
    [InlineData("index=\"21\"", "index=\"22\"")]
    [InlineData("index=\"21\"", "index=\"-1\"")]
    [InlineData("type=\"Measurement\"", "type=\"File\"")]
    [InlineData("colloquialVersion=", "otherVersion=")]
    [InlineData("<ns0:Payload", "<ns0:Payload/><ns0:Payload")]
    [InlineData("http://www.w3.org/2001/04/xmlenc#sha384", "http://www.w3.org/2001/04/xmlenc#sha256")]
    public void A_signed_manifest_of_another_shape_is_no_reference(string from, string to) =>
        Refused(Rim with { Edit = xml => xml.Replace(from, to, StringComparison.Ordinal) }, "");

    [Theory]
    [InlineData("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1")]
    [InlineData("http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2000/09/xmldsig#sha1")]
    [InlineData("http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2001/10/xml-exc-c14n#")]
    [InlineData("URI=\"\"", "URI=\"#part\"")]
    public void A_signature_of_another_shape_is_refused(string from, string to) =>
        Refused(Rim with { EditSignedInfo = xml => xml.Replace(from, to, StringComparison.Ordinal) }, "another shape");

    [Fact]
    public void A_manifest_whose_signed_digest_is_anothers_is_refused() => Refused(
        Rim with
        {
            EditSignedInfo = xml => xml.Replace("<ds:DigestValue>", "<ds:DigestValue>AAAA", StringComparison.Ordinal),
        },
        "");

    [Fact]
    public void A_manifest_that_was_written_again_with_nothing_wrong_is_accepted()
    {
        Accepted(Rim);
        Accepted(Rim with { Edit = xml => xml.Replace("tagVersion=\"0\"", "tagVersion=\"7\"", StringComparison.Ordinal) });
    }

    private static RimSpec At(Place place, CertificateSpec change) => place switch
    {
        Place.Signer => Rim with { Signer = change },
        Place.Level3 => Rim with { Level3 = change },
        Place.Authority => Rim with { Authority = change },
        _ => Rim with { Root = change },
    };

    private Verdict Appraise(RimSpec rim) => node.Appraise(node.Show(nonce, new() { DriverRim = rim }));

    private void Accepted(RimSpec rim) => DrillNode.Accepted(Appraise(rim));

    private void Refused(RimSpec rim, string detail)
    {
        Verdict verdict = Appraise(rim);
        DrillNode.RefusedFor(verdict, CheckNames.GpuDriverRim, detail);
        Assert.Equal(
            [CheckNames.GpuDriverRim, CheckNames.GpuMeasurements],
            verdict.Checks.Where(check => check.Result is CheckResult.Failed).Select(check => check.Name));
    }
}
