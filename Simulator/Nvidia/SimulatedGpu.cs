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
    private const int BlockHeaderLength = 4 + 3;

    private readonly NvidiaAuthority nvidia;
    private readonly Lock gate = new();

    internal SimulatedGpu(NvidiaAuthority nvidia) => this.nvidia = nvidia;

    /// <summary>How many GPUs an installation has.</summary>
    public static int DeviceCount => NvidiaAuthority.Devices;

    /// <summary>The five certificates of one GPU as PEM, leaf first, as its reports carry them where nothing else is asked for.</summary>
    /// <param name="device">Which GPU.</param>
    public byte[] CertificateChain(int device) => nvidia.DeviceChain(device, GpuReference.FirmwareId);

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
        MeasurementBlockSpec[] blocks = [.. Blocks(spec)];
        int records = blocks.Sum(block => BlockHeaderLength + block.Value.Length) + spec.RecordTail.Length;
        byte[] report = new byte[RequestLength + 8 + records + 32 + 2 + opaque.Length + 96];
        WriteRequest(report.AsSpan(0, RequestLength), spec);
        Span<byte> response = report.AsSpan(RequestLength);
        response[0] = spec.ResponseSpdmVersion ?? spec.SpdmVersion;
        response[1] = spec.ResponseCode;
        (response[2], response[3]) = spec.ResponseParameters;
        response[4] = spec.DeclaredBlocks ?? checked((byte)blocks.Length);
        int declared = spec.DeclaredRecordLength ?? records;
        response[5] = (byte)declared;
        response[6] = (byte)(declared >> 8);
        response[7] = (byte)(declared >> 16);
        WriteBlocks(response.Slice(8, records), blocks);
        spec.RecordTail.CopyTo(response[(8 + records - spec.RecordTail.Length)..]);
        Span<byte> rest = response[(8 + records)..];
        if (spec.ResponseNonce is { } nonce)
        {
            Sized(nonce, 32, nameof(spec.ResponseNonce)).CopyTo(rest);
        }
        else
        {
            RandomNumberGenerator.Fill(rest[..32]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(rest[32..], spec.DeclaredOpaqueLength ?? checked((ushort)opaque.Length));
        opaque.CopyTo(rest[34..]);
        byte[] fwid = Sized(spec.CertifiedFirmwareId ?? spec.FirmwareId, 48, nameof(spec.CertifiedFirmwareId));
        if (spec.Chain == GpuChainSpec.Standard)
        {
            Sign(nvidia.DeviceKey(spec.Device), spec.Signature, report);
            return new MintedGpuEvidence(report, nvidia.DeviceChain(spec.Device, fwid));
        }

        using GpuChainAuthor author = new(nvidia, spec.Device, spec.Chain);
        byte[] chain = author.Issue(fwid);
        Sign(author.ReportKey, spec.Signature, report);
        return new MintedGpuEvidence(report, chain);
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

    private static IEnumerable<MeasurementBlockSpec> Blocks(GpuReportSpec spec)
    {
        MeasurementBlockSpec[] standard = [.. Enumerable.Range(0, spec.Blocks).Select(i => new MeasurementBlockSpec
        {
            Index = checked((byte)(i + 1)),
            ValueType = spec.MeasurementType,
            Value = Sized(
                spec.Measurements.TryGetValue(i, out byte[]? other) ? other : GpuReference.Measurement(i), MeasurementLength, nameof(spec.Measurements)),
        })];
        return spec.Layout?.Invoke(standard) ?? standard;
    }

    private static void WriteBlocks(Span<byte> records, MeasurementBlockSpec[] blocks)
    {
        foreach (MeasurementBlockSpec block in blocks)
        {
            records[0] = block.Index;
            records[1] = block.Specification;
            BinaryPrimitives.WriteUInt16LittleEndian(records[2..], block.Size ?? checked((ushort)(3 + block.Value.Length)));
            records[4] = block.ValueType;
            BinaryPrimitives.WriteUInt16LittleEndian(records[5..], block.ValueSize ?? checked((ushort)block.Value.Length));
            block.Value.CopyTo(records[BlockHeaderLength..]);
            records = records[(BlockHeaderLength + block.Value.Length)..];
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
        IEnumerable<(OpaqueField, byte[])> further = spec.Opaque.Keys.Except(fields.Select(field => field.Field)).Order().Select(field => (field, Array.Empty<byte>()));
        foreach ((OpaqueField field, byte[] standard) in fields.Concat(further))
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

        stream.Write(spec.OpaqueTail);
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

    private void Sign(ECDsa key, SignatureFault fault, Span<byte> report)
    {
        ReadOnlySpan<byte> data = report[..^96];
        Span<byte> signature = report[^96..];
        if (fault == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            foreign.SignData(data, HashAlgorithmName.SHA384).CopyTo(signature);
            return;
        }

        lock (gate)
        {
            key.SignData(data, HashAlgorithmName.SHA384).CopyTo(signature);
        }

        if (fault == SignatureFault.BitFlipped)
        {
            signature[0] ^= 1;
        }
    }

    private static byte[] Sized(byte[] value, int length, string name) => value.Length == length
        ? value
        : throw new ArgumentException($"{name} has {value.Length} bytes instead of {length}", name);
}
