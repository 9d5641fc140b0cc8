using System.Collections.Immutable;
using System.Text;

namespace Verathos.Simulator.Nvidia;

/// <summary>
/// The reports of simulated NVSwitches. They have the form of a GPU's with 31 measurements, fewer opaque fields, the firmware's version
/// as text, and a device chain of their own.
/// </summary>
public static class SwitchReference
{
    /// <summary>The chip's name in the device certificate.</summary>
    public const string Chip = "LS_10";

    /// <summary>Version of the simulated firmware.</summary>
    public const string FirmwareVersion = "96.10.73.00.01";

    private static readonly OpaqueField[] OfGpusAlone =
    [
        OpaqueField.DriverVersion, OpaqueField.GpuInfo, OpaqueField.Nvdec0Status, OpaqueField.CprInfo, OpaqueField.BoardId, OpaqueField.ChipSku,
        OpaqueField.ChipSkuModifier, OpaqueField.Project, OpaqueField.ProjectSku, OpaqueField.ProjectSkuModifier, OpaqueField.FirmwareId,
        OpaqueField.ProtectedPcie, OpaqueField.OpaqueVersion, OpaqueField.FeatureFlag,
    ];

    /// <summary>A switch's report.</summary>
    /// <param name="nonce">The request's nonce, 32 bytes.</param>
    /// <param name="device">Which of the installation's device keys signs; it is then no GPU's.</param>
    /// <param name="firmware">The firmware's version.</param>
    public static GpuReportSpec Report(byte[] nonce, int device, string firmware = FirmwareVersion) => new()
    {
        Nonce = nonce,
        Device = device,
        Blocks = 31,
        Chain = new GpuChainSpec { Chip = Chip },
        Opaque = OfGpusAlone.ToImmutableDictionary(field => field, _ => (byte[]?)null)
            .Add(OpaqueField.VbiosVersion, Encoding.ASCII.GetBytes(firmware))
            .Add(OpaqueField.SwitchIds, [0x9A, 0xE3, 0xBE, 0xBA, 0x9E, 0x67, 0x32, 0x75]),
    };

    /// <summary>The references that go with a report. NVIDIA's own files for switches name the product GH100 too.</summary>
    public static RimSpec Rim(string firmware = FirmwareVersion) => new() { Kind = RimKind.Vbios, Version = firmware };
}
