using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>Recorded SEV-SNP reports, certificates and revocation lists, by the statements of INDEX.tsv.</summary>
public sealed class SnpVectorTests
{
    private static readonly string[] Products = ["Milan", "Genoa", "Turin"];

    [Fact]
    public void Every_indexed_report_has_the_stated_signature_and_chain()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("snp").Where(row => row.Kind.StartsWith("SNP report", StringComparison.Ordinal)))
        {
            rows++;
            byte[] report = VectorTable.Read(row.Path);
            Assert.True(SnpReport.TryParse(report, out SnpReport? parsed, out ParseError error), $"{row.Path} {error}");
            Assert.True(parsed!.IsReservedAsPrescribed, row.Path);
            int with = row.Expected.IndexOf("with ", StringComparison.Ordinal);
            if (with < 0)
            {
                // Nothing in the corpus signed these; the corrupted one must not pass with the chip's own kind of key either.
                Verdict bare = Appraiser.AppraiseSnp(report, default, "Milan", null, TrustAnchors.Production, DateTimeOffset.UnixEpoch, TimeSource.Asserted);
                Assert.Equal((VerdictKind.Rejected, CheckNames.CollateralMissing), (bare.Kind, bare.Reason));
                Assert.Equal(CheckResult.Passed, bare.Find(CheckNames.SnpFormat)!.Value.Result);
                continue;
            }

            string leaf = row.Expected[(with + 5)..row.Expected.IndexOf('(', StringComparison.Ordinal)];
            DateTimeOffset at = DateTimeOffset.Parse(row.Validity[..10], null, System.Globalization.DateTimeStyles.AssumeUniversal).AddDays(30);
            JsonObject collateral = new() { [leaf.Contains("vlek", StringComparison.Ordinal) ? "vlek_der_b64" : "vcek_der_b64"] = Convert.ToBase64String(ReadLeaf(leaf)) };
            string hint = Products.First(product => row.Expected.Contains($"({product}", StringComparison.OrdinalIgnoreCase));
            Verdict verdict = Appraiser.AppraiseSnp(
                report, System.Text.Encoding.UTF8.GetBytes(collateral.ToJsonString()), parsed.Version == 2 ? hint : null, null, TrustAnchors.Production, at, TimeSource.Asserted);
            string[] failed = [.. verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name)];
            string[] expected = parsed.IsDebug
                ? [CheckNames.CollateralMissing, CheckNames.SnpRevocation, CheckNames.SnpDebug]
                : [CheckNames.CollateralMissing, CheckNames.SnpRevocation];
            if (!failed.SequenceEqual(expected))
            {
                wrong.Add($"{row.Path}: {string.Join("; ", verdict.Checks.Where(check => check.Result == CheckResult.Failed))}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(25, rows);
    }

    // One certificate is in the corpus only inside the evidence that it belongs to.
    private static byte[] ReadLeaf(string path)
    {
        if (!path.EndsWith("fb8bf88e.der", StringComparison.Ordinal))
        {
            return VectorTable.Read(path);
        }

        JsonNode bundle = JsonNode.Parse(VectorTable.Read("azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v0.json"))!;
        Assert.True(PemReader.TryRead(System.Text.Encoding.ASCII.GetBytes(bundle["vcek"]!.GetValue<string>()), out IReadOnlyList<Certificate> certificates, out _));
        return certificates[0].Der.ToArray();
    }

    [Fact]
    public void Every_indexed_certificate_has_the_stated_chain()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("snp").Where(row => row.Kind is "VCEK cert" or "VLEK cert"))
        {
            rows++;
            bool vlek = row.Kind.StartsWith("VLEK", StringComparison.Ordinal);
            Assert.True(Certificate.TryParse(VectorTable.Read(row.Path), out Certificate? leaf, out ParseError error), $"{row.Path} {error}");
            bool valid = new[] { SnpProduct.Milan, SnpProduct.Genoa, SnpProduct.Turin }.Any(product =>
                CertificatePath.TryBuild(
                    [leaf!, .. AmdAuthorities.Of(product, vlek ? SnpSigningKey.Vlek : SnpSigningKey.Vcek)], TrustAnchors.Production.AmdRootSpki(product).Span, out _, out _)
                && VcekExtensions.TryParse(leaf!, out VcekExtensions? extensions, out _) && extensions!.Kind == (vlek ? SnpSigningKey.Vlek : SnpSigningKey.Vcek));
            if (valid != row.Expected.StartsWith("chain OK", StringComparison.Ordinal))
            {
                wrong.Add($"{row.Path}: {row.Expected}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(27, rows);
    }

    [Fact]
    public void A_recorded_report_with_certificates_and_revocation_list_is_accepted()
    {
        JsonObject collateral = new()
        {
            ["vcek_der_b64"] = Convert.ToBase64String(VectorTable.Read("snp/project-oak-oak/vcek-milan-b0-4ad19d15.der")),
            ["crl_der_b64"] = Convert.ToBase64String(VectorTable.Read("snp/openpcc-openpcc/crl-ARK-Milan-2025-05-06-2452ae.der")),
        };
        Verdict verdict = Appraiser.AppraiseSnp(
            VectorTable.Read("snp/project-oak-oak/milan_rk_release_evidence-v3-fadc294c.bin"), System.Text.Encoding.UTF8.GetBytes(collateral.ToJsonString()), null,
            null, TrustAnchors.Production, new DateTimeOffset(2025, 8, 1, 0, 0, 0, TimeSpan.Zero), TimeSource.Asserted);

        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
        Assert.Null(verdict.TcbStatus);
        Assert.Equal("bootloader 4, tee 0, snp 24, microcode 219", verdict.Claims["snp.tcb.reported"]);
    }

    [Fact]
    public void The_recorded_list_that_revokes_an_early_Genoa_intermediate_rejects_it()
    {
        Assert.True(RevocationList.TryParse(VectorTable.Read("snp/openpcc-openpcc/crl-ARK-Genoa-2024-10-23-7b9d24.der"), out RevocationList? list, out _));
        Assert.True(list!.IsSignedBy(AmdAuthorities.Of(SnpProduct.Genoa, SnpSigningKey.Vcek)[1]));
        Assert.Equal(1, list.Count);
        Assert.False(list.IsRevoked(AmdAuthorities.Of(SnpProduct.Genoa, SnpSigningKey.Vcek)[0]));
    }
}
