namespace Verathos.Simulator.Nvidia;

/// <summary>Identifiers of the type-length-value fields in a GPU report's opaque data that the simulator sets by name.</summary>
public enum OpaqueField
{
    /// <summary>Driver version, ASCII with a NUL.</summary>
    DriverVersion = 3,

    /// <summary>GPU information, 8 bytes.</summary>
    GpuInfo = 4,

    /// <summary>VBIOS version, 8 bytes: little-endian 96.00.5E.00, then the last part.</summary>
    VbiosVersion = 6,

    /// <summary>0x55 where the video decoder is off, 0xAA where it is on.</summary>
    Nvdec0Status = 11,

    /// <summary>How often each of the 64 measurements was extended, 64 u32.</summary>
    MeasurementCounts = 12,

    /// <summary>Protected-region information, 4 bytes.</summary>
    CprInfo = 13,

    /// <summary>Board id, u32.</summary>
    BoardId = 14,

    /// <summary>Chip SKU, ASCII with a NUL.</summary>
    ChipSku = 15,

    /// <summary>Chip SKU modifier, ASCII with a NUL.</summary>
    ChipSkuModifier = 16,

    /// <summary>Project, ASCII with a NUL.</summary>
    Project = 17,

    /// <summary>Project SKU, ASCII with a NUL.</summary>
    ProjectSku = 18,

    /// <summary>Project SKU modifier, ASCII with a NUL.</summary>
    ProjectSkuModifier = 19,

    /// <summary>Firmware digest, 48 bytes; the leaf certificate carries it too.</summary>
    FirmwareId = 20,

    /// <summary>0xAA in protected-PCIe mode, 0x55 otherwise.</summary>
    ProtectedPcie = 21,

    /// <summary>Identifiers of the NVSwitches that the links lead to, 18 times 8 bytes.</summary>
    SwitchIds = 22,

    /// <summary>Version of the opaque data, u16.</summary>
    OpaqueVersion = 34,

    /// <summary>0 single GPU passed through, 1 several, 2 protected PCIe; u16.</summary>
    FeatureFlag = 36,
}
