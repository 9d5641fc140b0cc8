using System.Text;
using Verathos.Attestation;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.X509;

namespace Verathos.Bench.Mutation;

/// <summary>Every parser that takes bytes from outside.</summary>
public static class ParserTargets
{
    /// <summary>The targets.</summary>
    public static IReadOnlyList<ParserTarget> All { get; } =
    [
        new("quote", static bytes => DcapQuote.TryParse(bytes, out _, out _), static length => Zeros(length, [4, 0, 2, 0, 0x81, 0, 0, 0])),
        new("collateral", static bytes => QuoteCollateral.TryParse(bytes, out _, out _), static length => Repeat("{\"tcb_info\":[", "1,", "1]}", length)),
        new("tcb-info", static bytes => TcbInfo.TryParse(bytes, out _, out _), TcbLevels),
        new("qe-identity", static bytes => QeIdentity.TryParse(bytes, out _, out _), EnclaveLevels),
        new("certificate", Certificates, DerNulls),
        new("revocation-list", static bytes => RevocationList.TryParse(bytes, out _, out _), RevokedSerials),
        new("pem", static bytes => PemReader.TryRead(bytes.Span, out _, out _), static length => Repeat("", "-----BEGIN CERTIFICATE-----\n", "", length)),
        new("ocsp", static bytes => OcspResponse.TryParse(bytes, out _, out _), DerNulls),
        new("gpu-report", static bytes => GpuReport.TryParse(bytes, out _, out _), EmptyOpaqueFields),
        new("gpu-list", static bytes => GpuEvidenceList.TryParse(bytes, out _, out _), JsonNumbers),
        new("gpu-collateral", static bytes => GpuCollateral.TryRead(bytes, out _, out _), static length => Repeat("{\"rims\":[", "\"\",", "\"\"]}", length)),
        new("rim", static bytes => Rim.TryParse(bytes, out _, out _), static length => Repeat("<a>", "<abcdefghijklm/>", "</a>", length)),
        new("snp-report", static bytes => SnpReport.TryParse(bytes, out SnpReport? report, out _) && report!.IsReservedAsPrescribed, static length => Zeros(length, [3])),
        new("snp-collateral", static bytes => SnpCollateral.TryParse(bytes, out _, out _), static length => Repeat("{\"vcek_der_b64\":[", "1,", "1]}", length)),
        new("azure-hcl", static bytes => HclReport.TryParse(bytes, out HclReport? report, out _) && HclKey.TryRead(report!.RuntimeData, out _, out _), static length => Zeros(length, "HCLA"u8)),
        new("azure-bundle", static bytes => AzureBundle.TryParse(bytes, out _, out _), static length => Repeat("{\"hcl_report\":[", "1,", "1]}", length)),
        new("tpm-quote", static bytes => TpmQuote.TryParse(bytes, out _, out _), static length => Zeros(length, [0xFF, 0x54, 0x43, 0x47])),
        new("token", static bytes => JsonWebToken.TryParse(bytes.Span, out _, out _), static length => Repeat("e30.", "e30", ".AA", length)),
        new("nvidia-tokens", static bytes => NvidiaTokenSet.TryParse(bytes, out _, out _), JsonNumbers),
        new("key-set", static bytes => JsonWebKeySet.TryRead(bytes, out _, out _), JsonNumbers),
        new("event-log", static bytes => EventLog.TryParse(bytes, out _, out _), LoggedEvents),
        new("policy", static bytes => Policy.TryParse(bytes, out _, out _), static length => Repeat("{\"name\":[", "1,", "1]}", length)),
        .. CommitmentTargets.All,
    ];

    /// <summary>The target of a name; null where there is none.</summary>
    public static ParserTarget? Find(string name) => All.FirstOrDefault(target => target.Name == name);

    // With the extensions that only some certificates have.
    private static bool Certificates(ReadOnlyMemory<byte> bytes)
    {
        if (!Certificate.TryParse(bytes, out Certificate? certificate, out _))
        {
            return false;
        }

        return PckExtensions.TryParse(certificate!, out _, out _) | VcekExtensions.TryParse(certificate!, out _, out _) | FirmwareIdentifier.Read(certificate!).Count >= 0;
    }

    private static byte[] Zeros(int length, ReadOnlySpan<byte> start)
    {
        byte[] bytes = new byte[Math.Max(length, start.Length)];
        start.CopyTo(bytes);
        return bytes;
    }

    private static byte[] TcbLevels(int length)
    {
        string components = string.Join(',', Enumerable.Repeat("{\"svn\":0}", 16));
        string level = $$$"""{"tcb":{"sgxtcbcomponents":[{{{components}}}],"pcesvn":0},"tcbDate":"2026-01-01T00:00:00Z","tcbStatus":"UpToDate"}""";
        return Repeat(
            """{"id":"SGX","version":3,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-02-01T00:00:00Z","fmspc":"000000000000","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":1,"tcbLevels":[""",
            level + ",", level + "]}", length);
    }

    private static byte[] EnclaveLevels(int length)
    {
        const string Level = """{"tcb":{"isvsvn":0},"tcbDate":"2026-01-01T00:00:00Z","tcbStatus":"UpToDate"}""";
        return Repeat(
            """{"id":"QE","version":2,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-02-01T00:00:00Z","tcbEvaluationDataNumber":1,"miscselect":"00000000","miscselectMask":"00000000","attributes":"00000000000000000000000000000000","attributesMask":"00000000000000000000000000000000","mrsigner":"0000000000000000000000000000000000000000000000000000000000000000","isvprodid":1,"tcbLevels":[""",
            Level + ",", Level + "]}", length);
    }

    private static byte[] JsonNumbers(int length) => Repeat("[", "1,", "1]", length);

    private static byte[] Repeat(string start, string part, string end, int length)
    {
        StringBuilder text = new(start, length + part.Length + end.Length);
        while (text.Length + part.Length + end.Length <= length)
        {
            text.Append(part);
        }

        return Encoding.ASCII.GetBytes(text.Append(end).ToString());
    }

    // SEQUENCE of NULLs: as many values as bytes allow.
    private static byte[] DerNulls(int length)
    {
        byte[] nulls = new byte[length & ~1];
        for (int i = 0; i < nulls.Length; i += 2)
        {
            nulls[i] = 5;
        }

        return Sequence(nulls);
    }

    // The shortest entries that revocation lists have, each with a serial number of its own and an empty list of extensions.
    private static byte[] RevokedSerials(int length)
    {
        const string Algorithm = "300a06082a8648ce3d040302";
        const string Time = "170d3235303130313030303030305a";
        List<byte> entries = [];
        for (int serial = 0; entries.Count < length; serial++)
        {
            entries.AddRange([0x30, 22, 2, 3, (byte)(1 + ((serial >> 16) & 0x3F)), (byte)(serial >> 8), (byte)serial, .. Convert.FromHexString(Time), 0x30, 0]);
        }

        byte[] list = [.. Convert.FromHexString("020101" + Algorithm + "3000" + Time + Time), .. Sequence([.. entries])];
        return Sequence([.. Sequence(list), .. Convert.FromHexString(Algorithm + "03020000")]);
    }

    private static byte[] Sequence(byte[] content)
    {
        int n = content.Length;
        return n < 0x80 ? [0x30, (byte)n, .. content]
            : n < 0x100 ? [0x30, 0x81, (byte)n, .. content]
            : n < 0x10000 ? [0x30, 0x82, (byte)(n >> 8), (byte)n, .. content]
            : [0x30, 0x83, (byte)(n >> 16), (byte)(n >> 8), (byte)n, .. content];
    }

    private static byte[] EmptyOpaqueFields(int length)
    {
        const int Head = 37 + 8 + 34;
        int fields = Math.Clamp((length - Head - 96) / 4, 1, 16000);
        byte[] bytes = new byte[Head + (4 * fields) + 96];
        (bytes[0], bytes[1], bytes[37], bytes[38]) = (0x11, 0xE0, 0x11, 0x60);
        (bytes[Head - 2], bytes[Head - 1]) = ((byte)(4 * fields), (byte)((4 * fields) >> 8));
        for (int i = 0; i < fields; i++)
        {
            (bytes[Head + (4 * i)], bytes[Head + (4 * i) + 1]) = ((byte)i, (byte)(i >> 8));
        }

        return bytes;
    }

    private static byte[] LoggedEvents(int length)
    {
        byte[] bytes = new byte[Math.Max(length, 200)];
        bytes[4] = 3;
        bytes[28] = 16;
        "Spec ID Event03\0"u8.CopyTo(bytes.AsSpan(32));
        for (int at = 48; at + 66 <= bytes.Length; at += 66)
        {
            (bytes[at], bytes[at + 4], bytes[at + 8], bytes[at + 12]) = (1, 4, 1, 0x0C);
        }

        return bytes;
    }
}
