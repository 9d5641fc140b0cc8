using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Simulator.Tests.Nvidia;

public sealed class SimulatedRimTests(TestInstallation test) : IClassFixture<TestInstallation>
{
    private const string RealDriver = "nvidia-rim/nvidia-nvtrust/Driver_RIM_test_no_gpu.swidtag";
    private const string RealVbios = "nvidia-rim/nvidia-nvtrust/1010_0200_882_96005E0001_test_no_gpu.swidtag";
    private const string Swid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
    private const string Sha384Namespace = "http://www.w3.org/2001/04/xmlenc#sha384";

    [Theory]
    [InlineData(RealDriver, RimKind.Driver)]
    [InlineData(RealVbios, RimKind.Vbios)]
    public void A_minted_manifest_has_the_structure_of_a_real_one(string path, RimKind kind)
    {
        XmlDocument real = Load(File.ReadAllBytes(Vectors.Path(path)));
        XmlDocument minted = Load(Mint(kind));
        Assert.Equal(Outline(real), Outline(minted));
        Assert.Equal(Active(real), Active(minted));
        Assert.Equal(Certificates(real).Select(Der.Structure), Certificates(minted).Select(Der.Structure));
    }

    [Theory]
    [InlineData(RealDriver)]
    [InlineData(RealVbios)]
    public void The_check_of_these_tests_accepts_real_manifests(string path) =>
        Assert.Equal((true, true), Verify(Load(File.ReadAllBytes(Vectors.Path(path)))));

    [Theory]
    [InlineData(RimKind.Driver)]
    [InlineData(RimKind.Vbios)]
    public void A_minted_manifest_verifies_with_plain_cryptography(RimKind kind)
    {
        XmlDocument minted = Load(Mint(kind));
        Assert.Equal((true, true), Verify(minted));
        Assert.True(Der.Chains(Certificates(minted), test.Installation.Roots.NvidiaRimRootPem, test.Time.GetUtcNow()));
    }

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_wrong_signature_is_the_only_thing_that_is_wrong(SignatureFault fault) =>
        Assert.Equal((true, false), Verify(Load(test.Installation.Rim.Mint(new() { Kind = RimKind.Driver, Signature = fault }))));

    [Fact]
    public void An_edit_after_signing_breaks_the_digest() =>
        Assert.Equal((false, true), Verify(Load(test.Installation.Rim.Mint(new()
        {
            Kind = RimKind.Driver,
            EditSigned = xml => xml.Replace("PlatformModel=\"GH100\"", "PlatformModel=\"GH200\"", StringComparison.Ordinal),
        }))));

    [Fact]
    public void A_default_report_matches_both_manifests_block_by_block()
    {
        var report = new GpuParts(test.Installation.Gpu.Mint(new() { Nonce = new byte[32] }).Report);
        int compared = 0;
        foreach (RimKind kind in new[] { RimKind.Driver, RimKind.Vbios })
        {
            foreach (XmlElement resource in Resources(Load(Mint(kind))).Where(r => r.GetAttribute("active") == "True"))
            {
                int index = int.Parse(resource.GetAttribute("index"), CultureInfo.InvariantCulture);
                int alternatives = int.Parse(resource.GetAttribute("alternatives"), CultureInfo.InvariantCulture);
                IEnumerable<string> values = Enumerable.Range(0, alternatives).Select(i => resource.GetAttribute($"Hash{i}", Sha384Namespace));
                Assert.Contains(Convert.ToHexStringLower(report.Measurements[index]), values);
                compared++;
            }
        }

        Assert.Equal(21 + 12, compared);
    }

    [Fact]
    public void Measurements_can_be_set()
    {
        byte[] value = RandomNumberGenerator.GetBytes(48);
        XmlDocument minted = Load(test.Installation.Rim.Mint(new()
        {
            Kind = RimKind.Vbios,
            Version = "1.2.3",
            Measurements = ImmutableDictionary<int, ImmutableArray<byte[]>>.Empty.Add(3, [value]).Add(4, []),
        }));
        XmlElement[] resources = [.. Resources(minted)];
        Assert.Equal(Convert.ToHexStringLower(value), resources[3].GetAttribute("Hash0", Sha384Namespace));
        Assert.Equal("False", resources[4].GetAttribute("active"));
        Assert.Contains("colloquialVersion=\"1.2.3\"", minted.OuterXml, StringComparison.Ordinal);
        Assert.Equal((true, true), Verify(minted));
    }

    [Fact]
    public void Default_manifests_are_kept_and_renewed_before_their_signer_expires()
    {
        using var own = new TestInstallation();
        byte[] first = own.Installation.Rim.Driver;
        Assert.Same(first, own.Installation.Rim.Driver);
        own.Time.Advance(TimeSpan.FromDays(365 * 2 - 30));
        XmlDocument renewed = Load(own.Installation.Rim.Driver);
        Assert.True(Der.Chains(Certificates(renewed), own.Installation.Roots.NvidiaRimRootPem, own.Time.GetUtcNow().AddDays(365)));
    }

    private byte[] Mint(RimKind kind) => kind == RimKind.Driver ? test.Installation.Rim.Driver : test.Installation.Rim.Vbios;

    private static XmlDocument Load(byte[] xml)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.LoadXml(Encoding.UTF8.GetString(xml));
        return document;
    }

    private static IEnumerable<XmlElement> Resources(XmlDocument document) =>
        document.GetElementsByTagName("Resource", Swid).Cast<XmlElement>();

    private static string[] Active(XmlDocument document) =>
        [.. Resources(document).Where(r => r.GetAttribute("active") == "True").Select(r => r.GetAttribute("index") + "/" + r.GetAttribute("alternatives"))];

    private static X509Certificate2Collection Certificates(XmlDocument document) =>
        [.. document.GetElementsByTagName("X509Certificate", SignedXml.XmlDsigNamespaceUrl).Cast<XmlElement>()
            .Select(element => X509CertificateLoader.LoadCertificate(Convert.FromBase64String(element.InnerText)))];

    /// <summary>Every element with its prefix, depth and attribute names; a resource counts once however many values it has.</summary>
    private static List<string> Outline(XmlDocument document)
    {
        var found = new List<string>();
        void Visit(XmlElement element, int depth)
        {
            IEnumerable<string> attributes = element.Attributes.Cast<XmlAttribute>()
                .Select(attribute => attribute.Name)
                .Where(name => !name.StartsWith("ns2:Hash", StringComparison.Ordinal) || name == "ns2:Hash0");
            found.Add($"{depth} {element.Name} {string.Join(' ', attributes)}");
            foreach (XmlElement child in element.ChildNodes.OfType<XmlElement>())
            {
                Visit(child, depth + 1);
            }
        }

        Visit(document.DocumentElement!, 0);
        return found;
    }

    /// <summary>Whether the document's digest and the signature over SignedInfo hold.</summary>
    private static (bool Digest, bool Signature) Verify(XmlDocument source)
    {
        var document = (XmlDocument)source.CloneNode(deep: true);
        var signature = (XmlElement)document.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl)[0]!;
        var signedInfo = (XmlElement)signature.GetElementsByTagName("SignedInfo", SignedXml.XmlDsigNamespaceUrl)[0]!;
        byte[] value = Convert.FromBase64String(signature.GetElementsByTagName("SignatureValue", SignedXml.XmlDsigNamespaceUrl)[0]!.InnerText);
        byte[] digest = Convert.FromBase64String(signature.GetElementsByTagName("DigestValue", SignedXml.XmlDsigNamespaceUrl)[0]!.InnerText);

        var alone = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        var copy = (XmlElement)alone.ImportNode(signedInfo, deep: true);
        alone.AppendChild(copy);
        foreach (XmlElement scope in new[] { document.DocumentElement!, signature })
        {
            foreach (XmlAttribute attribute in scope.Attributes)
            {
                if (attribute.Name.StartsWith("xmlns", StringComparison.Ordinal))
                {
                    copy.SetAttribute(attribute.Name, attribute.Value);
                }
            }
        }

        signature.ParentNode!.RemoveChild(signature);
        using ECDsa key = Certificates(source)[0].GetECDsaPublicKey()!;
        return (
            SHA384.HashData(Canonical(document)).AsSpan().SequenceEqual(digest),
            key.VerifyData(Canonical(alone), value, HashAlgorithmName.SHA384));
    }

    private static byte[] Canonical(XmlDocument document)
    {
        var transform = new XmlDsigC14NTransform();
        transform.LoadInput(document);
        using var output = (Stream)transform.GetOutput(typeof(Stream));
        using var copy = new MemoryStream();
        output.CopyTo(copy);
        return copy.ToArray();
    }
}
