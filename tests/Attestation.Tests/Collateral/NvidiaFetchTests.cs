using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Nvidia;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>NVIDIA's two services: references by their identifiers, and answers about revocation, with and without a nonce.</summary>
public sealed class NvidiaFetchTests : IClassFixture<SimulatedAuthorities>, IAsyncLifetime
{
    private readonly ReplayServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-cache-").FullName;
    private readonly SimulatedAuthorities _authorities;
    private readonly MintedGpuEvidence _gpu;
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(32);
    private readonly NvidiaResponder _responder;
    private readonly string _driverId;
    private readonly string _vbiosId;

    public NvidiaFetchTests(SimulatedAuthorities authorities)
    {
        _authorities = authorities;
        _gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = _nonce });
        _responder = new NvidiaResponder(authorities.Trusted, SimulatedAuthorities.Now);
        Assert.True(GpuReport.TryParse(_gpu.Report, out GpuReport? report, out _));
        _driverId = $"NV_GPU_DRIVER_GH100_{report!.DriverVersion}";
        _vbiosId = $"NV_GPU_VBIOS_{report.Board}_{report.VbiosVersion!.Replace(".", "", StringComparison.Ordinal)}";
        Serve(_driverId, authorities.Trusted.Rim.Driver);
        Serve(_vbiosId, authorities.Trusted.Rim.Vbios);
        _server.Play("/ocsp", (request, stream, token) => stream.WriteAsync(ReplayServer.Ok(_responder.Answer(request.Body, _gpu.CertificateChain)), token).AsTask());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task References_and_answers_are_fetched_and_a_verdict_accepts_by_them(bool nonce)
    {
        CollectedCollateral collected = await CollectAsync(nonce: nonce);

        Assert.Null(collected.Failure);
        Assert.Equal([$"/v1/rim/{_driverId}", $"/v1/rim/{_vbiosId}", "/ocsp", "/ocsp", "/ocsp"], _server.Targets);
        Assert.All(_server.Requests.Where(request => request.Target == "/ocsp"), request =>
        {
            Assert.Equal("POST", request.Method);
            Assert.Contains("Content-Type: application/ocsp-request", request.Headers);
            Assert.Equal(nonce, request.Body.AsSpan().IndexOf((byte[])[0x2B, 6, 1, 5, 5, 7, 0x30, 1, 2]) >= 0);
        });
        Verdict verdict = Judge(collected);
        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.GpuRevocation)!.Value.Result);
        Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.GpuMeasurements)!.Value.Result);
    }

    [Theory]
    [InlineData(1, "revoked")]
    [InlineData(2, "unknown")]
    public async Task A_revoked_or_unknown_certificate_is_what_the_verdict_hears(int status, string word)
    {
        _responder.Status = status;
        CollectedCollateral collected = await CollectAsync(cache: new CollateralCache(_folder));

        Assert.Null(collected.Failure);
        Verdict verdict = Judge(collected);
        Assert.False(verdict.IsAccepted);
        Assert.Contains(word, verdict.Find(CheckNames.GpuRevocation)!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_does_not_repeat_the_nonce_is_refused()
    {
        _responder.RepeatsNonce = false;
        CollectedCollateral collected = await CollectAsync(nonce: true);
        Assert.Equal(FetchFailure.WrongContent, collected.Failure!.Failure);
        Assert.Contains("does not repeat the nonce", collected.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_answer_the_verdict_rejects()
    {
        _server.Reply("/ocsp", ReplayServer.Whole(500, []));
        CollectedCollateral collected = await CollectAsync();

        Assert.Equal(FetchFailure.ServerError, collected.Failure!.Failure);
        Assert.Equal(CheckResult.Failed, Judge(collected).Find(CheckNames.GpuRevocation)!.Value.Result);
    }

    [Fact]
    public async Task An_answer_about_another_certificate_is_refused()
    {
        byte[]? first = null;
        _server.Play("/ocsp", (request, stream, token) =>
            stream.WriteAsync(ReplayServer.Ok(first ??= _responder.Answer(request.Body, _gpu.CertificateChain)), token).AsTask());
        CollectedCollateral collected = await CollectAsync();
        Assert.Equal(FetchFailure.WrongContent, collected.Failure!.Failure);
        Assert.Contains("says nothing about that certificate", collected.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_answer_than_was_seen_is_refused()
    {
        CollateralCache cache = new(_folder);
        Assert.Null((await CollectAsync(cache: cache)).Failure);
        _responder.ThisUpdate = SimulatedAuthorities.Now.AddHours(-2);
        CollectedCollateral replayed = await CollectAsync(cache: cache, refresh: true);
        Assert.Equal(FetchFailure.Downgraded, replayed.Failure!.Failure);
    }

    [Fact]
    public async Task An_expired_answer_is_refused()
    {
        _responder.ThisUpdate = SimulatedAuthorities.Now.AddDays(-8);
        Assert.Equal(FetchFailure.Stale, (await CollectAsync()).Failure!.Failure);
    }

    [Fact]
    public async Task A_reference_that_NVIDIA_does_not_publish_is_named_and_the_rest_is_fetched()
    {
        _server.Reply($"/v1/rim/{_driverId}", ReplayServer.Whole(404, "{}"u8));
        CollectedCollateral collected = await CollectAsync();

        Assert.Null(collected.Failure);
        Assert.Equal(DocumentOrigin.Missing, collected.Documents[0].Origin);
        Verdict verdict = Judge(collected);
        Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.GpuRevocation)!.Value.Result);
        Assert.Contains("measurements not compared", verdict.Find(CheckNames.GpuMeasurements)!.Value.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id", "\"NV_GPU_DRIVER_GH100_1\"", "another id")]
    [InlineData("sha256", "\"00\"", "not what its digest says")]
    [InlineData("rim_format", "\"CORIM\"", "CORIM")]
    [InlineData("rim", "\"!\"", "something else")]
    [InlineData("rim", "\"PGEvPg==\"", "not what its digest says")]
    public async Task An_answer_that_is_not_that_reference_is_refused(string member, string value, string said)
    {
        JsonObject answer = RimAnswer(_driverId, _authorities.Trusted.Rim.Driver);
        answer[member] = JsonNode.Parse(value);
        _server.Reply($"/v1/rim/{_driverId}", ReplayServer.Ok(Encoding.UTF8.GetBytes(answer.ToJsonString())));
        CollectedCollateral collected = await CollectAsync();
        Assert.Equal(FetchFailure.WrongContent, collected.Failure!.Failure);
        Assert.Contains(said, collected.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_versions_reference_and_an_unsigned_one_are_refused()
    {
        Serve(_driverId, _authorities.Trusted.Rim.Vbios);
        Assert.Contains("it is the reference of", (await CollectAsync()).Failure!.Message, StringComparison.Ordinal);
        Serve(_driverId, _authorities.Foreign.Rim.Driver);
        Assert.Equal(FetchFailure.WrongContent, (await CollectAsync()).Failure!.Failure);
    }

    [Theory]
    [InlineData("../../vcek/v1/x")]
    [InlineData("550/../144")]
    [InlineData("a b")]
    [InlineData("550?x=1")]
    public void A_version_of_which_no_address_can_be_made_is_refused(string version)
    {
        MintedGpuEvidence hostile = _authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = _nonce, DriverVersion = version });
        string problem = Collecting.Refused(Request(hostile), _authorities.Anchors);
        Assert.Contains("no address can be made", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_asked_about_a_foreign_devices_certificates()
    {
        MintedGpuEvidence foreign = _authorities.Foreign.Gpu.Mint(new GpuReportSpec { Nonce = _nonce });
        Assert.Contains("do not lead to the pinned root", Collecting.Refused(Request(foreign), _authorities.Anchors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_GPUs_share_what_they_have_in_common_and_all_comes_from_the_disk_later()
    {
        MintedGpuEvidence second = _authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = _nonce, Device = 1 });
        byte[] list = Encoding.UTF8.GetBytes(new JsonArray([.. new[] { _gpu, second }.Select(item => new JsonObject
        {
            ["evidence"] = Convert.ToBase64String(item.Report), ["certificate"] = Convert.ToBase64String(item.CertificateChain),
        })]).ToJsonString());
        _server.Play("/ocsp", (request, stream, token) => stream.WriteAsync(ReplayServer.Ok(Either(request.Body, second)), token).AsTask());
        CollateralRequest request = new() { Evidence = list, Format = EvidenceFormat.GpuReport };
        CollateralCache cache = new(_folder);
        CollectedCollateral fetched = await Collecting.CollectAsync(_server, request, _authorities.Anchors, SimulatedAuthorities.Now, cache);
        Assert.Null(fetched.Failure);
        Assert.Equal(2, _server.Targets.Count(target => target.StartsWith("/v1/rim/", StringComparison.Ordinal)));
        Assert.Equal(4, _server.Targets.Count(target => target == "/ocsp"));

        CollectedCollateral stored = await Collecting.CollectAsync(null, request, _authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder));
        Assert.Null(stored.Failure);
        Assert.Equal(fetched.Json.ToArray(), stored.Json.ToArray());
    }

    [Fact]
    public async Task What_was_fetched_on_one_machine_is_imported_on_another()
    {
        CollectedCollateral fetched = await CollectAsync();
        CollateralCache cache = new(_folder);
        IReadOnlyList<StoreOutcome> outcomes = await CollateralFile.ImportAsync(
            cache, fetched.Json, TcbSelection.Default, _authorities.Anchors, SimulatedAuthorities.Now, "file", TestContext.Current.CancellationToken);
        Assert.Equal(5, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.True(outcome.Stored, outcome.Problem));
        CollectedCollateral stored = await Collecting.CollectAsync(null, Request(_gpu), _authorities.Anchors, SimulatedAuthorities.Now, cache);
        Assert.True(Judge(stored).IsAccepted);
    }

    [Fact]
    public async Task A_recorded_reference_of_NVIDIAs_serves_a_recorded_report()
    {
        byte[] report = VectorTable.Read("nvidia-spdm/ccc-certifier-framework-certifier-framework-for-confidential-computing/attestationReport-bb0c8426.bin");
        byte[] chain = VectorTable.Read("nvidia-spdm/ccc-certifier-framework-certifier-framework-for-confidential-computing/chain-50948C723FC935C7BD14B7C22833DFBE1DFD1145.pem");
        Serve("NV_GPU_DRIVER_GH100_545.00", VectorTable.Read("nvidia-rim/nvidia-nvtrust/Driver_RIM_test_no_gpu.swidtag"));
        Serve("NV_GPU_VBIOS_1010_0200_882_96005E0001", VectorTable.Read("nvidia-rim/nvidia-nvtrust/1010_0200_882_96005E0001_test_no_gpu.swidtag"));
        CollateralRequest request = new()
        {
            Evidence = report,
            Format = EvidenceFormat.GpuReport,
            GpuChainPem = chain,

            // No recorded answer exists: what is at hand says that none is wanted.
            Given = "{\"ocsp_b64\": []}"u8.ToArray(),
        };
        DateTimeOffset at = new(2024, 6, 1, 0, 0, 0, TimeSpan.Zero);
        CollectedCollateral collected = await Collecting.CollectAsync(_server, request, TrustAnchors.Production, at);
        Assert.Null(collected.Failure);
        Verdict verdict = new BatchVerifier(TimeProvider.System).Appraise(
            new BatchRequest { Evidence = report, Format = EvidenceFormat.GpuReport, Collateral = collected.Json, At = at });
        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal("driver 21 of 21, VBIOS 12 of 12 equal the references", verdict.Find(CheckNames.GpuMeasurements)!.Value.Detail);
    }

    private byte[] Either(byte[] request, MintedGpuEvidence second)
    {
        try
        {
            return _responder.Answer(request, _gpu.CertificateChain);
        }
        catch (InvalidOperationException)
        {
            return _responder.Answer(request, second.CertificateChain);
        }
    }

    private static CollateralRequest Request(MintedGpuEvidence gpu) =>
        new() { Evidence = gpu.Report, Format = EvidenceFormat.GpuReport, GpuChainPem = gpu.CertificateChain };

    private static JsonObject RimAnswer(string id, byte[] rim) => new()
    {
        ["id"] = id,
        ["rim"] = Convert.ToBase64String(rim),
        ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(rim)),
        ["last_updated"] = "2025-03-14T15:09:03.011000",
        ["rim_format"] = "TCG",
        ["request_id"] = "ca80a80a-054c-476e-bdd2-7be7e3047fe5",
    };

    private void Serve(string id, byte[] rim) => _server.Reply($"/v1/rim/{id}", ReplayServer.Ok(Encoding.UTF8.GetBytes(RimAnswer(id, rim).ToJsonString())));

    private Task<CollectedCollateral> CollectAsync(CollateralCache? cache = null, bool nonce = false, bool refresh = false) => Collecting.CollectAsync(
        _server, Request(_gpu), _authorities.Anchors, SimulatedAuthorities.Now, cache, options: new CollectOptions { Refresh = refresh }, nonce: nonce);

    private Verdict Judge(CollectedCollateral collected) => new BatchVerifier(TimeProvider.System).Appraise(new BatchRequest
    {
        Evidence = _gpu.Report,
        Format = EvidenceFormat.GpuReport,
        Collateral = collected.Json,
        Nonce = _nonce,
        Anchors = _authorities.Anchors,
        At = SimulatedAuthorities.Now,
    });
}
