using System.Text.Json;
using Verathos.Client.Bundles;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Demo;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>The client's verbs against a whole node, and what each exit status means.</summary>
public sealed class ClientVerbTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-verbs-").FullName;
    private DemoNode? _node;

    private string Node => _node!.Address.ToString();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        LoadedModel model = ModelLoader.Load(Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny"), new LoadOptions(), null, Cancel);
        _node = await DemoNode.StartAsync(model, null, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        if (_node is not null)
            await _node.DisposeAsync();
    }

    [Fact]
    public async Task Chat_streams_an_answer_whose_receipt_holds()
    {
        Run run = await RunAsync(0, "chat", "--node", Node, "--allow-simulated", "--max-tokens", "24", "What is 7 plus 5?");
        Assert.NotEmpty(run.Output.Trim());
        Assert.Contains("ACCEPTED, SIMULATED", run.Error, StringComparison.Ordinal);
        Assert.Contains("RECEIPT HOLDS", run.Error, StringComparison.Ordinal);

        JsonElement json = (await RunAsync(0, "chat", "--node", Node, "--allow-simulated", "--max-tokens", "24", "--json", "What is 7 plus 5?")).Json;
        Assert.Equal(run.Output.TrimEnd('\n'), json.GetProperty("text").GetString());
        Assert.True(json.GetProperty("simulated").GetBoolean());
        Assert.True(json.GetProperty("receipt").GetProperty("verdict").GetProperty("valid").GetBoolean());
        Assert.Equal("accepted", json.GetProperty("verdict").GetProperty("verdict").GetString());
    }

    [Fact]
    public async Task An_answer_must_commit_where_that_is_asked_for()
    {
        string file = Path.Combine(_folder, "committed.verathos");
        await RunAsync(0, "receipt", "save", "--node", Node, "--allow-simulated", "--trace", "always", "--max-tokens", "8", "--out", file, "What is 7 plus 5?");
        Run verified = await RunAsync(0, "receipt", "verify", file, "--allow-simulated", "--trace", "always", "--json");
        Assert.Contains("receipt.trace", verified.Output, StringComparison.Ordinal);
        await RunAsync(64, "receipt", "verify", file, "--allow-simulated", "--trace", "sometimes");
    }

    [Fact]
    public async Task Chat_under_the_production_policy_rejects_and_says_simulated()
    {
        Run run = await RunAsync(10, "chat", "--node", Node, "hi");
        Assert.Equal("", run.Output);
        Assert.Contains("SIMULATED", run.Error, StringComparison.Ordinal);
        await RunAsync(10, "chat", "--node", Node, "--policy", Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json"), "hi");
        await RunAsync(10, "chat", "--node", Node, "--allow-simulated", "--policy", Path.Combine(Vectors.RepositoryRoot, "policies", "tdx-h100.json"), "hi");
    }

    [Fact]
    public async Task Evidence_of_a_node_is_shown_verified_and_rejected()
    {
        JsonElement accepted = (await RunAsync(0, "evidence", "verify", Node, "--allow-simulated", "--json")).Json;
        Assert.Equal("accepted", accepted.GetProperty("outcome").GetString());
        Assert.Equal("verathos-tiny", accepted.GetProperty("node").GetProperty("model").GetString());
        Assert.Equal("verifier", accepted.GetProperty("verdict").GetProperty("time_source").GetString());

        Run table = await RunAsync(0, "evidence", "verify", Node, "--allow-simulated");
        Assert.Contains("binding.report-data", table.Output, StringComparison.Ordinal);
        Assert.Contains("(SIMULATED)", table.Output, StringComparison.Ordinal);

        JsonElement rejected = (await RunAsync(10, "evidence", "verify", Node, "--json")).Json;
        Assert.True(rejected.GetProperty("simulated").GetBoolean());
        Assert.Equal("rejected", rejected.GetProperty("verdict").GetProperty("verdict").GetString());

    }

    [Fact]
    public async Task Showing_evidence_has_the_statuses_of_verifying_it()
    {
        const string unjudged = "nothing here was judged by a policy";
        Run shown = await RunAsync(10, "evidence", "show", Node);
        Assert.Contains("manifest root", shown.Output, StringComparison.Ordinal);
        Assert.Contains("(SIMULATED)", shown.Output, StringComparison.Ordinal);
        Assert.Contains(unjudged, shown.Output, StringComparison.Ordinal);

        string policy = Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json");
        Assert.Contains(unjudged, (await RunAsync(11, "evidence", "show", Node, "--allow-simulated")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(unjudged, (await RunAsync(0, "evidence", "show", Node, "--allow-simulated", "--policy", policy)).Output, StringComparison.Ordinal);
        string roots = Verathos.Client.Trust.SimulatedFolder.Default;
        Run unallowed = await RunAsync(10, "evidence", "show", Node, "--trust-anchor", roots, "--policy", policy);
        Assert.Contains("--allow-simulated", unallowed.Error, StringComparison.Ordinal);

        JsonElement json = (await RunAsync(11, "evidence", "show", Node, "--allow-simulated", "--json")).Json;
        Assert.Equal(11, json.GetProperty("exit").GetInt32());
        Assert.Equal("not_appraised", json.GetProperty("outcome").GetString());
        Assert.True(json.GetProperty("simulated").GetBoolean());
        Assert.Equal("verathos-tiny", json.GetProperty("node").GetProperty("model").GetString());
        Assert.False(json.GetProperty("verdict").GetProperty("appraised").GetBoolean());
    }

    [Fact]
    public async Task A_stored_collection_is_only_as_fresh_as_the_verifier_can_say()
    {
        string nonce = new('a', 64);
        string file = Path.Combine(_folder, "collection");
        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        using HttpClient http = new();
        await File.WriteAllBytesAsync(file, await http.GetByteArrayAsync($"{Node}.well-known/verathos/evidence?nonce={nonce}", Cancel), Cancel);
        string strict = Path.Combine(_folder, "strict.json");
        string simulated = await File.ReadAllTextAsync(Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json"), Cancel);
        System.Text.Json.Nodes.JsonNode policy = System.Text.Json.Nodes.JsonNode.Parse(simulated)!;
        policy["node"]!["timeSources"] = new System.Text.Json.Nodes.JsonArray("verifier");
        await File.WriteAllTextAsync(strict, policy.ToJsonString(), Cancel);
        string[] verify = ["evidence", "verify", file, "--nonce", nonce, "--allow-simulated", "--policy", strict];

        Run unsaid = await RunAsync(10, verify);
        Assert.Contains("policy.node.timeSources", unsaid.Output, StringComparison.Ordinal);
        Assert.Contains("--requested-at", unsaid.Error, StringComparison.Ordinal);
        await RunAsync(0, [.. verify, "--requested-at", asked.ToString("O")]);
        Assert.Contains("policy.node.maxEvidenceAge", (await RunAsync(10, [.. verify, "--requested-at", asked.AddHours(-2).ToString("O")])).Output, StringComparison.Ordinal);
        await RunAsync(64, [.. verify, "--requested-at", "yesterday"]);
    }

    [Fact]
    public async Task The_proxy_says_where_it_listens_and_takes_its_key_from_the_environment()
    {
        const string variable = "VERATHOS_PROXY_KEY";
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        StringWriter output = new();
        TextWriter shared = TextWriter.Synchronized(output);
        Environment.SetEnvironmentVariable(variable, "key-of-the-environment");
        try
        {
            Task<int> proxy = Application.RunAsync(["proxy", "--node", Node, "--allow-simulated", "--listen", "127.0.0.1:0", "--json"], shared, TextWriter.Null, stop.Token);
            while (!proxy.IsCompleted && !output.ToString().TrimEnd().EndsWith('}'))
                await Task.Delay(20, Cancel);

            JsonElement started = JsonElement.Parse(output.ToString());
            Assert.True(started.GetProperty("simulated").GetBoolean());
            Assert.Equal("accepted", started.GetProperty("verdict").GetProperty("verdict").GetString());
            string models = started.GetProperty("base_url").GetString() + "/models";
            using HttpClient http = new();
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await http.GetAsync(models, Cancel)).StatusCode);
            http.DefaultRequestHeaders.Authorization = new("Bearer", "key-of-the-environment");
            Assert.Contains("verathos-tiny", await http.GetStringAsync(models, Cancel), StringComparison.Ordinal);
            await stop.CancelAsync();
            Assert.Equal(0, await proxy);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Fact]
    public async Task A_saved_receipt_verifies_offline_and_falls_when_changed()
    {
        string file = Path.Combine(_folder, "answer.verathos");
        JsonElement saved = (await RunAsync(0, "receipt", "save", "--node", Node, "--allow-simulated", "--max-tokens", "24", "--out", file, "--json", "What is 7 plus 5?")).Json;
        Assert.Equal(file, saved.GetProperty("file").GetString());
        Assert.Equal(new FileInfo(file).Length, saved.GetProperty("bytes").GetInt64());
        Assert.NotEqual("", saved.GetProperty("text").GetString());
        Assert.True(saved.GetProperty("simulated").GetBoolean());
        Assert.True(saved.GetProperty("receipt").GetProperty("valid").GetBoolean());
        await _node!.DisposeAsync();
        _node = null;

        JsonElement verified = (await RunAsync(0, "receipt", "verify", file, "--allow-simulated", "--json")).Json;
        Assert.Equal("asserted", verified.GetProperty("verdict").GetProperty("time_source").GetString());
        Assert.True(verified.GetProperty("receipt").GetProperty("valid").GetBoolean());
        Assert.True(verified.GetProperty("same_policy_as_saved").GetBoolean());
        await RunAsync(0, "evidence", "verify", file, "--allow-simulated");
        await RunAsync(10, "receipt", "verify", file);
        foreach (string[] time in (string[][])[["--now"], ["--at", TimeProvider.System.GetUtcNow().ToString("O")]])
        {
            JsonElement answered = (await RunAsync(0, ["receipt", "verify", file, "--allow-simulated", "--json", .. time])).Json;
            Assert.Equal("verifier", answered.GetProperty("verdict").GetProperty("time_source").GetString());
        }

        await RunAsync(10, "receipt", "verify", file, "--allow-simulated", "--at", TimeProvider.System.GetUtcNow().AddHours(3).ToString("O"));
        await RunAsync(64, "receipt", "verify", file, "--now", "--at", "0");

        Assert.True(ProofBundle.TryDecode(await File.ReadAllBytesAsync(file, Cancel), out ProofBundle? bundle, out _));
        string stripped = Path.Combine(_folder, "stripped.verathos");
        await File.WriteAllBytesAsync(stripped, (bundle with { Receipt = null, Transcript = null }).Encode(), Cancel);
        Assert.Contains("holds no receipt", (await RunAsync(10, "receipt", "verify", stripped, "--allow-simulated")).Error, StringComparison.Ordinal);

        byte[] bytes = await File.ReadAllBytesAsync(file, Cancel);
        foreach (int offset in (int[])[bytes.Length / 4, bytes.Length / 2, bytes.Length - 300])
        {
            byte[] changed = [.. bytes];
            changed[offset] ^= 1;
            await File.WriteAllBytesAsync(file, changed, Cancel);
            int exit = (await RunAsync(null, "receipt", "verify", file, "--allow-simulated")).Exit;
            Assert.True(exit is 10 or 30, $"a changed byte at {offset} gave {exit}");
        }
    }

    [Fact]
    public async Task A_raw_quote_is_verified_without_a_policy_and_not_appraised()
    {
        string quote = Vectors.Path("tdx-v4/phala-network-dcap-qvl/tdx_quote-c07101c4.bin");
        string[] row = File.ReadLines(Vectors.Path("VERDICTS.tsv")).Select(line => line.Split('\t')).First(line => quote.EndsWith(line[0], StringComparison.Ordinal) && line[3] == "UpToDate");
        string collateral = Vectors.Path(row[1]);
        JsonElement json = (await RunAsync(11, "evidence", "verify", quote, "--collateral", collateral, "--at", row[2], "--json")).Json;
        Assert.False(json.GetProperty("verdict").GetProperty("appraised").GetBoolean());
        Assert.Equal("UpToDate", json.GetProperty("verdict").GetProperty("tcb_status").GetString());
        await RunAsync(10, "evidence", "verify", quote, "--at", row[2]);
        await RunAsync(10, "evidence", "verify", quote, "--collateral", collateral, "--at", row[2], "--policy", Path.Combine(Vectors.RepositoryRoot, "policies", "tdx-h100.json"));
    }

    [Theory]
    [InlineData(20, "evidence", "verify", "EPID")]
    [InlineData(30, "evidence", "verify", "NOISE")]
    [InlineData(30, "receipt", "verify", "NOISE")]
    [InlineData(64, "evidence", "verify", "COLLECTION")]
    [InlineData(64, "evidence", "verify", "NOISE", "--at", "yesterday")]
    [InlineData(64, "evidence", "verify", "NOISE", "--nonce", "1")]
    [InlineData(64, "chat", "--node", "nonsense", "hi")]
    [InlineData(64, "chat", "--node", "NODE", "--allow-simulated", "--temperature", "7", "hi")]
    [InlineData(64, "proxy", "--listen", "0.0.0.0:8417")]
    [InlineData(1, "chat", "--node", "http://127.0.0.1:1", "hi")]
    [InlineData(1, "chat", "--node", "NODE", "--allow-simulated", "--model-name", "gpt-9", "hi")]
    [InlineData(1, "receipt", "verify", "absent.verathos")]
    public async Task Each_mistake_has_its_status_and_one_line(int exit, params string[] arguments)
    {
        string noise = Path.Combine(_folder, "noise");
        string epid = Path.Combine(_folder, "epid");
        string collection = Path.Combine(_folder, "collection");
        await File.WriteAllBytesAsync(noise, "no evidence at all, but long enough to be looked at by every reader"u8.ToArray(), Cancel);
        await File.WriteAllBytesAsync(epid, [3, 0, 1, 0, .. new byte[1000]], Cancel);
        using HttpClient http = new();
        await File.WriteAllBytesAsync(collection, await http.GetByteArrayAsync($"{Node}.well-known/verathos/evidence?nonce={new string('a', 64)}", Cancel), Cancel);
        string[] given = [.. arguments.Select(argument => argument switch { "EPID" => epid, "NOISE" => noise, "COLLECTION" => collection, "NODE" => Node, _ => argument })];
        Run run = await RunAsync(exit, given);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static async Task<Run> RunAsync(int? exit, params string[] arguments)
    {
        StringWriter output = new();
        StringWriter error = new();
        int status = await Application.RunAsync(arguments, output, error, Cancel);
        Run run = new(status, output.ToString(), error.ToString());
        if (exit is not null)
            Assert.True(status == exit, $"{string.Join(' ', arguments)} ended with {status}, not {exit}: {run.Error}{run.Output}");

        return run;
    }

    private sealed record Run(int Exit, string Output, string Error)
    {
        public JsonElement Json => JsonElement.Parse(Output);
    }
}
