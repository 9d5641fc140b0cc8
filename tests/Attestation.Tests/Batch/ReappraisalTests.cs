using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tests.Snp;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tdx;
using Verathos.Simulator.Tokens;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Batch;

/// <summary>
/// Stored evidence judged again: at its own time, or at today's, the answer is the same whoever asks, whenever, after whatever else, and
/// whatever language their machine speaks.
/// </summary>
[Collection(nameof(VerificationCache))]
public sealed class ReappraisalTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly DateTimeOffset[] Clocks = [new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), SimulatedAuthorities.Now, new(2047, 1, 1, 0, 0, 0, TimeSpan.Zero)];

    [Fact]
    public void A_line_gets_the_same_verdict_everywhere()
    {
        using SimulatedNras nras = new();
        using SimulatedMaa maa = new();
        using TestAmd amd = new(SnpProduct.Milan);
        List<(string Name, JsonObject Line)> lines = [.. Minted(nras, maa, amd), .. Recorded()];
        DateTimeOffset[] times = [SimulatedAuthorities.Now, SimulatedAuthorities.Now.AddDays(20), SimulatedAuthorities.Now.AddDays(400), TestAmd.At, DateTimeOffset.FromUnixTimeSeconds(1742738789)];

        Appraiser.ClearCaches();
        Dictionary<(string, DateTimeOffset), string> first = [];
        HashSet<string> kinds = [];
        foreach ((string name, JsonObject line) in lines)
        {
            foreach (DateTimeOffset at in times)
            {
                string answer = Verify(line, at, Clocks[0]);
                first.Add((name, at), answer);
                kinds.Add(JsonNode.Parse(answer)!["verdict"]!.GetValue<string>());
            }
        }

        // Both answers must be among them, or nothing was compared that could differ.
        Assert.Superset(new HashSet<string> { "accepted", "rejected" }, kinds);
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            foreach (CultureInfo culture in (CultureInfo[])[CultureInfo.InvariantCulture, Elsewhere()])
            {
                CultureInfo.CurrentCulture = culture;
                foreach (DateTimeOffset clock in Clocks)
                {
                    // In the other order, so that each line finds what other lines and other times left behind; then with nothing left.
                    foreach (((string Name, DateTimeOffset At) key, string answer) in first.Reverse())
                    {
                        Assert.Equal(answer, Verify(lines.First(item => item.Name == key.Name).Line, key.At, clock));
                    }

                    Appraiser.ClearCaches();
                }
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_line_that_names_no_time_is_judged_at_todays_as_if_it_named_it()
    {
        JsonObject line = Recorded().First().Line;
        foreach (DateTimeOffset clock in Clocks)
        {
            string named = Verify(line, clock, Clocks[0]);
            string own = Verify(line, null, clock);
            Assert.Equal(named.Replace("\"time_source\":\"asserted\"", "\"time_source\":\"verifier\"", StringComparison.Ordinal), own);
        }
    }

    [Theory]
    [InlineData("1742738789")]
    [InlineData("1742738789.0")]
    [InlineData("\"1742738789\"")]
    [InlineData("\"2025-03-23T14:06:29Z\"")]
    [InlineData("\"2025-03-23T14:06:29.000Z\"")]
    [InlineData("\"2025-03-23t14:06:29Z\"")]
    [InlineData("\"2025-03-23T15:06:29+01:00\"")]
    [InlineData("\"2025-03-23 14:06:29Z\"")]
    public void One_time_may_be_written_in_several_ways(string at)
    {
        JsonObject line = Recorded().First().Line;
        line["at"] = JsonNode.Parse(at);
        Assert.Equal("2025-03-23T14:06:29Z", JsonNode.Parse(new BatchVerifier(TimeProvider.System).Verify(line.ToJsonString()))!["at"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("\"14:06\"")]
    [InlineData("\"23 March\"")]
    [InlineData("\"3/4/2025\"")]
    [InlineData("-1")]
    [InlineData("1e99")]
    [InlineData("true")]
    public void A_time_that_depends_on_the_reader_is_none(string at)
    {
        JsonObject line = Recorded().First().Line;
        line["at"] = JsonNode.Parse(at);
        Assert.Equal("malformed", JsonNode.Parse(new BatchVerifier(TimeProvider.System).Verify(line.ToJsonString()))!["verdict"]!.GetValue<string>());
    }

    private static IEnumerable<(string Name, JsonObject Line)> Recorded()
    {
        yield return ("recorded quote", new JsonObject
        {
            ["path"] = Vectors.Path("tdx-v4/phala-network-dcap-qvl/tdx_quote-c07101c4.bin"),
            ["collateral"] = JsonNode.Parse(VectorTable.Read("intel-collateral/bundles/tdx-b0c06f000000-2025-03-13-eval17-5b6193.json")),
        });
        yield return ("recorded Azure guest", new JsonObject
        {
            ["path"] = Vectors.Path("azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v2.json"),
            ["product"] = "Milan",
        });
    }

    private IEnumerable<(string Name, JsonObject Line)> Minted(SimulatedNras nras, SimulatedMaa maa, TestAmd amd)
    {
        byte[] nonce = new byte[32];
        string intel = authorities.Trusted.Roots.IntelRootPem;
        string nvidia = authorities.Trusted.Roots.NvidiaDeviceRootPem + authorities.Trusted.Roots.NvidiaRimRootPem;
        yield return ("quote", Line(
            authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] }), JsonNode.Parse(authorities.Trusted.Collateral.Current), intel,
            SimulatedAuthorities.Simulated.Raw));
        yield return ("enclave", Line(
            authorities.Trusted.Sgx.Mint(new SgxQuoteSpec()), JsonNode.Parse(authorities.Trusted.Collateral.Mint(Simulator.Collateral.CollateralSpec.Sgx)), intel));
        MintedGpuEvidence gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = nonce });
        yield return ("GPU", Line(
            gpu.Report,
            new JsonObject
            {
                ["chain_pem"] = Encoding.ASCII.GetString(gpu.CertificateChain),
                ["rims"] = new JsonArray(Encoding.UTF8.GetString(authorities.Trusted.Rim.Driver), Encoding.UTF8.GetString(authorities.Trusted.Rim.Vbios)),
                ["ocsp_b64"] = new JsonArray([.. authorities.Trusted.Ocsp.Answer(gpu.CertificateChain).Select(answer => (JsonNode)Convert.ToBase64String(answer))]),
            },
            nvidia));
        yield return ("SEV-SNP report", Line(amd.Minter.Mint(new SnpReportSpec()), amd.Collateral(), amd.RootPem));
        yield return ("NVIDIA's tokens", Line(nras.MintBytes(new NrasTokenSpec { Nonce = nonce }), nras.Collateral, null));
        yield return ("Azure's token", Line(maa.MintBytes(new MaaTokenSpec { Nonce = nonce }), maa.Collateral, null));
    }

    private static JsonObject Line(byte[] evidence, JsonNode? collateral, string? root, ReadOnlyMemory<byte>? policy = null)
    {
        JsonObject line = new() { ["evidence_b64"] = Convert.ToBase64String(evidence), ["collateral"] = collateral, ["nonce"] = new string('0', 64) };
        if (root is not null)
        {
            line["trust_anchor_pem"] = root;
        }

        if (policy is { } json)
        {
            line["policy"] = JsonNode.Parse(json.Span);
        }

        return line;
    }

    // What a machine's language changes where text is made without saying how.
    private static CultureInfo Elsewhere()
    {
        CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = "\u2212";
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.DateTimeFormat.TimeSeparator = ".";
        culture.DateTimeFormat.DateSeparator = "/";
        return culture;
    }

    private static string Verify(JsonObject line, DateTimeOffset? at, DateTimeOffset clock)
    {
        JsonObject copy = line.DeepClone().AsObject();
        if (at is { } time)
        {
            copy["at"] = time.ToUnixTimeSeconds();
        }

        JsonObject verdict = JsonNode.Parse(new BatchVerifier(new FixedClock(clock)).Verify(copy.ToJsonString()))!.AsObject();
        Assert.True(verdict.Remove("elapsed_us"));
        return verdict.ToJsonString();
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
