using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Azure;

/// <summary>
/// What an Azure guest shows: the HCL report, alone as bytes, or in a JSON object with the TPM quote and the hardware's evidence, in
/// the forms that guests' agents write (<c>hcl_report</c> or <c>report</c>, <c>tpm_quote</c> or <c>quote</c>, <c>vcek</c>,
/// <c>td_quote</c>), possibly below <c>evidence</c>.
/// </summary>
public sealed record AzureBundle
{
    private const int MaximumLength = 4 << 20;

    /// <summary>The HCL report.</summary>
    public required ReadOnlyMemory<byte> HclReport { get; init; }

    /// <summary>TPMS_ATTEST; null where there is no TPM quote.</summary>
    public ReadOnlyMemory<byte>? TpmMessage { get; init; }

    /// <summary>The attestation key's RSA signature.</summary>
    public ReadOnlyMemory<byte> TpmSignature { get; init; }

    /// <summary>The registers from 0 on, 32 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Registers { get; init; } = [];

    /// <summary>The chip's certificate, DER; null where absent.</summary>
    public ReadOnlyMemory<byte>? Vcek { get; init; }

    /// <summary>The TDX quote; null where absent.</summary>
    public ReadOnlyMemory<byte>? TdQuote { get; init; }

    /// <summary>Parses either form. What is there must parse: nothing that does not is read as absent.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out AzureBundle? bundle, out ParseError error)
    {
        bundle = null;
        error = default;
        if (bytes.Length > MaximumLength)
        {
            error = new ParseError("bundle", $"{bytes.Length} bytes are more than {MaximumLength}");
            return false;
        }

        if (bytes.Span.StartsWith("HCLA"u8))
        {
            bundle = new AzureBundle { HclReport = bytes };
            return true;
        }

        // Read as JSON, then each text as hexadecimal digits or base64.
        ParseSteps.Add(3 * bytes.Length);
        try
        {
            JsonElement root = JsonElement.Parse(bytes.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            root = Member(root, "evidence") ?? root;
            JsonElement? quote = Member(root, "tpm_quote") ?? Member(root, "quote");
            bundle = new AzureBundle
            {
                HclReport = Bytes(Member(root, "hcl_report") ?? Member(root, "report") ?? throw new FormatException("hcl_report is missing")),
                TpmMessage = quote is { } value ? Bytes(Required(value, "message")) : (ReadOnlyMemory<byte>?)null,
                TpmSignature = quote is { } signed ? Bytes(Required(signed, "signature")) : default,
                Registers = quote is { } registers && Member(registers, "pcrs") is { } list ? [.. list.EnumerateArray().Select(Bytes)] : [],
                Vcek = Member(root, "vcek") is { } vcek ? ReadCertificate(vcek) : (ReadOnlyMemory<byte>?)null,
                TdQuote = Member(root, "td_quote") is { } td ? Bytes(td) : (ReadOnlyMemory<byte>?)null,
            };
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            error = new ParseError("bundle", e.Message);
            return false;
        }
    }

    private static JsonElement? Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private static JsonElement Required(JsonElement parent, string name) => Member(parent, name) ?? throw new FormatException($"{name} is missing");

    // Numbers, hexadecimal digits, or base64 of either alphabet, with or without padding.
    private static ReadOnlyMemory<byte> Bytes(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return element.EnumerateArray().Select(item => item.GetByte()).ToArray();
        }

        string text = element.GetString() ?? throw new FormatException("text is required");
        byte[] hex = new byte[text.Length / 2];
        if ((text.Length & 1) == 0 && Convert.FromHexString(text, hex, out _, out _) == System.Buffers.OperationStatus.Done)
        {
            return hex;
        }

        return Base64Url.DecodeFromChars(text.Replace('+', '-').Replace('/', '_').TrimEnd('='));
    }

    private static ReadOnlyMemory<byte> ReadCertificate(JsonElement element)
    {
        string? text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        if (text is null || !text.Contains("BEGIN", StringComparison.Ordinal))
        {
            return Bytes(element);
        }

        return PemReader.TryRead(Encoding.UTF8.GetBytes(text), out IReadOnlyList<Certificate> certificates, out ParseError error)
            ? certificates[0].Der
            : throw new FormatException($"vcek: {error}");
    }
}
