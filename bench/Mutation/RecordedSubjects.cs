using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Bench.Mutation;

/// <summary>Whole evidence recorded from hardware, with what is covered of each. Nothing where the folder is not there.</summary>
/// <param name="folder">The folder with INDEX.tsv and VERDICTS.tsv.</param>
internal sealed class RecordedSubjects(string folder)
{
    private const string Report = "snp/project-oak-oak/milan_rk_release_evidence-v3-fadc294c.bin";
    private const string Vcek = "snp/project-oak-oak/vcek-milan-b0-4ad19d15.der";
    private const string MilanList = "snp/openpcc-openpcc/crl-ARK-Milan-2025-05-06-2452ae.der";
    private const string AzureBundleFile = "azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v2.json";
    private const string Gpu = "nvidia-spdm/ccc-certifier-framework-certifier-framework-for-confidential-computing/attestationReport-bb0c8426.bin";
    private const string DriverRim = "nvidia-rim/nvidia-nvtrust/Driver_RIM_test_no_gpu.swidtag";
    private const string VbiosRim = "nvidia-rim/nvidia-nvtrust/1010_0200_882_96005E0001_test_no_gpu.swidtag";
    private static readonly DateTimeOffset In2025 = new(2025, 8, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All of them.</summary>
    public IEnumerable<MutationSubject> All() => File.Exists(Path.Combine(folder, "VERDICTS.tsv")) ? [.. Quotes(), .. Snp(), .. Azure(), .. Gpus()] : [];

    private IEnumerable<MutationSubject> Quotes()
    {
        foreach (string family in (string[])["sgx-v3", "tdx-v4", "tdx-v5"])
        {
            foreach (string[] row in Rows("VERDICTS.tsv").Where(row => row[0].StartsWith(family, StringComparison.Ordinal) && row[3] != "NoMatch"))
            {
                byte[] quote = Coverage.TrimQuote(Read(row[0]));
                byte[] collateral = Read(row[1]);
                DateTimeOffset at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(row[2], CultureInfo.InvariantCulture));
                bool Accepts(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> beside) =>
                    Appraiser.AppraiseQuote(evidence, beside, null, TrustAnchors.Production, at, TimeSource.Asserted).IsAccepted;
                if (!Accepts(quote, collateral))
                {
                    continue;
                }

                yield return new MutationSubject($"{family} quote, recorded", quote, bytes => Accepts(bytes, collateral), Coverage.Quote(quote));
                if (family == "sgx-v3")
                {
                    foreach (string member in (string[])["tcb_info", "qe_identity"])
                    {
                        byte[] document = Wrapped.Read(collateral, member, Spelling.Text);
                        Func<ReadOnlyMemory<byte>, byte[]> wrap = Wrapped.Writer(collateral, member, Spelling.Text);
                        yield return new MutationSubject($"{family} {member}, recorded", document, bytes => Accepts(quote, wrap(bytes)), Coverage.All(document));
                    }
                }

                break;
            }
        }
    }

    private IEnumerable<MutationSubject> Snp()
    {
        byte[] report = Read(Report);
        IReadOnlyList<Certificate> chain = AmdAuthorities.Of(SnpProduct.Milan, SnpSigningKey.Vcek);
        byte[] collateral = Json(
            ("vcek_der_b64", Read(Vcek)), ("ask_der_b64", chain[0].Der.ToArray()), ("ark_der_b64", chain[1].Der.ToArray()), ("crl_der_b64", Read(MilanList)));
        bool Accepts(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> beside) =>
            Appraiser.AppraiseSnp(evidence, beside, null, null, TrustAnchors.Production, In2025, TimeSource.Asserted).IsAccepted;
        yield return new MutationSubject("snp-report, recorded", report, bytes => Accepts(bytes, collateral), Coverage.All(report));
        foreach (string member in (string[])["vcek_der_b64", "ask_der_b64", "ark_der_b64", "crl_der_b64"])
        {
            byte[] document = Wrapped.Read(collateral, member, Spelling.Base64);
            Func<ReadOnlyMemory<byte>, byte[]> wrap = Wrapped.Writer(collateral, member, Spelling.Base64);
            yield return new MutationSubject($"snp {member}, recorded", document, bytes => Accepts(report, wrap(bytes)), Coverage.All(document));
        }
    }

    private IEnumerable<MutationSubject> Azure()
    {
        if (!AzureBundle.TryParse(Read(AzureBundleFile), out AzureBundle? bundle, out ParseError error) || bundle!.TpmMessage is not { } message)
        {
            throw new InvalidDataException($"{AzureBundleFile}: {error}");
        }

        byte[] nonce = TpmQuote.TryParse(message, out TpmQuote? quote, out _) ? quote!.QualifyingData.ToArray() : [];
        byte[] collateral = Json(("vcek_der_b64", bundle.Vcek!.Value.ToArray()), ("crl_der_b64", Read(MilanList)));
        byte[] hcl = Coverage.TrimHcl(bundle.HclReport.ToArray());
        byte[] registers = [.. bundle.Registers.SelectMany(register => register.ToArray())];
        bool Accepts(ReadOnlyMemory<byte> report, ReadOnlyMemory<byte> signed, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> pcrs) => Appraiser.AppraiseAzure(
            Encoding.UTF8.GetBytes(new JsonObject
            {
                ["hcl_report"] = Convert.ToHexStringLower(report.Span),
                ["tpm_quote"] = new JsonObject
                {
                    ["message"] = Convert.ToHexStringLower(signed.Span),
                    ["signature"] = Convert.ToHexStringLower(signature.Span),
                    ["pcrs"] = new JsonArray([.. pcrs.ToArray().Chunk(32).Select(pcr => (JsonNode)Convert.ToHexStringLower(pcr))]),
                },
            }.ToJsonString()),
            collateral, nonce, null, null, TrustAnchors.Production, In2025, TimeSource.Asserted).IsAccepted;

        // Nothing covers the HCL's own header but its magic; the runtime data's header is checked in all its fields.
        yield return new MutationSubject(
            "azure-hcl report, recorded", hcl, bytes => Accepts(bytes, message, bundle.TpmSignature, registers), Coverage.AllBut(hcl, (4, 28)));
        yield return new MutationSubject(
            "azure tpm-quote, recorded", message.ToArray(), bytes => Accepts(hcl, bytes, bundle.TpmSignature, registers), Coverage.All(message.Span));
        yield return new MutationSubject(
            "azure tpm signature, recorded", bundle.TpmSignature.ToArray(), bytes => Accepts(hcl, message, bytes, registers), Coverage.All(bundle.TpmSignature.Span));
        (int, int)[] unselected = [.. Enumerable.Range(0, bundle.Registers.Count).Except(quote!.Selection).Select(index => (32 * index, 32))];
        yield return new MutationSubject(
            "azure registers, recorded", registers, bytes => Accepts(hcl, message, bundle.TpmSignature, bytes), Coverage.AllBut(registers, unselected));
    }

    private IEnumerable<MutationSubject> Gpus()
    {
        byte[] report = Read(Gpu);
        byte[] chain = Read(Rows("INDEX.tsv").First(row => row[0] == Gpu)[5]);
        byte[] driver = Read(DriverRim);
        byte[] vbios = Read(VbiosRim);
        DateTimeOffset at = new(2024, 6, 1, 0, 0, 0, TimeSpan.Zero);
        bool Accepts(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> first) => Appraiser.AppraiseGpu(
            new GpuEvidence(evidence, chain), [first, vbios], null, null, TrustAnchors.Production, at, TimeSource.Asserted).IsAccepted;
        yield return new MutationSubject("gpu-report, recorded", report, bytes => Accepts(bytes, driver), Coverage.All(report));
        yield return new MutationSubject("driver rim, recorded", driver, bytes => Accepts(report, bytes), Coverage.Xml(driver));
    }

    private static byte[] Json(params ReadOnlySpan<(string Member, byte[] Bytes)> members)
    {
        JsonObject json = [];
        foreach ((string member, byte[] bytes) in members)
        {
            json[member] = Convert.ToBase64String(bytes);
        }

        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private byte[] Read(string path) => File.ReadAllBytes(Path.Combine(folder, path));

    private IEnumerable<string[]> Rows(string file) => File.ReadLines(Path.Combine(folder, file)).Skip(1).Select(line => line.Split('\t')).Where(row => row.Length > 6);
}
