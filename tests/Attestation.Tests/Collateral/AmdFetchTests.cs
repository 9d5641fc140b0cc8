using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tests.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>AMD's service: the address in each product's form, and what nobody publishes.</summary>
public sealed class AmdFetchTests : IAsyncLifetime
{
    private readonly ReplayServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-cache-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(SnpProduct.Milan, "?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219")]
    [InlineData(SnpProduct.Genoa, "?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219")]
    [InlineData(SnpProduct.Turin, "?fmcSPL=02&blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219")]
    public async Task A_chips_certificate_is_asked_for_in_its_products_form(SnpProduct product, string query)
    {
        using TestAmd amd = new(product);
        Serve(amd);
        byte[] report = amd.Report();
        CollectedCollateral collected = await CollectAsync(amd, report);

        Assert.Null(collected.Failure);
        Assert.Equal(
            [$"/vcek/v1/{product}/{Convert.ToHexStringLower(amd.HardwareId)}{query}", $"/vcek/v1/{product}/cert_chain", $"/vcek/v1/{product}/crl"], _server.Targets);
        Verdict verdict = Appraiser.AppraiseSnp(report, collected.Json, null, null, amd.Anchors, TestAmd.At, TimeSource.Asserted);
        Assert.True(verdict.IsAccepted, verdict.Reason);
    }

    [Fact]
    public async Task Stored_certificate_and_list_serve_without_a_network()
    {
        using TestAmd amd = new(SnpProduct.Turin);
        Serve(amd);
        byte[] report = amd.Report();
        CollateralCache cache = new(_folder);
        byte[] fetched = (await CollectAsync(amd, report, cache)).Json.ToArray();
        CollectedCollateral stored = await Collecting.CollectAsync(null, Request(report), amd.Anchors, TestAmd.At, new CollateralCache(_folder));

        Assert.Null(stored.Failure);
        Assert.All(stored.Documents, document => Assert.Equal(DocumentOrigin.Cache, document.Origin));
        Assert.Equal(fetched, stored.Json.ToArray());
    }

    [Fact]
    public void A_VLEK_is_for_the_provider_to_give()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Assert.Contains("cloud provider alone", Collecting.Refused(Request(amd.Report(vlek: true)), amd.Anchors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_providers_VLEK_at_hand_the_list_is_fetched()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd);
        JsonObject given = amd.Collateral(vlek: true);
        given.Remove("crl_der_b64");
        byte[] report = amd.Report(vlek: true);
        CollectedCollateral collected = await CollectAsync(amd, report, given: given);

        Assert.Null(collected.Failure);
        Assert.DoesNotContain(_server.Targets, target => target.Contains("SPL", StringComparison.Ordinal));
        Assert.True(Appraiser.AppraiseSnp(report, collected.Json, null, null, amd.Anchors, TestAmd.At, TimeSource.Asserted).IsAccepted);
    }

    [Fact]
    public void A_masked_chip_cannot_be_asked_about()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Assert.Contains("left the chip identifier out", Collecting.Refused(Request(amd.Report(change: report => report[0x48] |= 2)), amd.Anchors), StringComparison.Ordinal);
        Assert.Contains(
            "left the chip identifier out", Collecting.Refused(Request(amd.Report(change: report => report.AsSpan(0x1A0, 64).Clear())), amd.Anchors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_2_report_needs_its_product()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd);
        byte[] report = amd.Report(version: 2);
        Assert.Contains("--product", Collecting.Refused(Request(report), amd.Anchors), StringComparison.Ordinal);
        CollectedCollateral collected = await Collecting.CollectAsync(_server, Request(report) with { Product = "Milan" }, amd.Anchors, TestAmd.At);
        Assert.Null(collected.Failure);
    }

    [Fact]
    public async Task Another_chips_certificate_is_not_taken()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd, amd.Leaf(hardwareId: new byte[64]));
        CollectedCollateral collected = await CollectAsync(amd, amd.Report(), new CollateralCache(_folder));
        Assert.Equal(FetchFailure.WrongContent, collected.Failure!.Failure);
        Assert.Contains("another chip or TCB", collected.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_TCB_is_not_taken()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd, amd.Leaf(tcb: amd.Tcb with { Microcode = 218 }));
        Assert.Equal(FetchFailure.WrongContent, (await CollectAsync(amd, amd.Report())).Failure!.Failure);
    }

    [Fact]
    public async Task A_VLEK_in_the_place_of_a_VCEK_is_not_taken()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd, amd.Leaf(vlek: true));
        Assert.Contains("not a VCEK", (await CollectAsync(amd, amd.Report())).Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chain_of_another_vendors_is_not_taken()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        using TestAmd other = new(SnpProduct.Milan, other: true);
        Serve(amd);
        Serve(other, amd.Leaf(), list: amd.Crl());
        Assert.Equal(FetchFailure.WrongContent, (await CollectAsync(amd, amd.Report())).Failure!.Failure);
    }

    [Fact]
    public async Task A_list_of_another_vendors_is_not_taken()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        using TestAmd other = new(SnpProduct.Milan, other: true);
        Serve(amd, list: other.Crl());
        CollectedCollateral collected = await CollectAsync(amd, amd.Report());
        Assert.Contains("not signed by the pinned ARK", collected.Failure!.Message, StringComparison.Ordinal);

        // What came before it is kept, so that the other checks can report.
        Assert.NotNull(JsonNode.Parse(collected.Json.Span)!["vcek_der_b64"]);
    }

    [Fact]
    public async Task An_old_list_is_named()
    {
        using TestAmd amd = new(SnpProduct.Milan);
        Serve(amd, list: amd.Crl(nextUpdate: TestAmd.At.AddDays(-1)));
        Assert.Equal(FetchFailure.Stale, (await CollectAsync(amd, amd.Report())).Failure!.Failure);
    }

    [Theory]
    [InlineData("Genoa", "openpcc-openpcc/azure_sevsnp_report-v3-a5c9b352.bin", "openpcc-openpcc/vcek-genoa-51cc9189.der")]
    [InlineData("Genoa", "confidential-containers-trustee/evidence-genoa-v3-615df730.bin", "confidential-containers-trustee/vcek-genoa-3fbb4741.der")]
    [InlineData("Genoa", "veraison-services/sevsnp-tsm-report-v3-bdaba366.bin", "veraison-services/vcek-genoa-91ab5642.der")]
    [InlineData("Milan", "confidential-containers-trustee/evidence-v2-v3-44335176.bin", "confidential-containers-trustee/vcek-milan-b0-b9ba472a.der")]
    [InlineData("Milan", "project-oak-oak/milan_rk_release_evidence-v3-fadc294c.bin", "project-oak-oak/vcek-milan-b0-4ad19d15.der")]
    public async Task Recorded_answers_of_AMDs_lead_to_AMDs_own_root(string product, string reportFile, string keyFile)
    {
        byte[] report = VectorTable.Read("snp/" + reportFile);
        Assert.True(SnpReport.TryParse(report, out SnpReport? parsed, out _));
        string list = product == "Genoa" ? "crl-ARK-Genoa-2024-10-23-7b9d24.der" : "crl-ARK-Milan-2025-05-06-2452ae.der";
        _server.Reply($"/vcek/v1/{product}/{Convert.ToHexStringLower(parsed!.ChipId.Span)}", ReplayServer.Ok(VectorTable.Read("snp/" + keyFile)));
        _server.Reply($"/vcek/v1/{product}/cert_chain", ReplayServer.Ok(VectorTable.Read($"snp/google-go-sev-guest/ask_ark_{product.ToLowerInvariant()}.pem")));
        _server.Reply($"/vcek/v1/{product}/crl", ReplayServer.Ok(VectorTable.Read("snp/openpcc-openpcc/" + list)));
        DateTimeOffset at = new(2025, 7, 1, 0, 0, 0, TimeSpan.Zero);
        CollectedCollateral collected = await Collecting.CollectAsync(_server, Request(report), TrustAnchors.Production, at, new CollateralCache(_folder));

        Assert.True(collected.Failure is null, collected.Failure?.Message);
        Verdict verdict = Appraiser.AppraiseSnp(report, collected.Json, null, null, TrustAnchors.Production, at, TimeSource.Asserted);
        Assert.True(verdict.IsAccepted, verdict.Reason);
    }

    private static CollateralRequest Request(byte[] report) => new() { Evidence = report, Format = EvidenceFormat.SnpReport };

    private Task<CollectedCollateral> CollectAsync(TestAmd amd, byte[] report, CollateralCache? cache = null, JsonObject? given = null) => Collecting.CollectAsync(
        _server, Request(report) with { Given = given is null ? default : Encoding.UTF8.GetBytes(given.ToJsonString()) }, amd.Anchors, TestAmd.At, cache);

    private void Serve(TestAmd amd, byte[]? leaf = null, byte[]? list = null)
    {
        JsonObject collateral = amd.Collateral();
        string Pem(string member) => new(System.Security.Cryptography.PemEncoding.Write("CERTIFICATE", Convert.FromBase64String(collateral[member]!.GetValue<string>())));
        string path = $"/vcek/v1/{amd.Product}";
        _server.Reply($"{path}/{Convert.ToHexStringLower(amd.HardwareId)}", ReplayServer.Ok(leaf ?? amd.Leaf()));
        _server.Reply($"{path}/cert_chain", ReplayServer.Ok(Encoding.ASCII.GetBytes($"{Pem("ask_der_b64")}\n{Pem("ark_der_b64")}\n")));
        _server.Reply($"{path}/crl", ReplayServer.Ok(list ?? amd.Crl()));
    }
}
