using System.Security.Cryptography;
using System.Text;

namespace Verathos.Simulator.Nvidia;

/// <summary>
/// The measurements of the simulated GH100 firmware. RIM index i is SPDM index i + 1. Which indices the driver and the
/// VBIOS answer for, and which are zero, is as in NVIDIA's manifests for GH100.
/// </summary>
public static class GpuReference
{
    /// <summary>Version of the simulated driver, as in opaque field 3 and in the driver RIM.</summary>
    public const string DriverVersion = "550.144.03";

    /// <summary>Version of the simulated VBIOS, as in the VBIOS RIM; opaque field 6 holds it as bytes.</summary>
    public const string VbiosVersion = "96.00.5E.00.01";

    /// <summary>Number of measurement blocks in a report and of resources in a RIM.</summary>
    public const int Blocks = 64;

    internal static readonly int[] DriverIndices =
        [7, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];

    internal static readonly int[] VbiosIndices = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12];

    private static readonly int[] Zero = [0, 8, 10, 23, 24, 28];

    /// <summary>The default measurement (48 bytes) at a RIM index.</summary>
    public static byte[] Measurement(int rimIndex) =>
        (DriverIndices.Contains(rimIndex) || VbiosIndices.Contains(rimIndex)) && !Zero.Contains(rimIndex)
            ? Derived($"gpu.measurement.{rimIndex}")
            : new byte[48];

    /// <summary>The values (48 bytes each) that a RIM accepts at an index, the default one last.</summary>
    internal static IReadOnlyList<byte[]> Alternatives(int rimIndex) => rimIndex switch
    {
        // Values that NVIDIA's manifests also allow: the block of a part that is absent or of another board.
        23 or 24 => [Derived($"gpu.measurement.{rimIndex}.present"), new byte[48]],
        12 => [new byte[48], Derived("gpu.measurement.12.a"), Derived("gpu.measurement.12.b"), Measurement(12)],
        35 => [Derived("gpu.measurement.35.nvdec"), Measurement(35)],
        _ => [Measurement(rimIndex)],
    };

    internal static byte[] FirmwareId => Derived("gpu.fwid");

    internal static byte[] Derived(string name) => SHA384.HashData(Encoding.ASCII.GetBytes("verathos.reference." + name));
}
