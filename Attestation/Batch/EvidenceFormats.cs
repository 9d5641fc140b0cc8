using System.Buffers.Binary;
using System.Buffers.Text;

namespace Verathos.Attestation.Batch;

/// <summary>Tells formats of evidence apart, by name and by their first bytes. Whether the bytes are what they claim is for the verifier.</summary>
public static class EvidenceFormats
{
    private const int SnpReportLength = 1184;

    private static readonly Dictionary<string, EvidenceFormat> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["quote"] = EvidenceFormat.Quote,
        ["dcap"] = EvidenceFormat.Quote,
        ["sgx"] = EvidenceFormat.Quote,
        ["tdx"] = EvidenceFormat.Quote,
        ["sgx-quote"] = EvidenceFormat.Quote,
        ["tdx-quote"] = EvidenceFormat.Quote,
        ["sgx-v3"] = EvidenceFormat.Quote,
        ["sgx-v4"] = EvidenceFormat.Quote,
        ["tdx-v4"] = EvidenceFormat.Quote,
        ["tdx-v5"] = EvidenceFormat.Quote,
        ["snp"] = EvidenceFormat.SnpReport,
        ["sev-snp"] = EvidenceFormat.SnpReport,
        ["snp-report"] = EvidenceFormat.SnpReport,
        ["gpu"] = EvidenceFormat.GpuReport,
        ["gpu-report"] = EvidenceFormat.GpuReport,
        ["nvidia-spdm"] = EvidenceFormat.GpuReport,
        ["nvidia-gpu"] = EvidenceFormat.GpuReport,
        ["nvidia-switch"] = EvidenceFormat.GpuReport,
        ["nvidia-eat"] = EvidenceFormat.NvidiaToken,
        ["nvidia-token"] = EvidenceFormat.NvidiaToken,
        ["nras"] = EvidenceFormat.NvidiaToken,
        ["azure-hcl"] = EvidenceFormat.AzureHcl,
        ["hcl"] = EvidenceFormat.AzureHcl,
        ["azure-maa"] = EvidenceFormat.AzureToken,
        ["azure-token"] = EvidenceFormat.AzureToken,
        ["maa"] = EvidenceFormat.AzureToken,
    };

    /// <summary>The names by which a format can be given.</summary>
    public static IReadOnlyCollection<string> All => Names.Keys;

    /// <summary>The format of that name.</summary>
    public static bool TryFind(string name, out EvidenceFormat format) => Names.TryGetValue(name, out format);

    /// <summary>What the bytes claim to be.</summary>
    public static EvidenceFormat Recognise(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8)
        {
            return EvidenceFormat.Unknown;
        }

        if (bytes.StartsWith("HCLA"u8))
        {
            return EvidenceFormat.AzureHcl;
        }

        // SPDM 1.1 GET_MEASUREMENTS: version 0x11, code 0xE0.
        if (bytes[0] == 0x11 && bytes[1] == 0xE0)
        {
            return EvidenceFormat.GpuReport;
        }

        // A quote: u16 version, then u16 attestation key type, which is never 0 in a quote that this build verifies.
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        ushort second = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if (version is >= 3 and <= 5 && second != 0)
        {
            return EvidenceFormat.Quote;
        }

        if (second == 0 && version is > 0 and < 0x20 && bytes.Length == SnpReportLength)
        {
            return EvidenceFormat.SnpReport;
        }

        return RecogniseText(bytes);
    }

    private static EvidenceFormat RecogniseText(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> text = bytes.Trim(" \t\r\n\0"u8);
        if (text.IsEmpty)
        {
            return EvidenceFormat.Unknown;
        }

        if (text[0] == (byte)'[')
        {
            return text.IndexOf("\"certificate\""u8) >= 0 ? EvidenceFormat.GpuReport : EvidenceFormat.NvidiaToken;
        }

        if (text[0] == (byte)'{')
        {
            return text.IndexOf("\"evidences\""u8) >= 0 ? EvidenceFormat.GpuReport : text.IndexOf("hcl_report"u8) >= 0 || text.IndexOf("\"report\""u8) >= 0 ? EvidenceFormat.AzureHcl : EvidenceFormat.Unknown;
        }

        return text.StartsWith("eyJ"u8) ? RecogniseToken(text) : EvidenceFormat.Unknown;
    }

    // Only which verifier is asked hangs on this; that verifier reads the claims for itself.
    private static EvidenceFormat RecogniseToken(ReadOnlySpan<byte> token)
    {
        int first = token.IndexOf((byte)'.');
        int second = first < 0 ? -1 : token[(first + 1)..].IndexOf((byte)'.');
        if (second <= 0 || !Base64Url.IsValid(token.Slice(first + 1, second)))
        {
            return EvidenceFormat.Unknown;
        }

        byte[] payload = Base64Url.DecodeFromUtf8(token.Slice(first + 1, second));
        return payload.AsSpan().IndexOf("x-nvidia-"u8) >= 0 || payload.AsSpan().IndexOf("nvidia.com"u8) >= 0
            ? EvidenceFormat.NvidiaToken
            : EvidenceFormat.AzureToken;
    }
}
