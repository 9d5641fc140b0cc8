using System.Text.Json;
using Verathos.Host.Cli;
using Verathos.Host.Demo;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;
using Verathos.Validator.Tests.Epochs;

namespace Verathos.Validator.Tests.Commands;

/// <summary>The verbs as a person types them.</summary>
public sealed class ValidatorVerbTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-verbs-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Dir => Path.Combine(_root, "v");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_folder_is_made_keys_are_of_checked_weights_an_epoch_runs_without_them_and_what_is_published_verifies()
    {
        await using DemoNode node = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        string nodes = Write("nodes.json", $"[{{\"name\":\"mine\",\"url\":\"{node.Address}\",\"identity\":null}}]");
        string limits = Write("limits.json", SimulatedNodes.Limits().ToJson());
        string likelihoods = Write("likelihoods.json", SimulatedNodes.Tables().ToJson());
        string[] init = ["validator", "init", "--dir", Dir, "--nodes", nodes, "--limits", limits, "--likelihoods", likelihoods, "--epoch-seconds", "5", "--audit-window-seconds", "2", "--canaries", "2"];

        // Without measured limits a model is refused, and nothing is made.
        (ExitCode exit, string error, _) = await RunAsync([.. init, "--allow-simulated", "--model", SimulatedNodes.ModelPath, "--limits", Write("none.json", new Fingerprint.Limits.LimitTable(1, []).ToJson())]);
        Assert.NotEqual(ExitCode.Accepted, exit);
        Assert.False(Directory.Exists(Dir));
        (exit, error, _) = await RunAsync([.. init, "--allow-simulated"]);
        Assert.True(exit == ExitCode.Accepted, error);
        Assert.Equal(ExitCode.Failed, (await RunAsync([.. init, "--allow-simulated"])).Exit);

        // Nothing is sent where nothing could be judged.
        (exit, error, _) = await RunAsync(["validator", "run", "--dir", Dir, "--once"]);
        Assert.Equal(ExitCode.Usage, exit);
        Assert.Contains("validator keys", error, StringComparison.Ordinal);
        string root = Convert.ToHexStringLower(SimulatedNodes.Root);
        (exit, error, _) = await RunAsync(["validator", "keys", "--dir", Dir, "--model", SimulatedNodes.ModelPath, "--root", new string('0', 64)]);
        Assert.Equal(ExitCode.Rejected, exit);
        Assert.Contains(root, error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Dir, "keys")));
        (exit, error, JsonElement made) = await RunAsync(["validator", "keys", "--dir", Dir, "--model", SimulatedNodes.ModelPath, "--root", root, "--epochs", "2"]);
        Assert.True(exit == ExitCode.Accepted, error);
        Assert.Equal(2, made.GetProperty("files").GetArrayLength());
        Assert.NotEqual(File.ReadAllBytes(made.GetProperty("files")[0].GetProperty("path").GetString()!)[..32], File.ReadAllBytes(made.GetProperty("files")[1].GetProperty("path").GetString()!)[..32]);

        (_, _, JsonElement dry) = await RunAsync(["validator", "run", "--dir", Dir, "--dry-run", "--price", "3"]);
        Assert.Equal(2, dry.GetProperty("cost").GetProperty("canaries").GetInt64());
        Assert.True(dry.GetProperty("money").GetDouble() > 0);
        (exit, error, JsonElement run) = await RunAsync(["validator", "run", "--dir", Dir, "--once"]);
        Assert.True(exit == ExitCode.Accepted, error);
        Assert.Equal("active", run.GetProperty("nodes")[0].GetProperty("status").GetString());
        Assert.True(run.GetProperty("epochs")[0].GetProperty("audited").GetInt32() >= 2, error);
        string commitment = run.GetProperty("epochs")[0].GetProperty("commitment").GetString()!;
        Assert.Contains(commitment, error, StringComparison.Ordinal);
        string reveal = Path.Combine(Dir, "reveals", "epoch-1.json");
        Assert.Equal(ExitCode.Accepted, (await RunAsync(["validator", "verify", reveal, "--commitment", commitment])).Exit);
        Assert.Equal(ExitCode.Rejected, (await RunAsync(["validator", "verify", reveal, "--commitment", new string('1', 64)])).Exit);
        Assert.Equal(ExitCode.Rejected, (await RunAsync(["validator", "verify", nodes])).Exit);

        // A canary is given to a second validator, which finds that the node is right.
        string id;
        using (ValidatorState state = ValidatorState.OpenReadOnly(Path.Combine(Dir, "state.db")))
        {
            id = Convert.ToHexStringLower(state.Canaries(1)[0].Id);
        }

        (exit, error, JsonElement file) = await RunAsync(["validator", "dispute", "--dir", Dir, "--export", id]);
        Assert.True(exit == ExitCode.Accepted, error);
        (exit, error, JsonElement report) = await RunAsync(["validator", "dispute", "--dir", Dir, "--ticket", file.GetProperty("file").GetString()!, "--model", SimulatedNodes.ModelPath]);
        Assert.True(exit == ExitCode.Accepted, error);
        Assert.Equal("node_is_right", report.GetProperty("result").GetString());
        Assert.Equal(ExitCode.Failed, (await RunAsync(["validator", "dispute", "--dir", Dir, "--export", new string('a', 32)])).Exit);
    }

    [Fact]
    public async Task The_way_back_takes_a_reason_time_and_new_keys_or_says_that_it_was_early()
    {
        ValidatorFolder folder = SimulatedNodes.Folder(Dir, [], static c => c with { EpochSeconds = 5 });
        using (OwnerKey owner = OwnerKey.Load(folder.OwnerKeyPath))
        using (StateSeal seal = new(owner.Secret))
        using (ValidatorState state = ValidatorState.Open(folder.StatePath, seal))
        {
            state.TakeOver([new ListedNode("a", new Uri("http://127.0.0.1:1"), null)], 1, 1);
            state.BeginEpoch(1, new byte[32], new byte[32], "{}", 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, []);
            Assert.Equal(ExitCode.Failed, (await RunAsync(["validator", "release", "a", "--dir", Dir, "--reason", "x"])).Exit);
            state.AddEvent(1, state.Node("a")!.Id, DateTimeOffset.UnixEpoch, new NewEvent(EventKind.Caught, "layer.query", ""));
        }

        Assert.Equal(ExitCode.Usage, (await RunAsync(["validator", "release", "a", "--dir", Dir])).Exit);
        Assert.Equal(ExitCode.Failed, (await RunAsync(["validator", "release", "nobody", "--dir", Dir, "--reason", "x"])).Exit);
        Assert.Equal(ExitCode.Rejected, (await RunAsync(["validator", "release", "a", "--dir", Dir, "--reason", "x"])).Exit);
        (ExitCode exit, string error, _) = await RunAsync(["validator", "release", "a", "--dir", Dir, "--reason", "a false alarm of ours", "--early"]);
        Assert.True(exit == ExitCode.Accepted, error);
        using ValidatorState after = ValidatorState.OpenReadOnly(folder.StatePath);
        Assert.Equal(NodeStatus.Active, after.Node("a")!.Status);
        Assert.Equal(("a false alarm of ours", true), (after.Events()[^1].Reason, after.Events()[^1].Detail.Contains("early", StringComparison.Ordinal)));
    }

    private static async Task<(ExitCode Exit, string Error, JsonElement Result)> RunAsync(string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exit = await Application.RunAsync([.. arguments, "--json"], output, error, Cancel);
        return ((ExitCode)exit, error.ToString(), output.ToString() is { Length: > 0 } text ? JsonElement.Parse(text) : default);
    }

    private string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_root, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
