using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Dcap;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Collateral;

/// <summary>
/// Mints what Intel's provisioning service would answer for a quote, as one QuoteCollateralV3 document: PEM chains, CRLs
/// and signatures in hexadecimal, TCB info (version 3) and QE identity (version 2) as the exact strings that were signed.
/// </summary>
public sealed class SimulatedCollateral
{
    private static readonly TimeSpan Period = TimeSpan.FromDays(30);
    private static readonly TimeSpan Served = TimeSpan.FromDays(1);
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A list without entries is rare in the field; a parser that only ever met empty ones is not tested.
    private static readonly byte[][] AlwaysRevoked =
        [.. Enumerable.Range(1, 3).Select(i => ReferenceMeasurement.Sha256($"revoked-pck-{i}")[..20]).Select(serial => { serial[0] |= 0x40; serial[0] &= 0x7F; return serial; })];

    private readonly IntelAuthority intel;
    private readonly QuoteAuthor quotes;
    private readonly TimeProvider time;
    private readonly Renewable<byte[]> current;

    internal SimulatedCollateral(IntelAuthority intel, QuoteAuthor quotes, TimeProvider time)
    {
        this.intel = intel;
        this.quotes = quotes;
        this.time = time;
        current = new(time, Served, _ => Mint(new CollateralSpec()));
    }

    /// <summary>The default collateral; the same bytes for 18 hours, so that its age passes strict policies.</summary>
    public byte[] Current => current.Current;

    /// <summary>Mints one bundle.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>A QuoteCollateralV3 document, JSON in UTF-8.</returns>
    public byte[] Mint(CollateralSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset issued = spec.IssueDate ?? now.AddHours(-1);
        DateTimeOffset next = spec.NextUpdate ?? issued + Period;
        DateTimeOffset crlFrom = spec.CrlThisUpdate ?? now.AddHours(-1);
        string tcbInfo = TcbInfo(spec, issued, next);
        string qeIdentity = QeIdentity(spec, spec.QeIssueDate ?? issued, spec.QeNextUpdate ?? next);
        tcbInfo = spec.EditTcbInfo?.Invoke(tcbInfo) ?? tcbInfo;
        qeIdentity = spec.EditQeIdentity?.Invoke(qeIdentity) ?? qeIdentity;

        byte[] root = intel.Authority(null, spec.Root);
        byte[] tcbSigner = Signer(spec, spec.TcbSigning, now);
        byte[] qeSigner = spec.QeSigning is { } own ? Signer(spec, own, now) : tcbSigner;
        byte[] rootCrl = RevocationList.Sign(
            spec.RootCrl, intel.RootCertificate, intel.RootKey, (crlFrom, spec.CrlNextUpdate ?? crlFrom.AddYears(1)), spec.CrlNumber, spec.RevokedByRoot);
        byte[] pckCrl = RevocationList.Sign(
            spec.PckCrlSignature == SignatureFault.None ? spec.PckCrl : spec.PckCrl with { Signature = spec.PckCrlSignature },
            intel.CaCertificate(spec.Ca), intel.CaKey(spec.Ca), (crlFrom, spec.CrlNextUpdate ?? crlFrom + Period), spec.CrlNumber,
            AlwaysRevoked.Concat(spec.RevokedPcks));

        byte[] bundle = Json(writer =>
        {
            WriteChain(writer, spec, "pck_crl_issuer_chain", intel.Authority(spec.Ca, spec.PckAuthority), root);
            writer.WriteString("root_ca_crl", Convert.ToHexStringLower(rootCrl));
            writer.WriteString("pck_crl", Convert.ToHexStringLower(pckCrl));
            WriteChain(writer, spec, "tcb_info_issuer_chain", tcbSigner, root);
            writer.WriteString("tcb_info", tcbInfo);
            writer.WriteString("tcb_info_signature", Sign(tcbInfo, spec.TcbInfoSignature));
            WriteChain(writer, spec, "qe_identity_issuer_chain", qeSigner, root);
            writer.WriteString("qe_identity", qeIdentity);
            writer.WriteString("qe_identity_signature", Sign(qeIdentity, spec.QeIdentitySignature));
            if (spec.PckCertificate is { } pck)
            {
                writer.WriteString("pck_certificate_chain", quotes.ChainPem(pck));
            }
        });
        return spec.EditBundle is { } edit ? Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(bundle))) : bundle;
    }

    private byte[] Signer(CollateralSpec spec, CertificateSpec change, DateTimeOffset now)
    {
        DateTimeOffset from = spec.TcbSigningNotBefore ?? now.AddDays(-30);
        using X509Certificate2 signing = intel.IssueTcbSigning(change, from, spec.TcbSigningNotAfter ?? from.AddYears(7));
        return signing.RawData;
    }

    private static void WriteChain(Utf8JsonWriter writer, CollateralSpec spec, string name, params byte[][] chain)
    {
        var pem = new StringBuilder();
        foreach (byte[] certificate in spec.ArrangeChain?.Invoke(name, chain) ?? chain)
        {
            pem.Append(PemEncoding.WriteString("CERTIFICATE", certificate)).Append('\n');
        }

        writer.WriteString(name, pem.ToString());
    }

    private static string TcbInfo(CollateralSpec spec, DateTimeOffset issued, DateTimeOffset next) => Encoding.UTF8.GetString(Json(writer =>
    {
        // Version 2 knows nothing but SGX, and does not say so.
        if (spec.TcbInfoVersion >= 3)
        {
            writer.WriteString("id", spec.TcbInfoId);
        }

        writer.WriteNumber("version", spec.TcbInfoVersion);
        writer.WriteString("issueDate", Date(issued));
        writer.WriteString("nextUpdate", Date(next));
        writer.WriteString("fmspc", Convert.ToHexString(spec.Fmspc));
        writer.WriteString("pceId", Convert.ToHexString(spec.PceId));
        writer.WriteNumber("tcbType", spec.TcbType);
        writer.WriteNumber("tcbEvaluationDataNumber", spec.TcbEvaluationDataNumber);
        if (spec.TcbInfoId == "TDX")
        {
            WriteModules(writer, spec);
        }

        writer.WriteStartArray("tcbLevels");
        foreach (TcbLevelSpec level in spec.TcbLevels)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("tcb");
            WriteComponents(writer, spec, level);
            writer.WriteEndObject();
            WriteStatus(writer, level.Date, level.Status, level.Advisories);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }));

    private static string QeIdentity(CollateralSpec spec, DateTimeOffset issued, DateTimeOffset next) => Encoding.UTF8.GetString(Json(writer =>
    {
        writer.WriteString("id", spec.QeIdentityId);
        writer.WriteNumber("version", spec.QeIdentityVersion);
        writer.WriteString("issueDate", Date(issued));
        writer.WriteString("nextUpdate", Date(next));
        writer.WriteNumber("tcbEvaluationDataNumber", spec.QeEvaluationDataNumber ?? spec.TcbEvaluationDataNumber);
        writer.WriteString("miscselect", Convert.ToHexString(spec.QeMiscSelect));
        writer.WriteString("miscselectMask", Convert.ToHexString(spec.QeMiscSelectMask));
        writer.WriteString("attributes", Convert.ToHexString(spec.QeAttributes));
        writer.WriteString("attributesMask", Convert.ToHexString(spec.QeAttributesMask));
        writer.WriteString("mrsigner", Convert.ToHexString(spec.QeMrSigner));
        writer.WriteNumber("isvprodid", spec.QeIsvProdId);
        WriteIsvLevels(writer, spec.QeLevels);
    }));

    private static readonly (string Category, string? Type)?[] SgxComponentNames =
    [
        ("BIOS", "Early Microcode Update"), ("OS/VMM", "SGX Late Microcode Update"), ("OS/VMM", "TXT SINIT"),
        ("BIOS", null), ("BIOS", null), ("BIOS", null), null, ("OS/VMM", "SEAMLDR ACM"),
    ];

    private static readonly (string Category, string? Type)?[] TdxComponentNames =
        [("OS/VMM", "TDX Module"), ("OS/VMM", "TDX Module"), ("OS/VMM", "TDX Late Microcode Update")];

    private static void WriteModules(Utf8JsonWriter writer, CollateralSpec spec)
    {
        writer.WriteStartObject("tdxModule");
        WriteModule(writer, spec.Module);
        writer.WriteEndObject();
        writer.WriteStartArray("tdxModuleIdentities");
        foreach (TdxModuleSpec module in spec.ModuleIdentities)
        {
            writer.WriteStartObject();
            writer.WriteString("id", module.Id);
            WriteModule(writer, module);
            WriteIsvLevels(writer, module.Levels);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter writer, CollateralSpec spec, TcbLevelSpec level)
    {
        if (spec.TcbInfoVersion < 3)
        {
            for (int i = 0; i < level.SgxComponents.Length; i++)
            {
                writer.WriteNumber($"sgxtcbcomp{i + 1:D2}svn", level.SgxComponents[i]);
            }

            writer.WriteNumber("pcesvn", level.PceSvn);
            return;
        }

        WriteComponents(writer, "sgxtcbcomponents", level.SgxComponents, SgxComponentNames);
        writer.WriteNumber("pcesvn", level.PceSvn);
        if (spec.TcbInfoId == "TDX")
        {
            WriteComponents(writer, "tdxtcbcomponents", level.TdxComponents, TdxComponentNames);
        }
    }

    private static void WriteModule(Utf8JsonWriter writer, TdxModuleSpec module)
    {
        writer.WriteString("mrsigner", Convert.ToHexString(module.MrSigner));
        writer.WriteString("attributes", Convert.ToHexString(module.Attributes));
        writer.WriteString("attributesMask", Convert.ToHexString(module.AttributesMask));
    }

    private static void WriteIsvLevels(Utf8JsonWriter writer, IReadOnlyList<IsvLevelSpec> levels)
    {
        writer.WriteStartArray("tcbLevels");
        foreach (IsvLevelSpec level in levels)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("tcb");
            writer.WriteNumber("isvsvn", level.IsvSvn);
            writer.WriteEndObject();
            WriteStatus(writer, level.Date, level.Status, level.Advisories);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter writer, string name, byte[] svns, (string Category, string? Type)?[] names)
    {
        writer.WriteStartArray(name);
        for (int i = 0; i < svns.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("svn", svns[i]);
            if (i < names.Length && names[i] is { } component)
            {
                writer.WriteString("category", component.Category);
                if (component.Type is not null)
                {
                    writer.WriteString("type", component.Type);
                }
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteStatus(Utf8JsonWriter writer, DateTimeOffset date, string status, IReadOnlyList<string> advisories)
    {
        writer.WriteString("tcbDate", Date(date));
        writer.WriteString("tcbStatus", status);
        if (advisories.Count > 0)
        {
            writer.WriteStartArray("advisoryIDs");
            foreach (string advisory in advisories)
            {
                writer.WriteStringValue(advisory);
            }

            writer.WriteEndArray();
        }
    }

    private string Sign(string document, SignatureFault fault)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(document);
        byte[] signature;
        if (fault == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            signature = foreign.SignData(bytes, HashAlgorithmName.SHA256);
        }
        else
        {
            signature = intel.TcbSigningKey.SignData(bytes, HashAlgorithmName.SHA256);
            signature[0] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        }

        return Convert.ToHexStringLower(signature);
    }

    private static byte[] Json(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Compact))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
