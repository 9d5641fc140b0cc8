using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Batch;

/// <summary>Lines of a batch: what each member means, and what becomes of lines that cannot be read.</summary>
public sealed class BatchVerifierTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private const string Quote = "tdx-v4/phala-network-dcap-qvl/tdx_quote-c07101c4.bin";
    private const string Collateral = "intel-collateral/bundles/tdx-b0c06f000000-2025-03-13-eval17-5b6193.json";
    private const long At = 1742738789;
    private static readonly BatchVerifier Verifier = new(TimeProvider.System);

    [Fact]
    public void A_recorded_quote_with_collateral_is_accepted_and_not_appraised()
    {
        JsonElement verdict = Verify(new JsonObject
        {
            ["id"] = "q1",
            ["path"] = Vectors.Path(Quote),
            ["collateral"] = JsonNode.Parse(VectorTable.Read(Collateral)),
            ["at"] = At,
        });

        Assert.Equal("q1", verdict.GetProperty("id").GetString());
        Assert.Equal("accepted", verdict.GetProperty("verdict").GetString());
        Assert.False(verdict.GetProperty("appraised").GetBoolean());
        Assert.Equal("UpToDate", verdict.GetProperty("tcb_status").GetString());
        Assert.Equal("passed", Result(verdict, "chain"));
        Assert.Equal("passed", Result(verdict, "signature"));
        Assert.Equal("asserted", verdict.GetProperty("time_source").GetString());
    }

    [Fact]
    public void Without_collateral_the_quote_is_rejected_and_its_own_checks_still_report()
    {
        JsonElement verdict = Verify(new JsonObject { ["id"] = 7, ["evidence_b64"] = Convert.ToBase64String(VectorTable.Read(Quote)), ["at"] = "2025-03-23T14:06:29Z" });

        Assert.Equal(7, verdict.GetProperty("id").GetInt32());
        Assert.Equal(("rejected", "collateral.missing"), (verdict.GetProperty("verdict").GetString(), verdict.GetProperty("reason").GetString()));
        Assert.Equal(("passed", "passed", "failed"), (Result(verdict, "chain"), Result(verdict, "signature"), Result(verdict, "collateral.missing")));
        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("tcb_status").ValueKind);
    }

    [Fact]
    public void A_trust_anchor_replaces_the_built_in_ones()
    {
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        JsonObject line = new()
        {
            ["evidence_b64"] = Convert.ToBase64String(quote),
            ["collateral"] = JsonNode.Parse(authorities.Trusted.Collateral.Current),
        };
        Assert.Equal("quote.chain", Verify(line).GetProperty("reason").GetString());

        line["trust_anchor_pem"] = File.ReadAllText(Path.Combine(authorities.Trusted.Roots.Folder, TrustAnchors.IntelRootFile));
        Assert.Equal("accepted", Verify(line).GetProperty("verdict").GetString());

        // What the line does not name is no longer trusted, the vendors' own roots included.
        line["trust_anchor_pem"] = File.ReadAllText(Path.Combine(authorities.Foreign.Roots.Folder, TrustAnchors.IntelRootFile));
        Assert.Equal("quote.chain", Verify(line).GetProperty("reason").GetString());
        JsonObject real = new() { ["path"] = Vectors.Path(Quote), ["at"] = At, ["trust_anchor_pem"] = line["trust_anchor_pem"]!.DeepClone() };
        Assert.Equal("failed", Result(Verify(real), "chain"));
    }

    [Fact]
    public void A_policy_may_stand_in_the_line()
    {
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64], MrTd = new byte[48] });
        JsonElement verdict = Verify(new JsonObject
        {
            ["evidence_b64"] = Convert.ToBase64String(quote),
            ["collateral"] = JsonNode.Parse(authorities.Trusted.Collateral.Current),
            ["policy"] = JsonNode.Parse(SimulatedAuthorities.Simulated.Raw.Span),
            ["trust_anchor_pem"] = File.ReadAllText(Path.Combine(authorities.Trusted.Roots.Folder, TrustAnchors.IntelRootFile)),
        });

        Assert.Equal("policy.tdx.mrTd", verdict.GetProperty("reason").GetString());
        Assert.Equal(64, verdict.GetProperty("policy_digest").GetString()!.Length);
    }

    [Theory]
    [InlineData("", "null")]
    [InlineData("no json", "null")]
    [InlineData("[1]", "null")]
    [InlineData("{\"id\":\"a\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"id\":\"b\"}", "null")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"!!\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"\",\"path\":\"x\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"path\":\"/no/such/file\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"format\":\"nonsense\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"at\":\"soon\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"collateral\":3}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"policy\":{}}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"trust_anchor_pem\":\"none\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"evidence_b64\":\"AAAA\",\"nonce\":\"0\"}", "\"a\"")]
    [InlineData("{\"id\":\"a\",\"product\":\"\\ud800\"}", "\"a\"")]
    public void A_line_that_cannot_be_read_is_malformed(string line, string id)
    {
        JsonElement verdict = JsonElement.Parse(Verifier.Verify(line));

        Assert.Equal(("malformed", id), (verdict.GetProperty("verdict").GetString(), verdict.GetProperty("id").GetRawText()));
        Assert.Equal("evidence.format", verdict.GetProperty("reason").GetString());
        Assert.Equal(0, verdict.GetProperty("advisories").GetArrayLength());
    }

    [Fact]
    public void Evidence_of_no_known_format_is_unsupported()
    {
        JsonElement verdict = Verify(new JsonObject { ["evidence_b64"] = "AAAAAAAAAAAAAAAA" });

        Assert.Equal(("unsupported", "evidence.format"), (verdict.GetProperty("verdict").GetString(), verdict.GetProperty("reason").GetString()));
    }

    internal static JsonElement Verify(JsonObject line) => JsonElement.Parse(Verifier.Verify(line.ToJsonString()));

    internal static string Result(JsonElement verdict, string check) =>
        verdict.GetProperty("checks").EnumerateArray().First(item => item.GetProperty("name").ValueEquals(check)).GetProperty("result").GetString()!;
}
