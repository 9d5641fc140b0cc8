using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>Intel's services, honest: what is asked, and that a verdict accepts by what came.</summary>
public sealed class IntelFetchTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>, IAsyncLifetime
{
    private readonly ReplayServer _server = new();

    private byte[] QuoteBytes => authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_quotes_collateral_is_fetched_and_a_verdict_accepts_by_it()
    {
        IntelService intel = Tdx().On(_server);
        CollectedCollateral collected = await Collecting.CollectAsync(_server, Collecting.Quote(QuoteBytes), authorities.Anchors, SimulatedAuthorities.Now);

        Assert.Null(collected.Failure);
        Assert.Equal([intel.TcbPath, intel.QePath, intel.PckCrlPath, IntelService.RootCrl], _server.Targets);
        Assert.All(collected.Documents, document => Assert.Equal(DocumentOrigin.Network, document.Origin));
        Assert.Equal(intel.Text("tcb_info"), JsonNode.Parse(collected.Json.Span)!["tcb_info"]!.GetValue<string>());
        Verdict verdict = Appraiser.AppraiseQuote(QuoteBytes, collected.Json, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);
        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal(TcbStatus.UpToDate, verdict.TcbStatus);
    }

    [Fact]
    public async Task A_caching_service_stands_in_for_both_of_Intels()
    {
        Tdx().AsCachingServiceOn(_server);
        CollateralServices services = new() { Pccs = _server.Address };
        CollectedCollateral collected = await Collecting.CollectAsync(
            _server, Collecting.Quote(QuoteBytes), authorities.Anchors, SimulatedAuthorities.Now, services: services);

        Assert.Null(collected.Failure);
        Assert.Contains("/sgx/certification/v4/rootcacrl", _server.Targets);
        Assert.True(Appraiser.AppraiseQuote(QuoteBytes, collected.Json, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier).IsAccepted);
    }

    [Theory]
    [InlineData("early", "update=early")]
    [InlineData("standard", "update=standard")]
    [InlineData("21", "tcbEvaluationDataNumber=21")]
    public async Task The_evaluation_that_is_asked_for_is_a_parameter(string name, string parameter)
    {
        IntelService intel = Tdx().On(_server);
        _server.Reply($"{intel.TcbPath}&{parameter}", ReplayServer.Ok(intel.TcbInfo, intel.TcbChain));
        Assert.True(TcbSelection.TryParse(name, out TcbSelection? selection));
        CollectedCollateral collected = await Collecting.CollectAsync(
            _server, Collecting.Quote(QuoteBytes, selection), authorities.Anchors, SimulatedAuthorities.Now);

        Assert.Null(collected.Failure);
        Assert.Contains($"{intel.TcbPath}&{parameter}", _server.Targets);
        Assert.Contains($"{intel.QePath}?{parameter}", _server.Targets);
    }

    [Fact]
    public async Task Another_evaluation_than_the_one_that_was_asked_for_is_refused()
    {
        IntelService intel = Tdx().On(_server);
        _server.Reply($"{intel.TcbPath}&tcbEvaluationDataNumber=19", ReplayServer.Ok(intel.TcbInfo, intel.TcbChain));
        CollectedCollateral collected = await Collecting.CollectAsync(
            _server, Collecting.Quote(QuoteBytes, TcbSelection.Of(19)), authorities.Anchors, SimulatedAuthorities.Now);

        Assert.Equal(FetchFailure.WrongContent, collected.Failure!.Failure);
        Assert.Contains("number 19 was asked for, and it has 21", collected.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chain_whose_spaces_are_plus_signs_is_read()
    {
        IntelService intel = Tdx().On(_server);
        _server.Reply(intel.TcbPath, ReplayServer.Ok(intel.TcbInfo, (intel.TcbChain.Name, intel.TcbChain.Value.Replace("%20", "+", StringComparison.Ordinal))));
        Assert.Null((await Collecting.CollectAsync(_server, Collecting.Quote(QuoteBytes), authorities.Anchors, SimulatedAuthorities.Now)).Failure);
    }

    [Fact]
    public async Task A_list_in_PEM_is_read()
    {
        IntelService intel = Tdx().On(_server);
        string pem = $"-----BEGIN X509 CRL-----\n{Convert.ToBase64String(intel.PckCrl, Base64FormattingOptions.InsertLineBreaks)}\n-----END X509 CRL-----\n";
        _server.Reply(intel.PckCrlPath, ReplayServer.Ok(Encoding.ASCII.GetBytes(pem), intel.CrlChain));
        Assert.Null((await Collecting.CollectAsync(_server, Collecting.Quote(QuoteBytes), authorities.Anchors, SimulatedAuthorities.Now)).Failure);
    }

    [Fact]
    public async Task An_SGX_quote_asks_for_SGX()
    {
        IntelService service = Sgx().On(_server);
        byte[] quote = authorities.Trusted.Sgx.Mint(new SgxQuoteSpec());
        CollectedCollateral collected = await Collecting.CollectAsync(_server, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now);

        Assert.Null(collected.Failure);
        Assert.Equal(service.TcbPath, _server.Targets.First());
        Assert.True(Appraiser.AppraiseQuote(quote, collected.Json, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Asserted).IsAccepted);
    }

    [Theory]
    [InlineData(CertificationDataType.PpidClear)]
    [InlineData(CertificationDataType.PpidRsa2048)]
    [InlineData(CertificationDataType.PpidRsa3072)]
    public async Task A_PCK_certificate_that_a_quote_only_names_comes_from_a_caching_service(CertificationDataType type)
    {
        Sgx().AsCachingServiceOn(_server);
        byte[] quote = authorities.Trusted.Sgx.Mint(new SgxQuoteSpec { InnerCertificationType = (ushort)type });
        string pem = JsonNode.Parse(authorities.Trusted.Collateral.Mint(CollateralSpec.Sgx with { PckCertificate = new PckSpec() }))!["pck_certificate_chain"]!.GetValue<string>();
        int leafEnd = pem.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal) + "-----END CERTIFICATE-----".Length;
        _server.Reply("/sgx/certification/v4/pckcert", ReplayServer.Ok(
            Encoding.ASCII.GetBytes(pem[..leafEnd]), ("SGX-PCK-Certificate-Issuer-Chain", Uri.EscapeDataString(pem[leafEnd..].Trim() + "\n"))));
        CollectedCollateral collected = await Collecting.CollectAsync(
            _server, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, services: new CollateralServices { Pccs = _server.Address });

        Assert.Null(collected.Failure);
        string asked = _server.Targets.First();
        Assert.StartsWith(
            $"/sgx/certification/v4/pckcert?qeid={new string('0', 32)}&cpusvn={Convert.ToHexString(new PckSpec().TcbComponents)}&pcesvn=0B00&pceid=0000", asked,
            StringComparison.Ordinal);
        Assert.Equal(type == CertificationDataType.PpidRsa3072, asked.Contains("encrypted_ppid=", StringComparison.Ordinal));
        Assert.True(Appraiser.AppraiseQuote(quote, collected.Json, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Asserted).IsAccepted);
    }

    [Fact]
    public async Task Intels_own_service_is_not_asked_for_PCK_certificates()
    {
        byte[] quote = authorities.Trusted.Sgx.Mint(new SgxQuoteSpec { InnerCertificationType = 1 });
        CollectedCollateral collected = await Collecting.CollectAsync(_server, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now);

        Assert.Equal(FetchFailure.NotPublished, collected.Failure!.Failure);
        Assert.Contains("PCCS", collected.Failure.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Recorded_answers_of_Intels_give_the_recorded_statuses()
    {
        // Every recorded quote once, with the answers that Intel gave on that day.
        foreach (VectorTable.VerdictRow row in VectorTable.Verdicts("tdx-v4").Concat(VectorTable.Verdicts("sgx-v3")).Where(row => row.Collateral.StartsWith("intel-collateral/bundles/", StringComparison.Ordinal)).DistinctBy(row => row.Collateral))
        {
            await using ReplayServer server = new();
            string name = Path.GetFileName(row.Collateral);
            string[] parts = name.Split('-');
            bool processor = JsonNode.Parse(VectorTable.Read(row.Collateral))!["pck_crl_issuer_chain"]!.GetValue<string>() is var chain && IsProcessor(chain);
            new IntelService(VectorTable.Read(row.Collateral), parts[0] == "tdx", parts[1], processor ? "processor" : "platform").On(server);
            byte[] quote = VectorTable.Read(row.Quote);
            CollectedCollateral collected = await Collecting.CollectAsync(server, Collecting.Quote(quote), TrustAnchors.Production, row.At);

            Assert.True(collected.Failure is null, $"{row.Quote} {name}: {collected.Failure?.Message}");
            Verdict verdict = Appraiser.AppraiseQuote(quote, collected.Json, null, TrustAnchors.Production, row.At, TimeSource.Asserted);
            Assert.Equal(row.Status, verdict.TcbStatus.ToString());
        }
    }

    private IntelService Tdx(CollateralSpec? spec = null) =>
        new(authorities.Trusted.Collateral.Mint(spec ?? new CollateralSpec()), tdx: true, "00806f050000");

    private IntelService Sgx() => new(authorities.Trusted.Collateral.Mint(CollateralSpec.Sgx), tdx: false, "00806f050000");

    private static bool IsProcessor(string chainPem) =>
        PemReader.TryRead(Encoding.ASCII.GetBytes(chainPem), out IReadOnlyList<Certificate> chain, out _) && chain.Any(item => item.CommonName.Contains("Processor", StringComparison.Ordinal));
}
