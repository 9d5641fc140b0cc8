using System.Buffers.Binary;
using System.Text;

namespace Verathos.Attestation.Nvidia;

/// <summary>
/// An NVIDIA device's attestation report: the SPDM 1.1 GET_MEASUREMENTS request (37 bytes) and the signed MEASUREMENTS response
/// (DMTF DSP0274 1.1, sections 10.11.1 and 10.11.2), with NVIDIA's opaque data. Parsing checks lengths and constants only.
/// </summary>
public sealed class GpuReport
{
    /// <summary>Length of the request in bytes.</summary>
    public const int RequestLength = 37;

    /// <summary>Length of a measurement in bytes (SHA-384).</summary>
    public const int MeasurementLength = 48;

    private const int SignatureLength = 96;
    private const int MaximumLength = 64 * 1024;
    private const int MaximumFields = 256;
    private const ushort DriverVersionField = 3;
    private const ushort VbiosVersionField = 6;
    private const ushort Nvdec0Field = 11;
    private const ushort ChipSkuField = 15;
    private const ushort ProjectField = 17;
    private const ushort ProjectSkuField = 18;
    private const ushort FirmwareIdField = 20;
    private const ushort FeatureFlagField = 36;

    private readonly ReadOnlyMemory<byte>?[] _measurements;
    private readonly Dictionary<ushort, ReadOnlyMemory<byte>> _opaque;

    private GpuReport(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte>?[] measurements, int count, Dictionary<ushort, ReadOnlyMemory<byte>> opaque, ReadOnlyMemory<byte> responseNonce)
    {
        SignedBytes = bytes[..^SignatureLength];
        Signature = bytes[^SignatureLength..];
        RequestNonce = bytes.Slice(4, 32);
        ResponseNonce = responseNonce;
        MeasurementCount = count;
        _measurements = measurements;
        _opaque = opaque;
    }

    /// <summary>Request and response without the signature: what the device signed.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; }

    /// <summary>r || s, 96 bytes big-endian.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The verifier's nonce, 32 bytes.</summary>
    public ReadOnlyMemory<byte> RequestNonce { get; }

    /// <summary>The device's own nonce, 32 bytes; it proves nothing to the verifier.</summary>
    public ReadOnlyMemory<byte> ResponseNonce { get; }

    /// <summary>Number of measurement blocks.</summary>
    public int MeasurementCount { get; }

    /// <summary>Driver version, such as <c>550.144.03</c>; null for devices without a driver field.</summary>
    public string? DriverVersion => Text(DriverVersionField);

    /// <summary>VBIOS version in upper case, such as <c>96.00.5E.00.01</c>; null where absent.</summary>
    public string? VbiosVersion => FormatVbios(Opaque(VbiosVersionField));

    /// <summary>The board as <c>PROJECT_SKU_CHIPSKU</c> in upper case; null where a part is absent.</summary>
    public string? Board => Text(ProjectField) is { } project && Text(ProjectSkuField) is { } sku && Text(ChipSkuField) is { } chip
        ? $"{project}_{sku}_{chip}".ToUpperInvariant()
        : null;

    /// <summary>The firmware identifier of the running device firmware, 48 bytes; null in older reports.</summary>
    public ReadOnlyMemory<byte>? FirmwareId => Opaque(FirmwareIdField);

    /// <summary>True where the report says that the first video decoder is off, and its measurement says nothing.</summary>
    public bool IsNvdec0Off => Opaque(Nvdec0Field) is { Length: 1 } value && value.Span[0] == 0x55;

    /// <summary>How the GPU shares its protected memory.</summary>
    public GpuMode Mode => Opaque(FeatureFlagField) switch
    {
        null => GpuMode.SPT,
        { Length: 1 or 2 } value when value.Length == 1 || value.Span[1] == 0 => value.Span[0] switch
        {
            0 => GpuMode.SPT,
            1 => GpuMode.MPT,
            2 => GpuMode.PPCIE,
            _ => GpuMode.Unknown,
        },
        _ => GpuMode.Unknown,
    };

    /// <summary>The measurement of an SPDM index (from 1), 48 bytes; null where the report has none.</summary>
    public ReadOnlyMemory<byte>? Measurement(int index) => index >= 1 && index < _measurements.Length ? _measurements[index] : (ReadOnlyMemory<byte>?)null;

    /// <summary>The raw value of an opaque field, or null.</summary>
    public ReadOnlyMemory<byte>? Opaque(ushort id) => _opaque.TryGetValue(id, out ReadOnlyMemory<byte> value) ? value : (ReadOnlyMemory<byte>?)null;

    /// <summary>Parses a report; every byte must belong to it.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out GpuReport? report, out ParseError error)
    {
        report = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        const int recordStart = RequestLength + 8;
        if (span.Length is < (recordStart + 32 + 2 + SignatureLength) or > MaximumLength)
        {
            return Fail(ref error, "report", $"{span.Length} bytes are too few or too many", 0);
        }

        if (span[0] != 0x11 || span[1] != 0xE0)
        {
            return Fail(ref error, "request", "not an SPDM 1.1 GET_MEASUREMENTS", 0);
        }

        if (span[RequestLength] != 0x11 || span[RequestLength + 1] != 0x60)
        {
            return Fail(ref error, "response", "not SPDM 1.1 MEASUREMENTS", RequestLength);
        }

        int blocks = span[RequestLength + 4];
        int recordLength = span[RequestLength + 5] | (span[RequestLength + 6] << 8) | (span[RequestLength + 7] << 16);
        int opaqueStart = recordStart + recordLength + 32 + 2;
        if (opaqueStart + SignatureLength > span.Length)
        {
            return Fail(ref error, "MeasurementRecordLength", "more than the report holds", RequestLength + 5);
        }

        int opaqueLength = BinaryPrimitives.ReadUInt16LittleEndian(span[(opaqueStart - 2)..]);
        if (opaqueStart + opaqueLength + SignatureLength != span.Length)
        {
            return Fail(ref error, "OpaqueLength", "does not fill the report", opaqueStart - 2);
        }

        if (!TryReadMeasurements(bytes.Slice(recordStart, recordLength), blocks, out ReadOnlyMemory<byte>?[] measurements, ref error)
            || !TryReadOpaque(bytes.Slice(opaqueStart, opaqueLength), out Dictionary<ushort, ReadOnlyMemory<byte>> opaque, ref error))
        {
            return false;
        }

        report = new GpuReport(bytes, measurements, blocks, opaque, bytes.Slice(opaqueStart - 34, 32));
        return true;
    }

    /// <summary>Formats the VBIOS field: five bytes in the device's order, or text in switch reports.</summary>
    internal static string? FormatVbios(ReadOnlyMemory<byte>? value)
    {
        if (value is not { Length: >= 5 } field)
        {
            return null;
        }

        ReadOnlySpan<byte> b = field.Span;
        return field.Length == 8
            ? $"{b[3]:X2}.{b[2]:X2}.{b[1]:X2}.{b[0]:X2}.{b[4]:X2}"
            : DecodeText(field)?.ToUpperInvariant();
    }

    private static bool TryReadMeasurements(ReadOnlyMemory<byte> record, int blocks, out ReadOnlyMemory<byte>?[] measurements, ref ParseError error)
    {
        // Block: index, specification (1 = DMTF), u16 size, then type, u16 value size, value.
        const int headerLength = 4;
        const int valueHeaderLength = 3;
        measurements = new ReadOnlyMemory<byte>?[256];
        ParseSteps.Add(record.Length);
        ReadOnlySpan<byte> span = record.Span;
        int position = 0;
        for (int i = 0; i < blocks; i++)
        {
            ParseSteps.Add(1);
            if (span.Length - position < headerLength + valueHeaderLength + MeasurementLength)
            {
                return Fail(ref error, $"measurement block {i}", "the record ends inside it", position);
            }

            int index = span[position];
            int size = BinaryPrimitives.ReadUInt16LittleEndian(span[(position + 2)..]);
            int valueSize = BinaryPrimitives.ReadUInt16LittleEndian(span[(position + 5)..]);
            if (span[position + 1] != 1 || valueSize != MeasurementLength || size != valueHeaderLength + MeasurementLength)
            {
                return Fail(ref error, $"measurement block {i}", "not a DMTF measurement of 48 bytes", position);
            }

            if (index == 0 || measurements[index] is not null)
            {
                return Fail(ref error, $"measurement block {i}", $"index {index} is reserved or appears twice", position);
            }

            measurements[index] = record.Slice(position + headerLength + valueHeaderLength, MeasurementLength);
            position += headerLength + size;
        }

        return position == span.Length || Fail(ref error, "MeasurementRecord", "bytes follow the last block", position);
    }

    private static bool TryReadOpaque(ReadOnlyMemory<byte> opaque, out Dictionary<ushort, ReadOnlyMemory<byte>> fields, ref ParseError error)
    {
        fields = [];
        ParseSteps.Add(opaque.Length);
        ReadOnlySpan<byte> span = opaque.Span;
        int position = 0;
        while (position < span.Length)
        {
            ParseSteps.Add(1);
            if (span.Length - position < 4)
            {
                return Fail(ref error, "OpaqueData", "a field header is cut", position);
            }

            ushort id = BinaryPrimitives.ReadUInt16LittleEndian(span[position..]);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(span[(position + 2)..]);
            position += 4;
            if (length > span.Length - position)
            {
                return Fail(ref error, $"OpaqueData field {id}", "longer than the data", position);
            }

            if (fields.Count == MaximumFields)
            {
                return Fail(ref error, "OpaqueData", $"more than {MaximumFields} fields", position);
            }

            if (!fields.TryAdd(id, opaque.Slice(position, length)))
            {
                return Fail(ref error, $"OpaqueData field {id}", "appears twice", position);
            }

            position += length;
        }

        return true;
    }

    private string? Text(ushort id) => Opaque(id) is { } value ? DecodeText(value) : null;

    private static string? DecodeText(ReadOnlyMemory<byte> value)
    {
        ReadOnlySpan<byte> text = value.Span.TrimEnd((byte)0);
        return text.IsEmpty || text.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e) ? null : Encoding.ASCII.GetString(text);
    }

    private static bool Fail(ref ParseError error, string field, string problem, int offset)
    {
        error = new ParseError(field, problem, offset);
        return false;
    }
}
