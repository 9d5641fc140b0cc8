using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Nvidia;

/// <summary>
/// Mints reference integrity manifests: a SWID tag with 64 measurement resources and an enveloped XML signature
/// (ecdsa-sha384, canonical XML 1.1), as NVIDIA publishes them for GH100.
/// </summary>
public sealed class SimulatedRim
{
    private const string Swid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
    private const string Sha384Namespace = "http://www.w3.org/2001/04/xmlenc#sha384";
    private const string XmlSignature = "http://www.w3.org/2000/09/xmldsig#";
    private const string Canonical11 = "http://www.w3.org/2006/12/xml-c14n11";
    private static readonly TimeSpan SignerPeriod = TimeSpan.FromDays(365 * 2);

    private readonly NvidiaAuthority nvidia;
    private readonly TimeProvider time;
    private readonly Renewable<byte[]> driver;
    private readonly Renewable<byte[]> vbios;

    internal SimulatedRim(NvidiaAuthority nvidia, TimeProvider time)
    {
        this.nvidia = nvidia;
        this.time = time;
        driver = new(time, SignerPeriod, _ => Mint(new RimSpec { Kind = RimKind.Driver }));
        vbios = new(time, SignerPeriod, _ => Mint(new RimSpec { Kind = RimKind.Vbios }));
    }

    /// <summary>The default driver RIM; the same bytes until a quarter of its signer's two years is left.</summary>
    public byte[] Driver => driver.Current;

    /// <summary>The default VBIOS RIM; the same bytes until a quarter of its signer's two years is left.</summary>
    public byte[] Vbios => vbios.Current;

    /// <summary>Mints one manifest.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>The XML document, UTF-8.</returns>
    public byte[] Mint(RimSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        string body = Body(spec);
        body = spec.Edit?.Invoke(body) ?? body;
        string digest = Convert.ToBase64String(SHA384.HashData(Canonicalize(body + "</SoftwareIdentity>")));
        string signature = Convert.ToBase64String(Sign(SignedInfo(spec, digest, canonical: true), spec.Signature));
        var document = new StringBuilder(body, 24_576);
        document.Append($"<ds:Signature xmlns:ds=\"{XmlSignature}\">");
        document.Append(SignedInfo(spec, digest, canonical: false));
        document.Append($"<ds:SignatureValue>{signature}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>");
        DateTimeOffset from = spec.SignerNotBefore ?? time.GetUtcNow().AddDays(-1);
        IReadOnlyList<byte[]> chain = nvidia.RimChain(spec, from, spec.SignerNotAfter ?? from + SignerPeriod);
        foreach (byte[] certificate in spec.ArrangeChain?.Invoke(chain) ?? chain)
        {
            document.Append($"<ds:X509Certificate>{Base64Lines(certificate)}</ds:X509Certificate>");
        }

        document.Append("</ds:X509Data></ds:KeyInfo></ds:Signature></SoftwareIdentity>\n");
        string finished = document.ToString();
        return Encoding.UTF8.GetBytes(spec.EditSigned?.Invoke(finished) ?? finished);
    }

    private static string Body(RimSpec spec)
    {
        string version = spec.Version ?? (spec.Kind == RimKind.Driver ? GpuReference.DriverVersion : GpuReference.VbiosVersion);
        string tagId = Convert.ToHexStringLower(GpuReference.Derived($"rim.{spec.Kind}.{version}"));
        var xml = new StringBuilder(20_480);
        xml.Append($"<SoftwareIdentity xmlns=\"{Swid}\" xmlns:ns0=\"{Swid}\" xmlns:ns2=\"{Sha384Namespace}\" corpus=\"false\" ");
        xml.Append($"name=\"GH100\" patch=\"false\" supplemental=\"false\" tagId=\"{tagId}\" version=\"1.0\" tagVersion=\"0\">\n");
        xml.Append("    <ns0:Entity name=\"NVIDIA Corporation\" role=\"softwareCreator tagCreator\"/>\n");
        xml.Append("    <ns0:Meta xmlns:ns1=\"https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/\" ");
        xml.Append($"colloquialVersion=\"{version}\" edition=\"GPU\" product=\"GH100\" revision=\"r1\" PayloadType=\"direct\" ");
        xml.Append("ns1:BindingSpec=\"RIMIM\" ns1:BindingSpecVersion=\"1.01\" ns1:PlatformManufacturerId=\"5703\" ");
        xml.Append("ns1:PlatformManufacturerStr=\"NVIDIA Corporation\" ns1:PlatformModel=\"GH100\" ");
        xml.Append("ns1:FirmwareManufacturer=\"NVIDIA Corporation\" ns1:FirmwareManufacturerId=\"5703\"/>\n");
        xml.Append($"    <ns0:Payload xmlns:SHA384=\"{Sha384Namespace}\">\n");
        int[] active = spec.Kind == RimKind.Driver ? GpuReference.DriverIndices : GpuReference.VbiosIndices;
        for (int index = 0; index < GpuReference.Blocks; index++)
        {
            IReadOnlyList<byte[]> values = spec.Measurements.TryGetValue(index, out var others)
                ? others
                : active.Contains(index) ? GpuReference.Alternatives(index) : [];
            AppendResource(xml, index, values);
        }

        return xml.Append("    </ns0:Payload>\n").ToString();
    }

    private static void AppendResource(StringBuilder xml, int index, IReadOnlyList<byte[]> values)
    {
        bool active = values.Count > 0;
        xml.Append($"        <ns0:Resource type=\"Measurement\" index=\"{index}\" active=\"{active}\" alternatives=\"{Math.Max(values.Count, 1)}\"");
        for (int i = 0; i < Math.Max(values.Count, 1); i++)
        {
            xml.Append($" ns2:Hash{i}=\"{Convert.ToHexStringLower(active ? values[i] : new byte[48])}\"");
        }

        xml.Append($" name=\"Measurement_{index}\" size=\"48\"/>\n");
    }

    /// <summary>
    /// SignedInfo as it stands in the document, or in its canonical form, which spells out every empty element and the
    /// namespaces that are in scope.
    /// </summary>
    private static string SignedInfo(RimSpec spec, string digest, bool canonical)
    {
        string Empty(string element, string algorithm) => canonical
            ? $"<ds:{element} Algorithm=\"{algorithm}\"></ds:{element}>"
            : $"<ds:{element} Algorithm=\"{algorithm}\"/>";

        string scope = canonical
            ? $" xmlns=\"{Swid}\" xmlns:ds=\"{XmlSignature}\" xmlns:ns0=\"{Swid}\" xmlns:ns2=\"{Sha384Namespace}\""
            : string.Empty;
        string signedInfo = $"<ds:SignedInfo{scope}>"
            + Empty("CanonicalizationMethod", Canonical11)
            + Empty("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384")
            + "<ds:Reference URI=\"\"><ds:Transforms>"
            + Empty("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature")
            + Empty("Transform", Canonical11)
            + "</ds:Transforms>"
            + Empty("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#sha384")
            + $"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>";
        return spec.EditSignedInfo?.Invoke(signedInfo) ?? signedInfo;
    }

    // Canonical XML 1.0 and 1.1 differ only in how xml:id and xml:base are inherited; the document has neither.
    private static byte[] Canonicalize(string xml)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.LoadXml(xml);
        var transform = new XmlDsigC14NTransform();
        transform.LoadInput(document);
        using var output = (Stream)transform.GetOutput(typeof(Stream));
        using var copy = new MemoryStream();
        output.CopyTo(copy);
        return copy.ToArray();
    }

    private byte[] Sign(string signedInfo, SignatureFault fault)
    {
        byte[] data = Encoding.UTF8.GetBytes(signedInfo);
        if (fault == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            return foreign.SignData(data, HashAlgorithmName.SHA384);
        }

        byte[] signature = nvidia.RimSignerKey.SignData(data, HashAlgorithmName.SHA384);
        signature[0] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        return signature;
    }

    private static string Base64Lines(byte[] certificate)
    {
        string text = Convert.ToBase64String(certificate);
        var lines = new StringBuilder(text.Length + (text.Length / 64) + 1);
        for (int at = 0; at < text.Length; at += 64)
        {
            lines.Append(text, at, Math.Min(64, text.Length - at)).Append('\n');
        }

        return lines.ToString();
    }
}
