using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Attestation.Snp;

namespace Verathos.Attestation.Azure;

/// <summary>
/// The report of Azure's hardware compatibility layer, as a guest's virtual TPM holds it: <c>HCLA</c>, the hardware's report at
/// 0x20 in an area of 1,184 bytes, then runtime data in JSON. Little-endian. Parsing checks lengths and constants and nothing else.
/// </summary>
public sealed class HclReport
{
    private const int HardwareStart = 0x20;
    private const int HeaderStart = HardwareStart + SnpReport.Length;
    private const int HeaderLength = 20;
    private const int MaximumLength = 64 * 1024;

    private HclReport(bool isTdx, ReadOnlyMemory<byte> hardware, ReadOnlyMemory<byte> runtimeData)
    {
        IsTdx = isTdx;
        HardwareReport = hardware;
        RuntimeData = runtimeData;
    }

    /// <summary>True where the hardware's report is a TDREPORT, which only a quote proves; false where it is an SEV-SNP report.</summary>
    public bool IsTdx { get; }

    /// <summary>The area of the hardware's report, 1,184 bytes.</summary>
    public ReadOnlyMemory<byte> HardwareReport { get; }

    /// <summary>The runtime data, JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> RuntimeData { get; }

    /// <summary>The report data of the hardware's report, 64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => HardwareReport.Slice(IsTdx ? 128 : 0x50, 64);

    /// <summary>What the report data must be: SHA-256 of the runtime data and 32 zero bytes.</summary>
    public byte[] ExpectedReportData()
    {
        byte[] expected = new byte[64];
        SHA256.HashData(RuntimeData.Span, expected);
        return expected;
    }

    /// <summary>Parses a report. Zero bytes may follow the runtime data; anything else there is an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out HclReport? report, out ParseError error)
    {
        report = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        ParseSteps.Add(span.Length);
        if (span.Length is < (HeaderStart + HeaderLength) or > MaximumLength)
        {
            error = new ParseError("HCL report", $"{span.Length} bytes are too few or too many", 0);
            return false;
        }

        if (!span.StartsWith("HCLA"u8))
        {
            error = new ParseError("Signature", "not HCLA", 0);
            return false;
        }

        uint size = Word(span, 0);
        uint version = Word(span, 4);
        uint type = Word(span, 8);
        uint hash = Word(span, 12);
        uint length = Word(span, 16);
        if (version != 1 || length > span.Length - HeaderStart - HeaderLength || size != length + HeaderLength)
        {
            error = new ParseError("runtime data", $"version {version}, size {size} and length {length} do not fit the report", HeaderStart);
            return false;
        }

        if (type is not (2 or 4))
        {
            error = new ParseError("report type", $"{type}; 2 is SEV-SNP and 4 is TDX", HeaderStart + 8) { IsUnsupported = true };
            return false;
        }

        if (hash != 1)
        {
            error = new ParseError("hash type", $"{hash}; this build verifies 1 (SHA-256)", HeaderStart + 12) { IsUnsupported = hash is 2 or 3 };
            return false;
        }

        int start = HeaderStart + HeaderLength;
        if (span[(start + (int)length)..].ContainsAnyExcept((byte)0))
        {
            error = new ParseError("HCL report", "bytes other than zero follow the runtime data", start + (int)length);
            return false;
        }

        report = new HclReport(type == 4, bytes.Slice(HardwareStart, SnpReport.Length), bytes.Slice(start, (int)length));
        return true;
    }

    private static uint Word(ReadOnlySpan<byte> span, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(span[(HeaderStart + offset)..]);
}
