using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Verathos.Simulator.Authorities;

/// <summary>
/// The NVIDIA-like hierarchies: device root → GH100 identity → provisioner → boot ROM → firmware (the leaf that signs
/// reports), and RIM root → GH100 reference values → level 3 → signer.
/// </summary>
internal sealed class NvidiaAuthority(AuthorityFolder folder)
{
    public const string DeviceRoot = "nvidia-device-root";
    public const string RimRoot = "nvidia-rim-root";
    public const int Devices = 16;
    private const string Identity = "nvidia-gh100-identity";
    private const string Provisioner = "nvidia-gh100-provisioner";
    private const string RimAuthority = "nvidia-rim-gh100";
    private const string RimLevel3 = "nvidia-rim-gh100-l3";
    private const string RimSigner = "nvidia-rim-signer";
    private const string OcspUri = "http://simulated.invalid/ocsp";

    private static readonly DateTimeOffset DeviceFrom = new(2020, 10, 17, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset DeviceUntil = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
    private static readonly DateTimeOffset RimFrom = new(2023, 3, 16, 15, 37, 34, TimeSpan.Zero);
    private static readonly DateTimeOffset RimUntil = new(2053, 3, 8, 15, 37, 34, TimeSpan.Zero);

    private readonly ConcurrentDictionary<(int Device, string Fwid), byte[]> chains = new();

    /// <summary>The name of every key of this authority, with its curve.</summary>
    public static IEnumerable<(string Name, ECCurve Curve)> Keys { get; } =
    [
        .. new[] { DeviceRoot, Identity, Provisioner, RimRoot, RimAuthority, RimLevel3, RimSigner }
            .Concat(Enumerable.Range(0, Devices).SelectMany(device => new[] { BootRom(device), Firmware(device) }))
            .Select(name => (name, ECCurve.NamedCurves.nistP384)),
    ];

    /// <summary>The names of the certificates that are kept on disk.</summary>
    public static IEnumerable<string> CertificateNames { get; } =
        [DeviceRoot, Identity, Provisioner, RimRoot, RimAuthority, RimLevel3];

    public ECDsa RimSignerKey => folder.Key(RimSigner);

    public static IEnumerable<(string Name, X509Certificate2 Certificate)> Certify(Func<string, ECDsa> key)
    {
        foreach ((string name, string issuer, bool rim) in new[]
                 {
                     (DeviceRoot, DeviceRoot, false), (Identity, DeviceRoot, false), (Provisioner, Identity, false),
                     (RimRoot, RimRoot, true), (RimAuthority, RimRoot, true), (RimLevel3, RimAuthority, true),
                 })
        {
            var extensions = new List<X509Extension>
            {
                CertificateAuthor.Authority(name == RimLevel3 ? 0 : null),
                CertificateAuthor.Usage(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign),
            };
            if (name != issuer)
            {
                if (name != RimLevel3)
                {
                    extensions.Add(CertificateAuthor.CrlAt($"http://simulated.invalid/crl/{issuer}.crl"));
                }

                extensions.Add(CertificateAuthor.OcspAt(OcspUri));
            }

            // NVIDIA's RIM root has its identifiers first, every other authority has them last.
            extensions.InsertRange(
                name == RimRoot ? 0 : extensions.Count,
                [CertificateAuthor.SubjectKey(key(name)), CertificateAuthor.AuthorityKey(key(issuer))]);
            yield return (name, CertificateAuthor.Issue(
                Subject(name),
                key(name),
                Subject(issuer),
                key(issuer),
                rim ? (RimFrom, RimUntil) : (DeviceFrom, DeviceUntil),
                Positive(CertificateAuthor.KeyIdentifier(key(name))[..16]),
                [.. extensions]));
        }
    }

    /// <summary>The key that signs the reports of one GPU.</summary>
    public ECDsa DeviceKey(int device) => folder.Key(Firmware(device));

    /// <summary>
    /// The five certificates of one GPU as PEM, leaf first. The leaf carries the firmware digest
    /// (<paramref name="fwid"/>, 48 bytes) that report field 20 repeats.
    /// </summary>
    public byte[] DeviceChain(int device, byte[] fwid) =>
        chains.GetOrAdd((device, Convert.ToHexString(fwid)), _ => IssueDeviceChain(device, fwid));

    /// <summary>The four certificates that go into a RIM, signer first.</summary>
    public IReadOnlyList<byte[]> RimChain(DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using X509Certificate2 signer = CertificateAuthor.Issue(
            Subject(RimSigner),
            RimSignerKey,
            Subject(RimLevel3),
            folder.Key(RimLevel3),
            (notBefore, notAfter),
            Positive(CertificateAuthor.KeyIdentifier(RimSignerKey)),
            CertificateAuthor.SubjectKey(RimSignerKey),
            CertificateAuthor.AuthorityKey(folder.Key(RimLevel3)),
            CertificateAuthor.EndEntity(),
            CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature),
            CertificateAuthor.OcspAt(OcspUri));
        return
        [
            signer.RawData, folder.Certificate(RimLevel3).RawData, folder.Certificate(RimAuthority).RawData,
            folder.Certificate(RimRoot).RawData,
        ];
    }

    private byte[] IssueDeviceChain(int device, byte[] fwid)
    {
        ECDsa bootRomKey = folder.Key(BootRom(device));
        ECDsa leafKey = folder.Key(Firmware(device));
        byte[] bootRomSerial = Positive(CertificateAuthor.KeyIdentifier(bootRomKey)[..9]);
        byte[] leafSerial = Positive(CertificateAuthor.KeyIdentifier(leafKey));
        X500DistinguishedName bootRomName =
            DistinguishedName.NvidiaDevice("GH100 A01 GSP BROM", Convert.ToHexString(bootRomSerial));
        using X509Certificate2 bootRom = CertificateAuthor.Issue(
            bootRomName,
            bootRomKey,
            Subject(Provisioner),
            folder.Key(Provisioner),
            (DeviceFrom, DeviceUntil),
            bootRomSerial,
            CertificateAuthor.Authority(null),
            CertificateAuthor.Usage(X509KeyUsageFlags.KeyCertSign),
            CertificateAuthor.SubjectKey(bootRomKey),
            CertificateAuthor.AuthorityKey(folder.Key(Provisioner)));
        using X509Certificate2 leaf = CertificateAuthor.Issue(
            DistinguishedName.NvidiaDevice("GH100 A01 GSP FMC LF", Convert.ToHexString(leafSerial)),
            leafKey,
            bootRomName,
            bootRomKey,
            (DeviceFrom, DeviceUntil),
            leafSerial,
            CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature),
            CertificateAuthor.SubjectKey(leafKey),
            CertificateAuthor.AuthorityKey(bootRomKey),
            DeviceName("NVIDIA:GH100:" + Convert.ToHexString(leafSerial[..8])),
            FirmwareIdentity(bootRomKey, fwid));
        var pem = new StringBuilder();
        foreach (X509Certificate2 certificate in
                 new[] { leaf, bootRom, folder.Certificate(Provisioner), folder.Certificate(Identity), folder.Certificate(DeviceRoot) })
        {
            pem.Append(certificate.ExportCertificatePem()).Append('\n');
        }

        return Encoding.ASCII.GetBytes(pem.ToString());
    }

    /// <summary>DMTF DSP0274 section 10.6.1: the device's name as an otherName of type 1.3.6.1.4.1.412.274.1.</summary>
    private static X509Extension DeviceName(string name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var context = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        using (writer.PushSequence())
        using (writer.PushSequence(context))
        {
            writer.WriteObjectIdentifier("1.3.6.1.4.1.412.274.1");
            using (writer.PushSequence(context))
            {
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, name);
            }
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: false);
    }

    /// <summary>TCG DICE composite device identity (2.23.133.5.4.1): device key and SHA-384 firmware digest.</summary>
    private static X509Extension FirmwareIdentity(ECDsa deviceKey, byte[] fwid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(deviceKey.ExportSubjectPublicKeyInfo());
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.2");
                writer.WriteOctetString(fwid);
            }
        }

        return new X509Extension("2.23.133.5.4.1", writer.Encode(), critical: false);
    }

    private static X500DistinguishedName Subject(string name) => name switch
    {
        DeviceRoot => DistinguishedName.Nvidia("NVIDIA Device Identity CA"),
        Identity => DistinguishedName.Nvidia("NVIDIA GH100 Identity"),
        Provisioner => DistinguishedName.NvidiaWithCountry("NVIDIA GH100 Provisioner ICA 1"),
        RimRoot => DistinguishedName.NvidiaRimRoot("NVIDIA CoRIM signing Root CA"),
        RimAuthority => DistinguishedName.NvidiaWithCountry("NVIDIA Reference Value GH100 CA"),
        RimLevel3 => DistinguishedName.NvidiaWithCountry("NVIDIA Reference Value L3 GH100 002"),
        _ => DistinguishedName.NvidiaRimSigner("HCC RIM L4 Signer"),
    };

    private static byte[] Positive(byte[] serial)
    {
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }

    private static string BootRom(int device) => $"nvidia-gpu-{device}-brom";

    private static string Firmware(int device) => $"nvidia-gpu-{device}-fmc";
}
