using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.X509;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Batch;

/// <summary>Every row of INDEX.tsv and VERDICTS.tsv with a stated verdict, as a line of a batch: what the command line reads and writes.</summary>
public sealed class BatchVectorTests
{
    private const long In2026 = 1788220800;
    private static readonly BatchVerifier Verifier = new(TimeProvider.System);

    [Theory]
    [InlineData("sgx-v3", 65)]
    [InlineData("tdx-v4", 151)]
    [InlineData("tdx-v5", 5)]
    public void Every_verdict_row_gives_its_status_and_advisories(string family, int count)
    {
        List<string> wrong = [];
        IReadOnlyList<VectorTable.VerdictRow> rows = VectorTable.Verdicts(family);
        foreach (VectorTable.VerdictRow row in rows)
        {
            JsonElement verdict = Verify(new JsonObject
            {
                ["id"] = row.Quote,
                ["path"] = Vectors.Path(row.Quote),
                ["collateral"] = JsonNode.Parse(VectorTable.Read(row.Collateral)),
                ["at"] = row.At.ToUnixTimeSeconds(),
            });
            string advisories = string.Join(',', verdict.GetProperty("advisories").EnumerateArray().Select(item => item.GetString()));
            if (verdict.GetProperty("tcb_status").GetString() != row.Status || advisories != row.Advisories || verdict.GetProperty("id").GetString() != row.Quote
                || (row.Status == "NoMatch" && verdict.GetProperty("verdict").GetString() != "rejected"))
            {
                wrong.Add($"{row.Quote} {row.Collateral}: {row.Status}: {verdict}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(count, rows.Count);
    }

    [Theory]
    [InlineData("sgx-v3", 40)]
    [InlineData("tdx-v4", 62)]
    [InlineData("tdx-v5", 4)]
    public void Every_quote_has_its_signature_and_chain(string family, int count)
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index(family).Where(row => row.Kind.StartsWith("quote-v", StringComparison.Ordinal)))
        {
            rows++;
            JsonElement verdict = Verify(new JsonObject { ["path"] = Vectors.Path(row.Path), ["at"] = family == "sgx-v3" ? TimeOf(row.Validity) : In2026 });
            bool right = row.Expected.StartsWith("SIG+CHAIN VALID", StringComparison.Ordinal)
                ? Passed(verdict, "chain") && Passed(verdict, "signature") && Passed(verdict, "quote.debug") != row.Expected.Contains("debug", StringComparison.Ordinal)
                : row.Expected.StartsWith("INVALID: quote-sig", StringComparison.Ordinal) ? !Passed(verdict, "signature")
                : !Passed(verdict, "chain");
            if (!right || verdict.GetProperty("verdict").GetString() is not ("rejected" or "malformed"))
            {
                wrong.Add($"{row.Path}: {row.Expected}: {verdict}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(count, rows);
    }

    [Fact]
    public void Every_snp_report_has_its_signature_and_chain()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("snp").Where(row => row.Kind.StartsWith("SNP report", StringComparison.Ordinal)))
        {
            rows++;
            int with = row.Expected.IndexOf("with ", StringComparison.Ordinal);
            JsonObject line = new() { ["path"] = Vectors.Path(row.Path), ["at"] = TimeOf(row.Validity) };
            if (with >= 0)
            {
                string leaf = row.Expected[(with + 5)..row.Expected.IndexOf('(', StringComparison.Ordinal)];
                line["collateral"] = new JsonObject
                {
                    [leaf.Contains("vlek", StringComparison.Ordinal) ? "vlek_der_b64" : "vcek_der_b64"] = Convert.ToBase64String(ReadLeaf(leaf)),
                };
                line["product"] = new[] { "Milan", "Genoa", "Turin" }.First(product => row.Expected.Contains($"({product}", StringComparison.OrdinalIgnoreCase));
            }

            JsonElement verdict = Verify(line);
            bool valid = row.Expected.StartsWith("SIG+CHAIN VALID", StringComparison.Ordinal);
            if (!Passed(verdict, "snp.format") || (Passed(verdict, "chain") && Passed(verdict, "signature")) != valid || verdict.GetProperty("verdict").GetString() != "rejected")
            {
                wrong.Add($"{row.Path}: {row.Expected}: {verdict}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(25, rows);
    }

    [Fact]
    public void Every_gpu_report_with_its_chain_has_its_signature()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("nvidia-spdm"))
        {
            bool list = row.Kind.Contains("evidence JSON", StringComparison.Ordinal);
            bool invalid = row.Expected.StartsWith("INVALID: signature", StringComparison.Ordinal);
            if (!list && !invalid && !(row.Kind.StartsWith("SPDM", StringComparison.Ordinal) && row.Collateral.Length > 0))
            {
                // The chains of the others are in the lists alone, which are lines of their own.
                continue;
            }

            rows++;
            JsonObject line = new() { ["path"] = Vectors.Path(row.Path) };
            if (row.Collateral.Length > 0)
            {
                line["collateral"] = new JsonObject { ["chain_pem"] = File.ReadAllText(Vectors.Path(row.Collateral)) };
            }

            JsonElement verdict = Verify(line);
            if ((Passed(verdict, "chain") && Passed(verdict, "signature")) == invalid || verdict.GetProperty("verdict").GetString() != "rejected")
            {
                wrong.Add($"{row.Path}: {row.Expected}: {verdict}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(19, rows);
    }

    private static JsonElement Verify(JsonObject line) => JsonElement.Parse(Verifier.Verify(line.ToJsonString()));

    private static bool Passed(JsonElement verdict, string check) =>
        verdict.GetProperty("checks").EnumerateArray().Any(item => item.GetProperty("name").GetString() == check && item.GetProperty("result").GetString() == "passed");

    private static long TimeOf(string validity) => validity.Length < 10
        ? In2026
        : DateTimeOffset.Parse(validity[..10], null, System.Globalization.DateTimeStyles.AssumeUniversal).AddDays(30).ToUnixTimeSeconds();

    // One certificate is in the corpus only inside the evidence that it belongs to.
    private static byte[] ReadLeaf(string path)
    {
        if (File.Exists(Path.Combine(Vectors.Path("snp"), "..", path)))
        {
            return VectorTable.Read(path);
        }

        JsonNode bundle = JsonNode.Parse(VectorTable.Read("azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v0.json"))!;
        Assert.True(PemReader.TryRead(System.Text.Encoding.ASCII.GetBytes(bundle["vcek"]!.GetValue<string>()), out IReadOnlyList<Certificate> certificates, out _));
        return certificates[0].Der.ToArray();
    }
}
