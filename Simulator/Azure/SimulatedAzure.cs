using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Azure;

/// <summary>
/// A software layer below an Azure guest, with a virtual TPM whose attestation key (RSA-2048) is random: HCL reports over the hardware
/// of a simulated AMD or Intel, and TPM quotes.
/// </summary>
public sealed class SimulatedAzure : IDisposable
{
    private const int HardwareArea = 1184;
    private const int RegisterCount = 24;

    private readonly RSA attestationKey = RSA.Create(2048);

    /// <summary>The value of a register of the reference guest, 32 bytes.</summary>
    public static byte[] Register(int index) => ReferenceMeasurement.Sha256($"azure.pcr{index}");

    /// <summary>A guest over SEV-SNP, in the form that guests' agents write.</summary>
    /// <param name="spec">Its fields.</param>
    /// <param name="amd">The hardware below.</param>
    public JsonObject Mint(AzureGuestSpec spec, SimulatedAmd amd)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(amd);
        byte[] runtime = RuntimeData(spec);
        byte[] report = amd.Mint(spec.Snp with { ReportData = ReportData(spec, runtime) });
        return Bundle(spec, Report(spec, report, runtime, 2), null);
    }

    /// <summary>A guest over TDX, whose quote stands beside the HCL report.</summary>
    /// <param name="spec">Its fields.</param>
    /// <param name="tdx">The hardware below.</param>
    public JsonObject Mint(AzureGuestSpec spec, SimulatedTdx tdx)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(tdx);
        byte[] runtime = RuntimeData(spec);
        byte[] reportData = ReportData(spec, runtime);

        // A TDREPORT: REPORTMACSTRUCT with the report data at 128 (Intel TDX module ABI, section 3.6.2). Its MAC proves nothing elsewhere.
        byte[] area = new byte[HardwareArea];
        area[0] = 0x81;
        reportData.CopyTo(area, 128);
        return Bundle(spec, Report(spec, area, runtime, 4), tdx.Mint(spec.Tdx with { ReportData = reportData }));
    }

    /// <summary>Releases the private key.</summary>
    public void Dispose() => attestationKey.Dispose();

    private static byte[] ReportData(AzureGuestSpec spec, byte[] runtime) => spec.ReportData ?? [.. SHA256.HashData(runtime), .. new byte[32]];

    private byte[] RuntimeData(AzureGuestSpec spec)
    {
        RSAParameters key = attestationKey.ExportParameters(includePrivateParameters: false);
        JsonObject json = new()
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kid"] = "HCLAkPub",
                ["key_ops"] = new JsonArray("sign"),
                ["kty"] = "RSA",
                ["e"] = Base64Url.EncodeToString(key.Exponent),
                ["n"] = Base64Url.EncodeToString(key.Modulus),
            }),
            ["vm-configuration"] = new JsonObject
            {
                ["console-enabled"] = false,
                ["secure-boot"] = true,
                ["tpm-enabled"] = true,
                ["vmUniqueId"] = "00000000-0000-4000-8000-000000000000",
            },
            ["user-data"] = new string('0', 128),
        };
        spec.EditRuntimeData?.Invoke(json);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private static byte[] Report(AzureGuestSpec spec, byte[] hardware, byte[] runtime, uint type)
    {
        byte[] report = new byte[0x20 + HardwareArea + 20 + runtime.Length + spec.Tail.Length];
        Encoding.ASCII.GetBytes(spec.Magic).CopyTo(report, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(4), 2);
        hardware.CopyTo(report, 0x20);
        Span<byte> header = report.AsSpan(0x20 + HardwareArea);
        uint length = spec.DeclaredLength ?? (uint)runtime.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(header, length + 20);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], spec.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], spec.ReportType ?? type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], spec.HashType);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], length);
        runtime.CopyTo(header[20..]);
        spec.Tail.CopyTo(header[(20 + runtime.Length)..]);
        return report;
    }

    private JsonObject Bundle(AzureGuestSpec spec, byte[] report, byte[]? quote)
    {
        JsonObject json = new() { ["hcl_report"] = Base64Url.EncodeToString(report) };
        if (quote is not null)
        {
            json["td_quote"] = Base64Url.EncodeToString(quote);
        }

        if (spec.WithTpmQuote)
        {
            byte[][] registers = [.. Enumerable.Range(0, RegisterCount).Select(i => i < spec.Registers.Count ? spec.Registers[i] : Register(i))];
            byte[] message = TpmQuote(spec, registers);
            json["tpm_quote"] = new JsonObject
            {
                ["message"] = Convert.ToHexStringLower(message),
                ["signature"] = Convert.ToHexStringLower(SignTpm(message, spec.TpmSignature)),
                ["pcrs"] = new JsonArray([.. registers.Select(register => (JsonNode)Convert.ToHexStringLower(register))]),
            };
        }

        return json;
    }

    // TPMS_ATTEST with TPMS_QUOTE_INFO, big-endian (TPM 2.0 library part 2, sections 10.12.1 and 10.12.8).
    private static byte[] TpmQuote(AzureGuestSpec spec, byte[][] registers)
    {
        byte[] select = new byte[3];
        List<byte> selected = [];
        foreach (int index in spec.Selection.Order())
        {
            select[index / 8] |= (byte)(1 << (index % 8));
            selected.AddRange(registers[index]);
        }

        byte[] message =
        [
            0xFF, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 4, 1, 2, 3, 4, 0, (byte)spec.Nonce.Length, .. spec.Nonce, .. new byte[16], 1, .. new byte[8],
            0, 0, 0, 1, 0, 0x0B, 3, .. select, 0, 32, .. SHA256.HashData(selected.ToArray()),
        ];
        spec.EditTpmQuote?.Invoke(message);
        return message;
    }

    private byte[] SignTpm(byte[] message, SignatureFault fault)
    {
        using RSA? foreign = fault == SignatureFault.ForeignKey ? RSA.Create(2048) : null;
        byte[] signature = (foreign ?? attestationKey).SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        signature[^1] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        return signature;
    }
}
