using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>GPU certificate chains in which one thing is wrong, and the same chains without it.</summary>
public sealed class GpuChainDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly GpuReportSpec Gpu = new() { Nonce = new byte[32] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    public enum Place
    {
        Leaf,
        BootRom,
        Provisioner,
        Identity,
        Root,
    }

    private DateTimeOffset Now => node.Time.GetUtcNow();

    [Fact]
    public void A_chain_that_was_issued_again_with_nothing_wrong_is_accepted() => Accepted(new()
    {
        Leaf = new() { NotBefore = Now.AddDays(-1), NotAfter = Now.AddDays(1) },
        BootRom = new() { IsAuthority = true, PathLength = 0, KeyUsage = X509KeyUsageFlags.KeyCertSign },
        Provisioner = new() { SerialNumber = [0x55], NotAfter = Now.AddSeconds(1) },
        Identity = new() { WithoutExtensions = ["2.5.29.31", "1.3.6.1.5.5.7.1.1"] },
        Root = new() { NotBefore = Now.AddSeconds(-1) },
    });

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.BootRom)]
    [InlineData(Place.Provisioner)]
    [InlineData(Place.Identity)]
    [InlineData(Place.Root)]
    public void An_expired_certificate_is_refused(Place place)
    {
        Refused(At(place, new() { NotAfter = Now.AddSeconds(-1) }), "valid from", chainStands: true);
        Accepted(At(place, new() { NotAfter = Now }));
    }

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.BootRom)]
    [InlineData(Place.Provisioner)]
    [InlineData(Place.Identity)]
    [InlineData(Place.Root)]
    public void A_certificate_that_is_not_valid_yet_is_refused(Place place)
    {
        Refused(At(place, new() { NotBefore = Now.AddSeconds(1) }), "valid from", chainStands: true);
        Accepted(At(place, new() { NotBefore = Now }));
    }

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.BootRom)]
    [InlineData(Place.Provisioner)]
    [InlineData(Place.Identity)]
    [InlineData(Place.Root)]
    public void A_certificate_that_its_issuers_key_did_not_sign_is_refused(Place place)
    {
        Refused(At(place, new() { Signature = SignatureFault.ForeignKey }), "the signature of");
        Refused(At(place, new() { Signature = SignatureFault.BitFlipped }), "the signature of");
    }

    [Theory]
    [InlineData(Place.Leaf)]
    [InlineData(Place.BootRom)]
    [InlineData(Place.Provisioner)]
    [InlineData(Place.Identity)]
    public void A_certificate_of_another_issuers_name_is_refused(Place place) =>
        Refused(At(place, new() { Issuer = new X500DistinguishedName("CN=NVIDIA GH100 Provisioner ICA 9") }), null);

    [Fact]
    public void A_root_with_the_right_name_and_another_key_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Refused(At(Place.Root, new() { SubjectPublicKeyInfo = other.ExportSubjectPublicKeyInfo() }), "is not the pinned one");
    }

    [Theory]
    [InlineData(Place.BootRom)]
    [InlineData(Place.Provisioner)]
    [InlineData(Place.Identity)]
    [InlineData(Place.Root)]
    public void An_issuer_that_is_no_authority_is_refused(Place place)
    {
        Refused(At(place, new() { IsAuthority = false }), "may not issue");
        Refused(At(place, new() { WithoutExtensions = ["2.5.29.19"] }), "may not issue");
        Refused(At(place, new() { KeyUsage = X509KeyUsageFlags.DigitalSignature }), "may not issue");
    }

    [Theory]
    [InlineData(Place.Provisioner, 1)]
    [InlineData(Place.Identity, 2)]
    [InlineData(Place.Root, 3)]
    public void More_authorities_below_an_issuer_than_it_allows_are_refused(Place place, int needed)
    {
        Refused(At(place, new() { IsAuthority = true, PathLength = needed - 1 }), "may not issue");
        Accepted(At(place, new() { IsAuthority = true, PathLength = needed }));
    }

    [Fact]
    public void A_device_certificate_that_is_an_authority_is_refused() =>
        Refused(At(Place.Leaf, new() { IsAuthority = true }), "is not the device certificate");

    [Fact]
    public void A_device_certificate_whose_key_is_for_something_else_is_refused() =>
        Refused(At(Place.Leaf, new() { KeyUsage = X509KeyUsageFlags.KeyAgreement }), "is not the device certificate");

    [Fact]
    public void A_certificate_with_a_critical_extension_that_nobody_understands_is_refused()
    {
        Refused(At(Place.BootRom, Unknown(critical: true)), "is not understood");
        Accepted(At(Place.BootRom, Unknown(critical: false)));

        static CertificateSpec Unknown(bool critical) => new() { Extensions = [new X509Extension("1.2.3.4", [5, 0], critical)] };
    }

    [Theory]
    [InlineData(0, "is not the device certificate of a chain of five")]
    [InlineData(1, "several end-entity certificates")]
    [InlineData(2, "several end-entity certificates")]
    [InlineData(3, "several end-entity certificates")]
    [InlineData(4, "no root certificate")]
    public void A_chain_with_one_certificate_missing_is_refused(int missing, string detail) =>
        Refused(new() { Arrange = chain => chain.Where((_, i) => i != missing) }, detail);

    [Fact]
    public void A_chain_that_is_empty_is_refused() => Refused(new() { Arrange = _ => [] }, "no certificate");

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_certificate_that_comes_twice_is_refused(int twice) => Refused(new() { Arrange = chain => [.. chain, chain[twice]] }, null);

    [Fact]
    public void A_certificate_that_does_not_belong_to_the_chain_is_refused()
    {
        using var other = new DrillNode();
        byte[] stranger = other.Installation.Tdx.PckCertificate(new());
        Refused(new() { Arrange = chain => [.. chain, stranger] }, "several end-entity certificates");
    }

    [Fact]
    public void A_chain_with_a_further_authority_is_refused_though_each_certificate_holds() =>
        Refused(new() { FurtherAuthorities = [CertificateSpec.Standard] }, "of a chain of five");

    [Fact]
    public void A_certificate_that_the_device_issued_itself_is_refused()
    {
        Refused(new() { BelowLeaf = CertificateSpec.Standard }, "may not issue");

        // Were the device an authority, the chain would be longer than a device's.
        Refused(
            new() { Leaf = new() { IsAuthority = true, KeyUsage = X509KeyUsageFlags.KeyCertSign }, BelowLeaf = CertificateSpec.Standard },
            "of a chain of five");
    }

    [Theory]
    [InlineData(4, 3, 2, 1, 0)]
    [InlineData(0, 4, 1, 3, 2)]
    [InlineData(1, 0, 2, 3, 4)]
    public void The_order_of_a_chain_gives_nobody_another_role(params int[] order)
    {
        Accepted(new() { Arrange = chain => order.Select(i => chain[i]) });
        Refused(
            new() { BootRom = new() { IsAuthority = false }, Arrange = chain => order.Select(i => chain[i]) },
            "may not issue");
    }

    [Fact]
    public void A_report_that_another_key_than_the_certified_one_signed_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        RefusedBy(At(Place.Leaf, new() { SubjectPublicKeyInfo = other.ExportSubjectPublicKeyInfo() }), CheckNames.GpuSignature);
        using var small = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        RefusedBy(At(Place.Leaf, new() { SubjectPublicKeyInfo = small.ExportSubjectPublicKeyInfo() }), CheckNames.GpuSignature);
    }

    [Fact]
    public void A_device_certificate_that_names_no_firmware_is_refused() =>
        RefusedBy(At(Place.Leaf, new() { WithoutExtensions = ["2.23.133.5.4.1"] }), CheckNames.GpuFirmwareId);

    private static GpuChainSpec At(Place place, CertificateSpec change) => place switch
    {
        Place.Leaf => new() { Leaf = change },
        Place.BootRom => new() { BootRom = change },
        Place.Provisioner => new() { Provisioner = change },
        Place.Identity => new() { Identity = change },
        _ => new() { Root = change },
    };

    private Verdict Appraise(GpuChainSpec chain) => node.Appraise(node.Show(nonce, new() { Gpus = [Gpu with { Chain = chain }] }));

    private void Accepted(GpuChainSpec chain)
    {
        Verdict verdict = Appraise(chain);
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
    }

    private void RefusedBy(GpuChainSpec chain, params string[] checks) => DrillNode.Refused(Appraise(chain), checks);

    /// <summary>
    /// The chain is why. Where it does not lead from the device to the root, nothing that rests on it is evaluated, and fails too.
    /// </summary>
    private void Refused(GpuChainSpec chain, string? detail, bool chainStands = false)
    {
        Verdict verdict = Appraise(chain);
        string[] resting = chainStands
            ? []
            : [CheckNames.GpuSignature, CheckNames.GpuFirmwareId, CheckNames.GpuRevocation, CheckNames.GpuDriverRim, CheckNames.GpuVbiosRim, CheckNames.GpuMeasurements, CheckNames.GpuDistinct];
        DrillNode.Refused(verdict, [CheckNames.GpuChain, .. resting]);
        if (detail is not null)
        {
            Assert.Contains(detail, verdict.Find(CheckNames.GpuChain)?.Detail ?? "", StringComparison.Ordinal);
        }
    }
}
