using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Nvidia;

namespace Verathos.Simulator.Authorities;

/// <summary>Issues the certificates of one GPU.</summary>
internal sealed class GpuChainAuthor(NvidiaAuthority nvidia, int device, GpuChainSpec spec) : IDisposable
{
    private const string Gpu = "GH100";

    private readonly List<X509Certificate2> issued = [];
    private readonly List<ECDsa> fresh = [];

    /// <summary>The key that signs the GPU's reports; it belongs to the authority or to this object.</summary>
    public ECDsa ReportKey { get; private set; } = nvidia.DeviceKey(device);

    private X500DistinguishedName Provisioner =>
        spec.Chip == Gpu ? NvidiaAuthority.Subject(NvidiaAuthority.Provisioner) : DistinguishedName.NvidiaWithCountry($"NVIDIA {spec.Chip} Provisioner ICA 1");

    // The processor that attests: a GPU's system processor, a switch's security processor.
    private string Processor => spec.Chip == Gpu ? "GSP" : "FSP";

    /// <summary>The certificates as PEM, leaf first unless the specification arranges them otherwise.</summary>
    /// <param name="fwid">Firmware digest in the leaf, 48 bytes.</param>
    public byte[] Issue(byte[] fwid)
    {
        List<byte[]> chain =
        [
            nvidia.Authority(NvidiaAuthority.DeviceRoot, spec.Root),
            nvidia.Authority(NvidiaAuthority.Identity, spec.Identity),
            nvidia.Authority(NvidiaAuthority.Provisioner, spec.Chip == Gpu ? spec.Provisioner : spec.Provisioner with { Subject = spec.Provisioner.Subject ?? Provisioner }),
        ];
        ECDsa issuerKey = nvidia.Key(NvidiaAuthority.Provisioner);
        X500DistinguishedName issuer = Provisioner;
        for (int i = 0; i < spec.FurtherAuthorities.Length; i++)
        {
            X500DistinguishedName name = DistinguishedName.NvidiaWithCountry($"NVIDIA GH100 Provisioner ICA {i + 2}");
            ECDsa key = FreshKey();
            chain.Add(Certify(
                spec.FurtherAuthorities[i], name, key, issuer, issuerKey, Serial(key, 16),
                CertificateAuthor.Authority(null),
                CertificateAuthor.Usage(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign),
                CertificateAuthor.SubjectKey(key),
                CertificateAuthor.AuthorityKey(issuerKey)));
            (issuer, issuerKey) = (name, key);
        }

        ECDsa bootRomKey = nvidia.Key(NvidiaAuthority.BootRom(device));
        byte[] bootRomSerial = Serial(bootRomKey, 9);
        X500DistinguishedName bootRom = DistinguishedName.NvidiaDevice($"{spec.Chip} A01 {Processor} BROM", Convert.ToHexString(bootRomSerial));
        chain.Add(Certify(
            spec.BootRom, bootRom, bootRomKey, issuer, issuerKey, bootRomSerial,
            CertificateAuthor.Authority(null),
            CertificateAuthor.Usage(X509KeyUsageFlags.KeyCertSign),
            CertificateAuthor.SubjectKey(bootRomKey),
            CertificateAuthor.AuthorityKey(issuerKey)));
        (ECDsa leafKey, X500DistinguishedName leaf) = AddLeaf(chain, spec.Leaf, nvidia.DeviceKey(device), bootRom, bootRomKey, fwid);
        if (spec.BelowLeaf is { } below)
        {
            (ReportKey, _) = AddLeaf(chain, below, FreshKey(), leaf, leafKey, fwid);
        }

        chain.Reverse();
        StringBuilder pem = new();
        foreach (byte[] certificate in spec.Arrange?.Invoke(chain) ?? chain)
        {
            pem.Append(PemEncoding.WriteString("CERTIFICATE", certificate)).Append('\n');
        }

        return Encoding.ASCII.GetBytes(pem.ToString());
    }

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in issued)
        {
            certificate.Dispose();
        }

        foreach (ECDsa key in fresh)
        {
            key.Dispose();
        }
    }

    private (ECDsa Key, X500DistinguishedName Subject) AddLeaf(
        List<byte[]> chain, CertificateSpec change, ECDsa key, X500DistinguishedName issuer, ECDsa issuerKey, byte[] fwid)
    {
        byte[] serial = Serial(key, 20);
        X500DistinguishedName subject = DistinguishedName.NvidiaDevice($"{spec.Chip} A01 {Processor} FMC LF", Convert.ToHexString(serial));
        chain.Add(Certify(
            change, subject, key, issuer, issuerKey, serial,
            CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature),
            CertificateAuthor.SubjectKey(key),
            CertificateAuthor.AuthorityKey(issuerKey),
            DeviceName($"NVIDIA:{spec.Chip}:" + Convert.ToHexString(serial[..8])),
            FirmwareIdentity(issuerKey, fwid)));
        return (key, subject);
    }

    private byte[] Certify(
        CertificateSpec change, X500DistinguishedName subject, ECDsa key, X500DistinguishedName issuer, ECDsa issuerKey, byte[] serial,
        params ReadOnlySpan<X509Extension> extensions)
    {
        X509Certificate2 certificate = CertificateAuthor.Issue(
            change, subject, key, issuer, issuerKey, NvidiaAuthority.DevicePeriod, serial, extensions);
        issued.Add(certificate);
        return certificate.RawData;
    }

    private ECDsa FreshKey()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        fresh.Add(key);
        return key;
    }

    private static byte[] Serial(ECDsa key, int length) => NvidiaAuthority.Positive(CertificateAuthor.KeyIdentifier(key)[..length]);

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
}
