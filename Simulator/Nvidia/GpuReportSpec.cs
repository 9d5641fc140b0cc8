using System.Collections.Immutable;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Nvidia;

/// <summary>
/// Every field of a GPU attestation report: an SPDM 1.1 GET_MEASUREMENTS request (37 bytes), the MEASUREMENTS response
/// with 64 blocks and opaque data (DMTF DSP0274 1.1.0 section 10.11), and an ECDSA P-384 signature over both.
/// </summary>
public sealed record GpuReportSpec
{
    /// <summary>Which of the installation's eight GPUs signs, 0 to 7.</summary>
    public int Device { get; init; }

    /// <summary>The request's nonce, 32 bytes: what the verifier asked for.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>The response's own nonce, 32 bytes; random where null.</summary>
    public byte[]? ResponseNonce { get; init; }

    /// <summary>SPDM version in both headers.</summary>
    public byte SpdmVersion { get; init; } = 0x11;

    /// <summary>Request code: GET_MEASUREMENTS.</summary>
    public byte RequestCode { get; init; } = 0xE0;

    /// <summary>SPDM version in the response's header; the request's where null.</summary>
    public byte? ResponseSpdmVersion { get; init; }

    /// <summary>Response code: MEASUREMENTS.</summary>
    public byte ResponseCode { get; init; } = 0x60;

    /// <summary>Param1 and Param2 of the response.</summary>
    public (byte First, byte Second) ResponseParameters { get; init; }

    /// <summary>Request attributes; bit 0 asks for a signature.</summary>
    public byte RequestAttributes { get; init; } = 1;

    /// <summary>Which measurements are asked for; 0xFF is all.</summary>
    public byte MeasurementOperation { get; init; } = 0xFF;

    /// <summary>Certificate slot.</summary>
    public byte Slot { get; init; }

    /// <summary>DMTF value type of the measurement blocks.</summary>
    public byte MeasurementType { get; init; } = 1;

    /// <summary>How many measurement blocks the response has.</summary>
    public int Blocks { get; init; } = GpuReference.Blocks;

    /// <summary>
    /// Turns the blocks, one for each measurement, into those that the record has: other indices, sizes, specifications, values
    /// and order, more of them or fewer.
    /// </summary>
    public Func<IReadOnlyList<MeasurementBlockSpec>, IEnumerable<MeasurementBlockSpec>>? Layout { get; init; }

    /// <summary>NumberOfBlocks as the response says it; the true number where null.</summary>
    public byte? DeclaredBlocks { get; init; }

    /// <summary>MeasurementRecordLength (u24) as the response says it; the true number where null.</summary>
    public int? DeclaredRecordLength { get; init; }

    /// <summary>Bytes of the record after its last block.</summary>
    public byte[] RecordTail { get; init; } = [];

    /// <summary>OpaqueLength as the response says it; the true number where null.</summary>
    public ushort? DeclaredOpaqueLength { get; init; }

    /// <summary>Bytes of the opaque data after its last field.</summary>
    public byte[] OpaqueTail { get; init; } = [];

    /// <summary>Measurements (48 bytes) that differ from the reference, by RIM index (SPDM index less one).</summary>
    public ImmutableDictionary<int, byte[]> Measurements { get; init; } = ImmutableDictionary<int, byte[]>.Empty;

    /// <summary>Version of the driver.</summary>
    public string DriverVersion { get; init; } = GpuReference.DriverVersion;

    /// <summary>Version of the VBIOS in dotted hexadecimal, five parts.</summary>
    public string VbiosVersion { get; init; } = GpuReference.VbiosVersion;

    /// <summary>Project of the board.</summary>
    public string Project { get; init; } = "1010";

    /// <summary>SKU of the board.</summary>
    public string ProjectSku { get; init; } = "0200";

    /// <summary>SKU of the chip.</summary>
    public string ChipSku { get; init; } = "882";

    /// <summary>Firmware digest in opaque field 20, 48 bytes.</summary>
    public byte[] FirmwareId { get; init; } = GpuReference.FirmwareId;

    /// <summary>Firmware digest in the leaf certificate, where it shall not be the one in the report.</summary>
    public byte[]? CertifiedFirmwareId { get; init; }

    /// <summary>Opaque field 11: 0x55 off, 0xAA on.</summary>
    public byte Nvdec0Status { get; init; } = 0x55;

    /// <summary>Opaque field 21: 0x55 off, 0xAA on.</summary>
    public byte ProtectedPcie { get; init; } = 0x55;

    /// <summary>Opaque field 36: 0 single GPU passed through, 1 several, 2 protected PCIe.</summary>
    public ushort FeatureFlag { get; init; }

    /// <summary>
    /// Opaque fields that differ from the above: another value, or null to leave the field out. Others than those named come after
    /// them.
    /// </summary>
    public ImmutableDictionary<OpaqueField, byte[]?> Opaque { get; init; } = ImmutableDictionary<OpaqueField, byte[]?>.Empty;

    /// <summary>The GPU's certificates.</summary>
    public GpuChainSpec Chain { get; init; } = GpuChainSpec.Standard;

    /// <summary>What is wrong with the signature.</summary>
    public SignatureFault Signature { get; init; }
}
