using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Nvidia;

/// <summary>Mints the attestation reports of simulated GH100 GPUs.</summary>
public sealed class SimulatedGpu
{
    private const int RequestLength = 37;
    private const int MeasurementLength = 48;
    private const int BlockLength = 4 + 3 + MeasurementLength;

    private readonly NvidiaAuthority nvidia;
    private readonly Lock gate = new();

    internal SimulatedGpu(NvidiaAuthority nvidia) => this.nvidia = nvidia;

    /// <summary>How many GPUs an installation has.</summary>
    public static int DeviceCount => NvidiaAuthority.Devices;

    /// <summary>Mints one report.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>The report and the certificates of the GPU that signed it.</returns>
    /// <exception cref="ArgumentException">A fixed-size field has another length, or there is no such GPU.</exception>
    public MintedGpuEvidence Mint(GpuReportSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentOutOfRangeException.ThrowIfNegative(spec.Device);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(spec.Device, DeviceCount);
        byte[] opaque = Opaque(spec);
        int records = spec.Blocks * BlockLength;
        byte[] report = new byte[RequestLength + 8 + records + 32 + 2 + opaque.Length + 96];
        WriteRequest(report.AsSpan(0, RequestLength), spec);
        Span<byte> response = report.AsSpan(RequestLength);
        response[0] = spec.SpdmVersion;
        response[1] = spec.ResponseCode;
        response[4] = checked((byte)spec.Blocks);
        response[5] = (byte)records;
        response[6] = (byte)(records >> 8);
        response[7] = (byte)(records >> 16);
        WriteBlocks(response.Slice(8, records), spec);
        Span<byte> rest = response[(8 + records)..];
        if (spec.ResponseNonce is { } nonce)
        {
            Sized(nonce, 32, nameof(spec.ResponseNonce)).CopyTo(rest);
        }
        else
        {
            RandomNumberGenerator.Fill(rest[..32]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(rest[32..], checked((ushort)opaque.Length));
        opaque.CopyTo(rest[34..]);
        Sign(spec, report);
        return new MintedGpuEvidence(report, nvidia.DeviceChain(
            spec.Device, Sized(spec.CertifiedFirmwareId ?? spec.FirmwareId, 48, nameof(spec.CertifiedFirmwareId))));
    }

    private static void WriteRequest(Span<byte> request, GpuReportSpec spec)
    {
        request[0] = spec.SpdmVersion;
        request[1] = spec.RequestCode;
        request[2] = spec.RequestAttributes;
        request[3] = spec.MeasurementOperation;
        Sized(spec.Nonce, 32, nameof(spec.Nonce)).CopyTo(request[4..]);
        request[36] = spec.Slot;
    }

    private static void WriteBlocks(Span<byte> records, GpuReportSpec spec)
    {
        for (int i = 0; i < spec.Blocks; i++)
        {
            Span<byte> block = records.Slice(i * BlockLength, BlockLength);
            block[0] = (byte)(i + 1);
            block[1] = 1;
            BinaryPrimitives.WriteUInt16LittleEndian(block[2..], 3 + MeasurementLength);
            block[4] = spec.MeasurementType;
            BinaryPrimitives.WriteUInt16LittleEndian(block[5..], MeasurementLength);
            byte[] measurement = spec.Measurements.TryGetValue(i, out byte[]? other) ? other : GpuReference.Measurement(i);
            Sized(measurement, MeasurementLength, nameof(spec.Measurements)).CopyTo(block[7..]);
        }
    }

    private static byte[] Opaque(GpuReportSpec spec)
    {
        // The order is that of a driver 590 report.
        (OpaqueField Field, byte[] Value)[] fields =
        [
            (OpaqueField.VbiosVersion, Vbios(spec.VbiosVersion)),
            (OpaqueField.BoardId, [0x37, 0x04, 0, 0]),
            (OpaqueField.ChipSku, Text(spec.ChipSku, 9)),
            (OpaqueField.ChipSkuModifier, Text("0", 5)),
            (OpaqueField.Project, Text(spec.Project, 5)),
            (OpaqueField.ProjectSku, Text(spec.ProjectSku, 5)),
            (OpaqueField.ProjectSkuModifier, Text(string.Empty, 2)),
            (OpaqueField.DriverVersion, Text(spec.DriverVersion, 0)),
            (OpaqueField.GpuInfo, [0x80, 0x01, 0, 0, 0, 0, 0, 0]),
            (OpaqueField.MeasurementCounts, Counts(spec)),
            (OpaqueField.CprInfo, [0, 0xC0, 1, 0]),
            (OpaqueField.Nvdec0Status, [spec.Nvdec0Status]),
            (OpaqueField.FirmwareId, spec.FirmwareId),
            (OpaqueField.ProtectedPcie, [spec.ProtectedPcie]),
            (OpaqueField.SwitchIds, new byte[144]),
            (OpaqueField.OpaqueVersion, [1, 0]),
            (OpaqueField.FeatureFlag, [(byte)spec.FeatureFlag, (byte)(spec.FeatureFlag >> 8)]),
        ];
        using var stream = new MemoryStream();
        Span<byte> head = stackalloc byte[4];
        foreach ((OpaqueField field, byte[] standard) in fields)
        {
            byte[]? value = spec.Opaque.TryGetValue(field, out byte[]? other) ? other : standard;
            if (value is not null)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)field);
                BinaryPrimitives.WriteUInt16LittleEndian(head[2..], checked((ushort)value.Length));
                stream.Write(head);
                stream.Write(value);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Counts(GpuReportSpec spec)
    {
        byte[] counts = new byte[4 * GpuReference.Blocks];
        for (int i = 0; i < GpuReference.Blocks; i++)
        {
            bool measured = spec.Measurements.ContainsKey(i) || GpuReference.Measurement(i).AsSpan().ContainsAnyExcept((byte)0);
            counts[4 * i] = (byte)(measured ? 1 : 0);
        }

        return counts;
    }

    private static byte[] Vbios(string dotted)
    {
        byte[] parts = [.. dotted.Split('.').Select(part => byte.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        Sized(parts, 5, nameof(GpuReportSpec.VbiosVersion));
        return [parts[3], parts[2], parts[1], parts[0], parts[4], 0, 0, 0];
    }

    private static byte[] Text(string value, int length)
    {
        byte[] text = new byte[Math.Max(length, value.Length + 1)];
        Encoding.ASCII.GetBytes(value, text);
        return text;
    }

    private void Sign(GpuReportSpec spec, Span<byte> report)
    {
        ReadOnlySpan<byte> data = report[..^96];
        Span<byte> signature = report[^96..];
        if (spec.Signature == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            foreign.SignData(data, HashAlgorithmName.SHA384).CopyTo(signature);
            return;
        }

        lock (gate)
        {
            nvidia.DeviceKey(spec.Device).SignData(data, HashAlgorithmName.SHA384).CopyTo(signature);
        }

        if (spec.Signature == SignatureFault.BitFlipped)
        {
            signature[0] ^= 1;
        }
    }

    private static byte[] Sized(byte[] value, int length, string name) => value.Length == length
        ? value
        : throw new ArgumentException($"{name} has {value.Length} bytes instead of {length}", name);
}
