using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator;
using Verathos.Simulator.Azure;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tdx;
using Verathos.Simulator.Tokens;

namespace Verathos.Bench.Mutation;

/// <summary>
/// What no recorded evidence covers: further kinds of quotes, OCSP answers, tokens, and SEV-SNP and Azure guests under an AMD and
/// a virtual TPM of this run.
/// </summary>
/// <param name="installation">What mints it.</param>
/// <param name="anchors">The installation's roots.</param>
/// <param name="at">The time of judgement.</param>
internal sealed class MintedFormats(Installation installation, TrustAnchors anchors, DateTimeOffset at)
{
    // Nothing here outlives the run, and RSA keys of AMD's length take seconds to make.
    private const int KeyBits = 2048;

    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];

    /// <summary>All of them.</summary>
    public IEnumerable<MutationSubject> All() => [.. Quotes(), .. Ocsp(), .. Tokens(), .. Hardware()];

    private IEnumerable<MutationSubject> Quotes()
    {
        byte[] collateral = installation.Collateral.Current;
        foreach ((string name, TdxQuoteSpec spec) in new[]
        {
            ("tdx-quote v5 type 3, P-384, minted", new TdxQuoteSpec { ReportData = new byte[64], Version = 5, BodyType = 3, AttestationKeyType = 3 }),
            ("tdx-quote v5 type 4, minted", new TdxQuoteSpec { ReportData = new byte[64], Version = 5, BodyType = 4 }),
        })
        {
            byte[] quote = installation.Tdx.Mint(spec);
            yield return new MutationSubject(name, quote, bytes => Accepts(bytes, collateral), Coverage.Quote(quote));
        }

        // Its PCK is named by PPID, CPUSVN and PCESVN, and the certificate comes with the collateral.
        // The quote ends in the PCE's identifier, which is not zero here: a zero repeated at the end would only be one that may follow it.
        PckSpec pck = new() { PceId = [1, 1] };
        byte[] named = installation.Sgx.Mint(new SgxQuoteSpec { InnerCertificationType = 1, Pck = pck });
        byte[] beside = installation.Collateral.Mint(CollateralSpec.Sgx with { PckCertificate = pck, PceId = pck.PceId });
        yield return new MutationSubject("sgx-quote v3, certification type 1, minted", named, bytes => Accepts(bytes, beside), Coverage.All(named));
    }

    private IEnumerable<MutationSubject> Ocsp()
    {
        MintedGpuEvidence gpu = installation.Gpu.Mint(new GpuReportSpec { Nonce = Nonce });
        ReadOnlyMemory<byte>[] references = [installation.Rim.Driver, installation.Rim.Vbios];
        ReadOnlyMemory<byte>[] answers = [.. installation.Ocsp.Answer(gpu.CertificateChain).Select(answer => (ReadOnlyMemory<byte>)answer)];
        bool Accepts(ReadOnlyMemory<byte> first) => Appraiser.AppraiseGpus(
            [new GpuEvidence(gpu.Report, gpu.CertificateChain)], references, [first, .. answers[1..]], Nonce, null, anchors, at, TimeSource.Verifier).IsAccepted;
        yield return new MutationSubject("ocsp answer, minted", answers[0].ToArray(), Accepts, Coverage.All(answers[0].Span));
    }

    private IEnumerable<MutationSubject> Tokens()
    {
        using SimulatedNras nras = new();
        JsonArray set = nras.Mint(new NrasTokenSpec { Nonce = Nonce });
        string overall = set[0]![1]!.GetValue<string>();
        string part = set[1]!["GPU-0"]!.GetValue<string>();
        byte[] keys = Bytes(nras.Collateral);
        bool AcceptsNvidia(string first, string second) => Appraiser.AppraiseTokens(
            Bytes(new JsonArray(new JsonArray("JWT", first), new JsonObject { ["GPU-0"] = second })),
            nvidia: true, keys, Nonce, null, TrustAnchors.Production, at, TimeSource.Verifier).IsAccepted;
        yield return Token("nvidia overall token, minted", overall, text => AcceptsNvidia(text, part));
        yield return Token("nvidia gpu token, minted", part, text => AcceptsNvidia(overall, text));

        using SimulatedMaa maa = new();
        byte[] maaKeys = Bytes(maa.Collateral);
        bool AcceptsAzure(string token) => Appraiser.AppraiseTokens(
            Encoding.Latin1.GetBytes(token), nvidia: false, maaKeys, Nonce, null, TrustAnchors.Production, at, TimeSource.Verifier).IsAccepted;
        foreach (MaaKind kind in Enum.GetValues<MaaKind>())
        {
            yield return Token($"azure token {kind}, minted", maa.Mint(new MaaTokenSpec { Kind = kind, Nonce = Nonce }), AcceptsAzure);
        }
    }

    private IEnumerable<MutationSubject> Hardware()
    {
        using SimulatedAmd amd = new(SnpProduct.Genoa, keyBits: KeyBits);
        TrustAnchors roots = TrustAnchors.TryFromRoots(Encoding.ASCII.GetBytes(amd.RootPem), out TrustAnchors? given, out ParseError error)
            ? given!
            : throw new InvalidOperationException(error.ToString());
        byte[] collateral = amd.CollateralBytes();
        return [.. Snp(amd, roots, collateral), .. Azure(amd, roots, collateral)];
    }

    private IEnumerable<MutationSubject> Snp(SimulatedAmd amd, TrustAnchors roots, byte[] collateral)
    {
        bool Accepts(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> beside) =>
            Appraiser.AppraiseSnp(evidence, beside, null, null, roots, at, TimeSource.Verifier).IsAccepted;
        byte[] report = amd.Mint(new SnpReportSpec { Version = 5 });
        yield return new MutationSubject("snp-report v5, minted", report, bytes => Accepts(bytes, collateral), Coverage.All(report));
        byte[] lent = amd.Mint(new SnpReportSpec { Version = 3, SigningKey = 1 });
        byte[] ofProvider = amd.CollateralBytes(new SnpCollateralSpec { Key = new SnpKeySpec { IsVlek = true } });
        yield return new MutationSubject("snp-report v3 by a VLEK, minted", lent, bytes => Accepts(bytes, ofProvider), Coverage.All(lent));
        foreach (string member in (string[])["vcek_der_b64", "ask_der_b64", "ark_der_b64", "crl_der_b64"])
        {
            byte[] document = Wrapped.Read(collateral, member, Spelling.Base64);
            Func<ReadOnlyMemory<byte>, byte[]> wrap = Wrapped.Writer(collateral, member, Spelling.Base64);
            yield return new MutationSubject($"snp {member}, minted", document, bytes => Accepts(report, wrap(bytes)), Coverage.All(document));
        }
    }

    // Nothing covers the HCL's own header but its magic, nor of a TDREPORT, which is at 32, what is not its report data.
    private IEnumerable<MutationSubject> Azure(SimulatedAmd amd, TrustAnchors roots, byte[] collateral)
    {
        using SimulatedAzure azure = new();
        AzureGuestSpec guest = new() { Nonce = Nonce, Selection = [.. Enumerable.Range(0, 12)], Tail = [] };
        return
        [
            .. Guest("snp", azure.Mint(guest, amd), collateral, roots, (4, 28)),
            .. Guest("tdx", azure.Mint(guest, installation.Tdx), installation.Collateral.Current, anchors, (4, 28 + 128), (32 + 192, 1184 - 192)),
        ];
    }

    private IEnumerable<MutationSubject> Guest(string name, JsonObject bundle, byte[] collateral, TrustAnchors roots, params (int Start, int Length)[] free)
    {
        byte[] hcl = Base64Url.DecodeFromChars(bundle["hcl_report"]!.GetValue<string>());
        byte[] message = Convert.FromHexString(bundle["tpm_quote"]!["message"]!.GetValue<string>());
        byte[] signature = Convert.FromHexString(bundle["tpm_quote"]!["signature"]!.GetValue<string>());
        byte[] registers = [.. bundle["tpm_quote"]!["pcrs"]!.AsArray().SelectMany(register => Convert.FromHexString(register!.GetValue<string>()))];
        string? quote = bundle["td_quote"]?.GetValue<string>();
        bool Accepts(ReadOnlyMemory<byte> report, ReadOnlyMemory<byte> signed, ReadOnlyMemory<byte> by, ReadOnlyMemory<byte> pcrs, string? beside)
        {
            JsonObject json = new()
            {
                ["hcl_report"] = Base64Url.EncodeToString(report.Span),
                ["tpm_quote"] = new JsonObject
                {
                    ["message"] = Convert.ToHexStringLower(signed.Span),
                    ["signature"] = Convert.ToHexStringLower(by.Span),
                    ["pcrs"] = new JsonArray([.. pcrs.ToArray().Chunk(32).Select(pcr => (JsonNode)Convert.ToHexStringLower(pcr))]),
                },
            };
            if (beside is not null)
            {
                json["td_quote"] = beside;
            }

            return Appraiser.AppraiseAzure(Bytes(json), collateral, Nonce, null, null, roots, at, TimeSource.Verifier).IsAccepted;
        }

        yield return new MutationSubject($"azure-hcl report over {name}, minted", hcl, bytes => Accepts(bytes, message, signature, registers, quote), Coverage.AllBut(hcl, free));
        yield return new MutationSubject($"azure tpm-quote over {name}, minted", message, bytes => Accepts(hcl, bytes, signature, registers, quote), Coverage.All(message));
        yield return new MutationSubject($"azure tpm signature over {name}, minted", signature, bytes => Accepts(hcl, message, bytes, registers, quote), Coverage.All(signature));

        // The quote hashed registers 0 to 11.
        yield return new MutationSubject(
            $"azure registers over {name}, minted", registers, bytes => Accepts(hcl, message, signature, bytes, quote), Coverage.AllBut(registers, (12 * 32, 12 * 32)));
        if (quote is not null)
        {
            byte[] hardware = Base64Url.DecodeFromChars(quote);
            yield return new MutationSubject(
                "azure td_quote, minted", hardware, bytes => Accepts(hcl, message, signature, registers, Base64Url.EncodeToString(bytes.Span)), Coverage.Quote(hardware));
        }
    }

    private static MutationSubject Token(string name, string token, Func<string, bool> accepts)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(token);
        return new MutationSubject(name, bytes, changed => accepts(Encoding.Latin1.GetString(changed.Span)), Coverage.All(bytes));
    }

    private bool Accepts(ReadOnlyMemory<byte> quote, ReadOnlyMemory<byte> collateral) =>
        Appraiser.AppraiseQuote(quote, collateral, null, anchors, at, TimeSource.Verifier).IsAccepted;

    private static byte[] Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
