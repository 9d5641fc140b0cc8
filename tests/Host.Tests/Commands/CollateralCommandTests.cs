using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Host.Cli;
using Verathos.Host.Tests.Processes;
using Verathos.Simulator;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Host.Tests.Commands;

/// <summary><c>verathos collateral</c>, and <c>evidence verify</c> with a cache, with and without the network.</summary>
public sealed class CollateralCommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;
    private readonly Installation _installation;
    private readonly ReplayServer _server = new();

    public CollateralCommandTests()
    {
        _installation = Installation.OpenOrCreate(InFolder("sim"));
        File.WriteAllBytes(InFolder("quote.bin"), _installation.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] }));
        Serve(new CollateralSpec());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _installation.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_fetched_into_a_file_verifies_on_a_machine_without_a_network()
    {
        (ExitCode code, JsonElement fetched) = await FetchAsync("--out", InFolder("collateral.json"));
        Assert.Equal(ExitCode.Accepted, code);
        Assert.Equal(4, fetched.GetProperty("documents").GetArrayLength());
        Assert.Equal("network", fetched.GetProperty("documents")[0].GetProperty("origin").GetString());
        int asked = _server.Requests.Count;

        (code, JsonElement verified) = await JsonAsync("evidence", "verify", InFolder("quote.bin"), "--collateral", InFolder("collateral.json"), "--trust-anchor", InFolder("sim"));
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal("UpToDate", verified.GetProperty("verdict").GetProperty("tcb_status").GetString());
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Fact]
    public async Task A_file_is_imported_into_a_cache_listed_and_verified_by()
    {
        await FetchAsync("--out", InFolder("collateral.json"));
        (ExitCode code, JsonElement imported) = await JsonAsync("collateral", "import", InFolder("collateral.json"), "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"));
        Assert.Equal(ExitCode.Accepted, code);
        Assert.Equal(4, imported.GetProperty("stored").GetInt32());

        (code, JsonElement listed) = await JsonAsync("collateral", "list", "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"));
        Assert.Equal(ExitCode.Accepted, code);
        Assert.Equal(["pck_crl", "qe_identity", "root_ca_crl", "tcb_info"], listed.GetProperty("documents").EnumerateArray().Select(entry => entry.GetProperty("kind").GetString()!).Order());
        Assert.All(listed.GetProperty("documents").EnumerateArray(), entry => Assert.Equal(JsonValueKind.Null, entry.GetProperty("problem").ValueKind));

        Assert.Equal(
            ["1", "1", "21"],
            listed.GetProperty("highest").EnumerateArray().OrderBy(mark => mark.GetProperty("issuer").GetString(), StringComparer.Ordinal).Select(mark => mark.GetProperty("number").GetString()!));

        int asked = _server.Requests.Count;
        (code, JsonElement verified) = await VerifyAsync("--cache", InFolder("cache"));
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal(JsonValueKind.Null, verified.GetProperty("collateral_problem").ValueKind);
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Fact]
    public async Task Nothing_is_fetched_unless_asked()
    {
        (ExitCode code, JsonElement verified) = await VerifyAsync("--cache", InFolder("cache"));
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Equal("collateral.missing", verified.GetProperty("verdict").GetProperty("reason").GetString());
        Assert.Contains("nothing is fetched unless asked", verified.GetProperty("collateral_problem").GetString(), StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
        Assert.False(Directory.Exists(InFolder("cache")));
    }

    [Fact]
    public async Task Asked_for_it_is_fetched_once_and_kept()
    {
        string[] options = ["--fetch", "--cache", InFolder("cache"), .. Services];
        (ExitCode code, JsonElement verified) = await VerifyAsync(options);
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal("UpToDate", verified.GetProperty("verdict").GetProperty("tcb_status").GetString());
        Assert.Equal(4, _server.Requests.Count);

        (code, _) = await VerifyAsync(options);
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal(4, _server.Requests.Count);

        (code, _) = await VerifyAsync([.. options, "--refresh"]);
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal(8, _server.Requests.Count);
    }

    [Fact]
    public async Task Lines_of_a_batch_that_bring_no_collateral_get_it_from_the_cache()
    {
        await FetchAsync("--cache", InFolder("cache"));
        int asked = _server.Requests.Count;
        File.WriteAllLines(InFolder("batch.jsonl"), [.. Enumerable.Range(0, 3).Select(i => JsonSerializer.Serialize(new
        {
            id = i,
            path = InFolder("quote.bin"),
            trust_anchor_pem = File.ReadAllText(InFolder("sim/intel-root.pem")),
        }))]);
        string[] batch = ["evidence", "verify", "--batch", InFolder("batch.jsonl")];
        (ExitCode code, string output, _) = await RunAsync([.. batch, "--cache", InFolder("cache")]);
        Assert.Equal(ExitCode.Accepted, code);
        string[] statuses = [.. output.Trim().Split('\n').Select(line => JsonElement.Parse(line)).Select(line => line.GetProperty("tcb_status").GetString()!)];
        Assert.Equal(["UpToDate", "UpToDate", "UpToDate"], statuses);
        Assert.Equal(asked, _server.Requests.Count);

        (_, output, _) = await RunAsync(batch);
        Assert.All(output.Trim().Split('\n'), line => Assert.Equal("collateral.missing", JsonElement.Parse(line).GetProperty("reason").GetString()));
        (code, _, _) = await RunAsync([.. batch, "--fetch", .. Services]);
        Assert.Equal(ExitCode.Usage, code);
    }

    [Fact]
    public async Task A_downgrade_is_refused_by_name_everywhere()
    {
        Serve(new CollateralSpec { TcbEvaluationDataNumber = 21 });
        await FetchAsync("--cache", InFolder("cache"));
        Serve(new CollateralSpec { TcbEvaluationDataNumber = 20 });
        (ExitCode code, JsonElement fetched) = await FetchAsync("--cache", InFolder("cache"), "--refresh", "--out", InFolder("old.json"));
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Equal("downgraded", fetched.GetProperty("failure").GetString());
        Assert.Contains("its number 20 is below 21", fetched.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.False(File.Exists(InFolder("old.json")));

        File.WriteAllBytes(InFolder("old.json"), _installation.Collateral.Mint(new CollateralSpec { TcbEvaluationDataNumber = 20 }));
        (code, JsonElement imported) = await JsonAsync("collateral", "import", InFolder("old.json"), "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"));
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Equal(2, imported.GetProperty("refused").GetInt32());

        (code, JsonElement verified) = await VerifyAsync("--cache", InFolder("cache"), "--collateral", InFolder("old.json"));
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Contains("is older than the cache has seen", verified.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_of_the_evaluation_is_asked_for_and_stands_in_the_place_of_the_update()
    {
        await FetchAsync("--cache", InFolder("cache"), "--tcb-evaluation-number", "21");
        Assert.Contains(_server.Targets, target => target.EndsWith("&tcbEvaluationDataNumber=21", StringComparison.Ordinal));
        (ExitCode code, _) = await FetchAsync("--cache", InFolder("cache"), "--tcb-evaluation-number", "21", "--update", "early");
        Assert.Equal(ExitCode.Usage, code);
    }

    [Fact]
    public async Task A_nodes_evidence_brings_its_own_collateral()
    {
        (ExitCode code, _, string error) = await RunAsync(["evidence", "verify", "http://127.0.0.1:9/", "--fetch"]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("brings its own collateral", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--pccs", "http://example.org/")]
    [InlineData("--kds", "not an address")]
    [InlineData("--update", "newest")]
    [InlineData("--timeout", "0")]
    [InlineData("--max-age", "-1")]
    public async Task A_wrong_option_is_a_usage_error(string option, string value)
    {
        (ExitCode code, _) = await FetchAsync("--out", InFolder("x.json"), option, value);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Somewhere_must_be_named_and_the_evidence_must_be_evidence()
    {
        Assert.Equal(ExitCode.Usage, (await FetchAsync()).Code);
        File.WriteAllText(InFolder("quote.bin"), "hello, this is no evidence");
        Assert.Equal(ExitCode.Malformed, (await FetchAsync("--out", InFolder("x.json"))).Code);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_a_failure_and_writes_nothing()
    {
        _server.Reply("/tdx/certification/v4/tcb", ReplayServer.Whole(404, []));
        (ExitCode code, JsonElement fetched) = await FetchAsync("--out", InFolder("x.json"));
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("not_found", fetched.GetProperty("failure").GetString());
        Assert.False(File.Exists(InFolder("x.json")));
    }

    [Fact]
    public async Task Collateral_goes_to_standard_output_where_asked()
    {
        (ExitCode code, string output, _) = await RunAsync(["collateral", "fetch", InFolder("quote.bin"), "--out", "-", "--trust-anchor", InFolder("sim"), .. Services]);
        Assert.Equal(ExitCode.Accepted, code);
        Assert.NotNull(JsonNode.Parse(output)!["tcb_info"]);
    }

    [Fact]
    public async Task A_file_that_is_no_collateral_is_refused_beside_those_that_are()
    {
        Directory.CreateDirectory(InFolder("files"));
        File.WriteAllBytes(Path.Combine(InFolder("files"), "a.json"), _installation.Collateral.Current);
        File.WriteAllText(Path.Combine(InFolder("files"), "b.txt"), "shopping list");
        (ExitCode code, string output, _) = await RunAsync(["collateral", "import", InFolder("files"), "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim")]);
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Contains("4 documents stored, 1 refused", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_processes_write_one_cache_and_some_are_killed()
    {
        const int writers = 8;
        for (int i = 1; i <= writers; i++)
        {
            File.WriteAllBytes(InFolder($"{i}.json"), _installation.Collateral.Mint(new CollateralSpec
            {
                TcbEvaluationDataNumber = i,
                CrlNumber = i,
                IssueDate = TimeProvider.System.GetUtcNow().AddMinutes(i - 60),
            }));
        }

        // Each imports all files in its own order, again and again through its arguments, and every second one is killed on its way.
        List<ChildProcess> children = [];
        for (int child = 0; child < 4; child++)
        {
            string[] files = [.. Enumerable.Range(0, 5 * writers).Select(i => InFolder($"{1 + (((2 * child) + 1) * i % writers)}.json"))];
            children.Add(ChildProcess.Start(_folder, Programs.Verathos, ["collateral", "import", .. files, "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"), "--json"]));
        }

        await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(InFolder("cache"), "documents")));
        children[1].Signal(9);
        children[3].Signal(9);
        foreach (ChildProcess child in children)
        {
            await child.ExitAsync();
            await child.DisposeAsync();
        }

        (ExitCode code, JsonElement imported) = await JsonAsync("collateral", "import", InFolder($"{writers}.json"), "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"));
        Assert.True(code == ExitCode.Accepted, imported.ToString());
        (_, JsonElement listed) = await JsonAsync("collateral", "list", "--cache", InFolder("cache"), "--trust-anchor", InFolder("sim"));
        JsonElement[] documents = [.. listed.GetProperty("documents").EnumerateArray()];
        Assert.Equal(4, documents.Length);
        Assert.All(documents, entry =>
        {
            Assert.Equal(JsonValueKind.Null, entry.GetProperty("problem").ValueKind);
            Assert.Equal("8", entry.GetProperty("number").GetString());
        });
        Assert.Empty(Directory.EnumerateFiles(InFolder("cache"), "*.tmp", SearchOption.AllDirectories));
    }

    private string[] Services => ["--pcs", _server.Address.AbsoluteUri, "--root-crl", new Uri(_server.Address, "/IntelSGXRootCA.der").AbsoluteUri];

    private string InFolder(string name) => Path.Combine(_folder, name);

    private void Serve(CollateralSpec spec)
    {
        JsonObject collateral = JsonNode.Parse(_installation.Collateral.Mint(spec))!.AsObject();
        string Text(string member) => collateral[member]!.GetValue<string>();
        (string, string) Chain(string header, string member) => (header, Uri.EscapeDataString(Text(member)));
        _server.Reply("/tdx/certification/v4/tcb", ReplayServer.Ok(
            Encoding.UTF8.GetBytes($"{{\"tcbInfo\":{Text("tcb_info")},\"signature\":\"{Text("tcb_info_signature")}\"}}"), Chain("TCB-Info-Issuer-Chain", "tcb_info_issuer_chain")));
        _server.Reply("/tdx/certification/v4/qe/identity", ReplayServer.Ok(
            Encoding.UTF8.GetBytes($"{{\"enclaveIdentity\":{Text("qe_identity")},\"signature\":\"{Text("qe_identity_signature")}\"}}"),
            Chain("SGX-Enclave-Identity-Issuer-Chain", "qe_identity_issuer_chain")));
        _server.Reply("/sgx/certification/v4/pckcrl", ReplayServer.Ok(Convert.FromHexString(Text("pck_crl")), Chain("SGX-PCK-CRL-Issuer-Chain", "pck_crl_issuer_chain")));
        _server.Reply("/IntelSGXRootCA.der", ReplayServer.Ok(Convert.FromHexString(Text("root_ca_crl"))));
    }

    private Task<(ExitCode Code, JsonElement Json)> FetchAsync(params string[] options) =>
        JsonAsync(["collateral", "fetch", InFolder("quote.bin"), "--trust-anchor", InFolder("sim"), .. Services, .. options]);

    private Task<(ExitCode Code, JsonElement Json)> VerifyAsync(params string[] options) =>
        JsonAsync(["evidence", "verify", InFolder("quote.bin"), "--trust-anchor", InFolder("sim"), .. options]);

    private async Task<(ExitCode Code, JsonElement Json)> JsonAsync(params string[] arguments)
    {
        (ExitCode code, string output, string error) = await RunAsync([.. arguments, "--json"]);
        return (code, output.Length == 0 ? JsonElement.Parse(JsonSerializer.Serialize(new { error })) : JsonElement.Parse(output));
    }

    private static async Task<(ExitCode Code, string Output, string Error)> RunAsync(string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return ((ExitCode)code, output.ToString(), error.ToString());
    }
}
