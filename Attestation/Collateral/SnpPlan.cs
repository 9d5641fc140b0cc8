using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>What an SEV-SNP report needs: the certificate of the chip's key for the reported TCB, its chain, and the root's revocation list.</summary>
internal static class SnpPlan
{
    public static bool TryCreate(
        ReadOnlyMemory<byte> bytes, string? hint, JsonObject given, bool hasKey, out CollateralPlan? plan, out string problem)
    {
        plan = null;
        problem = "";
        if (!SnpReport.TryParse(bytes, out SnpReport? report, out ParseError error))
        {
            return CollateralPlan.Fail(error.ToString(), out problem);
        }

        SnpProduct hinted = SnpProduct.Unknown;
        if (hint is not null && !SnpProducts.TryFind(hint, out hinted))
        {
            return CollateralPlan.Fail($"the product \"{hint}\" is unknown; there are Milan, Genoa (Bergamo, Siena) and Turin", out problem);
        }

        SnpProduct product = report!.Family is { } family && report.Model is { } model ? SnpProducts.Of(family, model) : hinted;
        if (product == SnpProduct.Unknown)
        {
            return CollateralPlan.Fail($"a report of version {report.Version} does not say its product: give it with --product", out problem);
        }

        CollateralItem.Vcek? key = null;
        if (!hasKey && !CollateralPlan.Has(given, "vcek_der_b64") && !CollateralPlan.Has(given, "vlek_der_b64"))
        {
            if (report.SigningKey != SnpSigningKey.Vcek)
            {
                return CollateralPlan.Fail(
                    report.SigningKey == SnpSigningKey.Vlek
                        ? "the report is signed by a VLEK, whose certificate AMD gives to the cloud provider alone and nobody can fetch: ask the provider for it and give it as collateral"
                        : "the report is not signed", out problem);
            }

            if (report.IsChipIdMasked || !report.ChipId.Span.ContainsAnyExcept((byte)0))
            {
                return CollateralPlan.Fail("the host left the chip identifier out of the report, so nothing says which certificate to ask for", out problem);
            }

            int length = product == SnpProduct.Turin ? 8 : 64;
            key = new CollateralItem.Vcek(product, report.ChipId[..length], SnpTcb.Read(report.ReportedTcb.Span, product));
        }

        plan = new CollateralPlan(given, (collector, result, token) => CollectAsync(product, key, collector, result, token));
        return true;
    }

    private static async Task CollectAsync(SnpProduct product, CollateralItem.Vcek? key, CollateralCollector collector, JsonObject result, CancellationToken token)
    {
        if (key is not null)
        {
            CollateralDocument vcek = await collector.GetAsync(key, token).ConfigureAwait(false);
            result["vcek_der_b64"] = Convert.ToBase64String(vcek.Body.Span);
            PemReader.TryRead(vcek.ChainPem.Span, out IReadOnlyList<Certificate> authorities, out _);
            foreach (Certificate authority in authorities)
            {
                bool root = authority.SubjectName.Span.SequenceEqual(authority.IssuerName.Span);
                result.TryAdd(root ? "ark_der_b64" : "ask_der_b64", Convert.ToBase64String(authority.Der.Span));
            }
        }

        if (!CollateralPlan.Has(result, "crl_der_b64"))
        {
            CollateralDocument list = await collector.GetAsync(new CollateralItem.AmdCrl(product), token).ConfigureAwait(false);
            result["crl_der_b64"] = Convert.ToBase64String(list.Body.Span);
        }
    }
}
