using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Snp;
using Verathos.Attestation.X509;

namespace Verathos.Attestation;

/// <summary>
/// The roots that evidence must lead to. Either the vendors' own, built in, or those of one simulated installation; never both,
/// and never the system's store.
/// </summary>
public sealed class TrustAnchors
{
    /// <summary>The anchor name of a simulated installation in a policy.</summary>
    public const string SimulatedName = "simulated";

    /// <summary>The anchor name of Intel in a policy.</summary>
    public const string IntelName = "intel";

    /// <summary>The anchor name of NVIDIA in a policy.</summary>
    public const string NvidiaName = "nvidia";

    /// <summary>The anchor name of AMD in a policy.</summary>
    public const string AmdName = "amd";

    /// <summary>
    /// The anchor name of Microsoft Azure Attestation in a policy. No root stands behind it: the keys are those of the key set that the
    /// relying party gives, which a policy may pin.
    /// </summary>
    public const string AzureName = "azure";

    /// <summary>File name of a simulated installation's Intel-like root certificate.</summary>
    public const string IntelRootFile = "intel-root.pem";

    /// <summary>File name of a simulated installation's NVIDIA-like device root certificate.</summary>
    public const string NvidiaDeviceRootFile = "nvidia-device-root.pem";

    /// <summary>File name of a simulated installation's NVIDIA-like reference measurement root certificate.</summary>
    public const string NvidiaRimRootFile = "nvidia-rim-root.pem";

    // Intel SGX Root CA: two certificates (to 2033 and to 2049) share this key, so the key is pinned and not a certificate.
    private const string IntelRoot = "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e";

    // CN = NVIDIA Device Identity CA, O = NVIDIA.
    private const string NvidiaDeviceRoot = "a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4";

    // C = US, O = NVIDIA, CN = NVIDIA CoRIM signing Root CA.
    private const string NvidiaRimRoot = "dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3";

    // CN = ARK-Milan, ARK-Genoa and ARK-Turin, O = Advanced Micro Devices.
    private const string MilanRoot = "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9";
    private const string GenoaRoot = "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831";
    private const string TurinRoot = "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08";

    private readonly Dictionary<SnpProduct, byte[]> _amdRoots;

    private TrustAnchors(
        string[] names, byte[] intelRootSpki, byte[] nvidiaDeviceSpki, byte[] nvidiaRimSpki, Dictionary<SnpProduct, byte[]>? amdRoots = null)
    {
        _amdRoots = amdRoots ?? [];
        Names = names;
        IntelRootSpki = intelRootSpki;
        NvidiaDeviceRootSpki = nvidiaDeviceSpki;
        NvidiaRimRootSpki = nvidiaRimSpki;
        Simulated = names.Contains(SimulatedName);
    }

    /// <summary>The name of anchors that a caller gave as certificates.</summary>
    public const string GivenName = "given";

    /// <summary>The vendors' roots.</summary>
    public static TrustAnchors Production { get; } = new(
        [IntelName, NvidiaName, AmdName, AzureName], Convert.FromHexString(IntelRoot), Convert.FromHexString(NvidiaDeviceRoot), Convert.FromHexString(NvidiaRimRoot),
        new Dictionary<SnpProduct, byte[]>
        {
            [SnpProduct.Milan] = Convert.FromHexString(MilanRoot),
            [SnpProduct.Genoa] = Convert.FromHexString(GenoaRoot),
            [SnpProduct.Turin] = Convert.FromHexString(TurinRoot),
        });

    /// <summary>The names by which a policy admits these anchors.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>True where these are the roots of a simulated installation.</summary>
    public bool Simulated { get; }

    /// <summary>SHA-256 of the Intel root's SubjectPublicKeyInfo; where a caller gave several roots, one after another.</summary>
    public ReadOnlyMemory<byte> IntelRootSpki { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of NVIDIA's Device Identity CA.</summary>
    public ReadOnlyMemory<byte> NvidiaDeviceRootSpki { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of NVIDIA's root for signed reference measurements.</summary>
    public ReadOnlyMemory<byte> NvidiaRimRootSpki { get; }

    /// <summary>
    /// SHA-256 of the SubjectPublicKeyInfo of a product line's ARK; for an unknown product, of all of them, one after another.
    /// Empty where these anchors hold none.
    /// </summary>
    public ReadOnlyMemory<byte> AmdRootSpki(SnpProduct product) =>
        _amdRoots.TryGetValue(product, out byte[]? pin) ? pin
        : product == SnpProduct.Unknown ? _amdRoots.Values.SelectMany(item => item).ToArray()
        : default;

    /// <summary>True where a caller gave the roots as certificates, in place of the vendors' own.</summary>
    public bool Given => Names.Contains(GivenName);

    /// <summary>Roots that a caller gives in place of every vendor's own: whatever the format, it must lead to one of them.</summary>
    /// <param name="pem">One certificate or several.</param>
    /// <param name="anchors">The anchors.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryFromRoots(ReadOnlySpan<byte> pem, out TrustAnchors? anchors, out ParseError error)
    {
        anchors = null;
        if (!PemReader.TryRead(pem, out IReadOnlyList<Certificate> roots, out error))
        {
            return false;
        }

        byte[] pins = [.. roots.SelectMany(root => root.SpkiDigest.ToArray())];
        anchors = new TrustAnchors([GivenName], pins, pins, pins, Enum.GetValues<SnpProduct>().ToDictionary(product => product, _ => pins));
        return true;
    }

    /// <summary>The roots of a simulated installation.</summary>
    /// <param name="intelRoot">Root of the PCK chain.</param>
    /// <param name="nvidiaDeviceRoot">Root of the device chains.</param>
    /// <param name="nvidiaRimRoot">Root of the signed references.</param>
    /// <param name="amdRoots">The ARKs by product line; null for none.</param>
    public static TrustAnchors FromSimulated(
        X509Certificate2 intelRoot, X509Certificate2 nvidiaDeviceRoot, X509Certificate2 nvidiaRimRoot,
        IReadOnlyDictionary<SnpProduct, X509Certificate2>? amdRoots = null)
    {
        ArgumentNullException.ThrowIfNull(intelRoot);
        ArgumentNullException.ThrowIfNull(nvidiaDeviceRoot);
        ArgumentNullException.ThrowIfNull(nvidiaRimRoot);
        return new TrustAnchors(
            [SimulatedName], Spki(intelRoot), Spki(nvidiaDeviceRoot), Spki(nvidiaRimRoot), amdRoots?.ToDictionary(root => root.Key, root => Spki(root.Value)));
    }

    /// <summary>Reads the roots of a simulated installation from its folder.</summary>
    /// <param name="folder">The folder that holds <see cref="IntelRootFile"/>, <see cref="NvidiaDeviceRootFile"/> and <see cref="NvidiaRimRootFile"/>.</param>
    /// <param name="anchors">The anchors.</param>
    /// <param name="error">What is wrong and with which file.</param>
    public static bool TryLoadSimulated(string folder, out TrustAnchors? anchors, out string? error)
    {
        ArgumentNullException.ThrowIfNull(folder);
        anchors = null;
        error = null;
        X509Certificate2?[] roots = new X509Certificate2?[3];
        string[] files = [IntelRootFile, NvidiaDeviceRootFile, NvidiaRimRootFile];
        try
        {
            for (int i = 0; i < files.Length; i++)
            {
                string path = Path.Combine(folder, files[i]);
                if (!File.Exists(path))
                {
                    error = $"{path} is not there: start a simulated node once, or name the folder of its roots";
                    return false;
                }

                try
                {
                    roots[i] = X509Certificate2.CreateFromPem(File.ReadAllText(path));
                }
                catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
                {
                    error = $"{path} is not a certificate in PEM form: {e.Message}";
                    return false;
                }
            }

            anchors = FromSimulated(roots[0]!, roots[1]!, roots[2]!);
            return true;
        }
        finally
        {
            foreach (X509Certificate2? root in roots)
            {
                root?.Dispose();
            }
        }
    }

    private static byte[] Spki(X509Certificate2 certificate) => SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());
}
