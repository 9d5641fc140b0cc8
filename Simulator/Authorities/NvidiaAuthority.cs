using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Nvidia;

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
    public const string Identity = "nvidia-gh100-identity";
    public const string Provisioner = "nvidia-gh100-provisioner";
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

    /// <summary>From the first to the last moment of the device certificates.</summary>
    public static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) DevicePeriod => (DeviceFrom, DeviceUntil);

    public static IEnumerable<(string Name, X509Certificate2 Certificate)> Certify(Func<string, ECDsa> key) =>
        CertificateNames.Select(name => (name, Issue(name, key, CertificateSpec.Standard)));

    /// <summary>The key of that name; it belongs to the installation.</summary>
    public ECDsa Key(string name) => folder.Key(name);

    /// <summary>The certificate of an authority: the installation's, or one that is issued again with a difference.</summary>
    public byte[] Authority(string name, CertificateSpec change)
    {
        if (change == CertificateSpec.Standard)
        {
            return folder.Certificate(name).RawData;
        }

        using X509Certificate2 certificate = Issue(name, folder.Key, change);
        return certificate.RawData;
    }

    /// <summary>The key that signs the reports of one GPU.</summary>
    public ECDsa DeviceKey(int device) => folder.Key(Firmware(device));

    /// <summary>
    /// The five certificates of one GPU as PEM, leaf first. The leaf carries the firmware digest
    /// (<paramref name="fwid"/>, 48 bytes) that report field 20 repeats.
    /// </summary>
    public byte[] DeviceChain(int device, byte[] fwid) => chains.GetOrAdd((device, Convert.ToHexString(fwid)), _ =>
    {
        using GpuChainAuthor author = new(this, device, GpuChainSpec.Standard);
        return author.Issue(fwid);
    });

    /// <summary>The four certificates that go into a RIM, signer first.</summary>
    public IReadOnlyList<byte[]> RimChain(RimSpec spec, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using X509Certificate2 signer = CertificateAuthor.Issue(
            spec.Signer,
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
            signer.RawData, Authority(RimLevel3, spec.Level3), Authority(RimAuthority, spec.Authority), Authority(RimRoot, spec.Root),
        ];
    }

    private static X509Certificate2 Issue(string name, Func<string, ECDsa> key, CertificateSpec change)
    {
        string issuer = Issuer(name);
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
        return CertificateAuthor.Issue(
            change,
            Subject(name),
            key(name),
            Subject(issuer),
            key(issuer),
            name is RimRoot or RimAuthority or RimLevel3 ? (RimFrom, RimUntil) : DevicePeriod,
            Positive(CertificateAuthor.KeyIdentifier(key(name))[..16]),
            [.. extensions]);
    }

    private static string Issuer(string name) => name switch
    {
        Identity => DeviceRoot,
        Provisioner => Identity,
        RimAuthority => RimRoot,
        RimLevel3 => RimAuthority,
        _ => name,
    };

    public static X500DistinguishedName Subject(string name) => name switch
    {
        DeviceRoot => DistinguishedName.Nvidia("NVIDIA Device Identity CA"),
        Identity => DistinguishedName.Nvidia("NVIDIA GH100 Identity"),
        Provisioner => DistinguishedName.NvidiaWithCountry("NVIDIA GH100 Provisioner ICA 1"),
        RimRoot => DistinguishedName.NvidiaRimRoot("NVIDIA CoRIM signing Root CA"),
        RimAuthority => DistinguishedName.NvidiaWithCountry("NVIDIA Reference Value GH100 CA"),
        RimLevel3 => DistinguishedName.NvidiaWithCountry("NVIDIA Reference Value L3 GH100 002"),
        _ => DistinguishedName.NvidiaRimSigner("HCC RIM L4 Signer"),
    };

    /// <summary>The bytes as a serial number that is positive and has no leading zero.</summary>
    public static byte[] Positive(byte[] serial)
    {
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }

    public static string BootRom(int device) => $"nvidia-gpu-{device}-brom";

    private static string Firmware(int device) => $"nvidia-gpu-{device}-fmc";
}
