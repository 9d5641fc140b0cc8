using System.Security.Cryptography;
using System.Text;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// The measurements of the simulated guest, enclave, module and quoting enclave: SHA-384 or SHA-256 of
/// <c>verathos.reference.</c> and a name, the values that the shipped policies list.
/// </summary>
public static class ReferenceMeasurement
{
    /// <summary>MRTD of the simulated guest, 48 bytes.</summary>
    public static byte[] Mrtd => Sha384("mrtd");

    /// <summary>RTMR0 (firmware configuration) of the simulated guest, 48 bytes.</summary>
    public static byte[] Rtmr0 => Sha384("rtmr0");

    /// <summary>RTMR1 (kernel) of the simulated guest, 48 bytes.</summary>
    public static byte[] Rtmr1 => Sha384("rtmr1");

    /// <summary>RTMR2 (command line, initrd, root file system) of the simulated guest, 48 bytes.</summary>
    public static byte[] Rtmr2 => Sha384("rtmr2");

    /// <summary>RTMR3 (run time) of the simulated guest, 48 bytes.</summary>
    public static byte[] Rtmr3 => Sha384("rtmr3");

    /// <summary>MRSEAM of the simulated TDX module, 48 bytes.</summary>
    public static byte[] MrSeam => Sha384("mrseam");

    /// <summary>MRSIGNER of the simulated quoting enclave, 32 bytes.</summary>
    public static byte[] QeMrSigner => Sha256("td-qe.mrsigner");

    /// <summary>Launch measurement of the simulated SEV-SNP guest, 48 bytes.</summary>
    public static byte[] SnpMeasurement => Sha384("snp.measurement");

    /// <summary>MRENCLAVE of the simulated enclave, 32 bytes.</summary>
    public static byte[] MrEnclave => Sha256("mrenclave");

    /// <summary>MRSIGNER of the simulated enclave, 32 bytes.</summary>
    public static byte[] MrSigner => Sha256("mrsigner");

    internal static byte[] Sha384(string name) => SHA384.HashData(Encoding.ASCII.GetBytes("verathos.reference." + name));

    internal static byte[] Sha256(string name) => SHA256.HashData(Encoding.ASCII.GetBytes("verathos.reference." + name));
}
