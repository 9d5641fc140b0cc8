using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Verathos.Testing;

namespace Verathos.Host.Tests.Processes;

/// <summary>The program as a person starts it: what it says when it cannot, and how it ends.</summary>
public sealed class NodeProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vn-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string[], int, string> Refusals => new()
    {
        { "no platform", ["node"], 64, "tee: say which platform" },
        { "unknown platform", ["node", "--tee", "sgx"], 64, "tee: sgx is not one of simulated, tdx" },
        { "no TDX", ["node", "--tee", "tdx", "--gpus", "0"], 20, "Run inside a TDX guest" },
        { "no TDX for an enclave", ["enclave", "--listen", "unix:e.sock", "--tee", "tdx"], 20, "verathos doctor" },
        { "unknown model", ["node", "--tee", "simulated", "--model", "/no/such/model"], 1, "no model at /no/such/model" },
        { "wrong addresses", ["node", "--tee", "simulated", "--listen", "8080", "--profile", "x"], 64, "2 mistakes: listen: 8080 is not an address" },
        { "no configuration", ["node", "--config", "absent.json"], 1, "no configuration file at" },
        { "enclave address", ["enclave", "--listen", "tcp:1", "--tee", "simulated"], 64, "--listen: tcp:1 is not unix:PATH" },
        { "dumps on hardware", ["enclave", "--listen", "unix:e.sock", "--tee", "tdx", "--allow-dumps"], 64, "--allow-dumps goes with --tee simulated only" },
        { "unknown option", ["node", "--bogus"], 64, "--help" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_cannot_be_started_says_why_in_one_line(string name, string[] arguments, int status, string expected)
    {
        Assert.NotEmpty(name);
        await using ChildProcess process = ChildProcess.Start(_folder, Programs.Verathos, arguments);

        Assert.Equal(status, await process.ExitAsync());
        await Eventually.TrueAsync(() => process.Error.Contains('\n', StringComparison.Ordinal));
        Assert.Contains(expected, process.Error, StringComparison.Ordinal);
        Assert.Single(process.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("   at ", process.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_mistake_of_a_configuration_file_is_told_at_once()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "node.json"), """{"tee": "sgx", "listen": ["nowhere"], "limits": {"queue": -1}, "surprise": true}""", Cancel);
        await using ChildProcess process = ChildProcess.Start(_folder, Programs.Verathos, "node", "--config", "node.json");

        Assert.Equal(64, await process.ExitAsync());
        await process.SaysAsync("4 mistakes");
        foreach (string member in (string[])["tee:", "listen:", "limits.queue:", "surprise:"])
        {
            Assert.Contains(member, process.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_damaged_model_is_named()
    {
        string model = Path.Combine(_folder, "damaged.gguf");
        await File.WriteAllBytesAsync(model, [.. "GGUF"u8, 3, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 127, 0, 0, 0, 0, 0, 0, 0, 0], Cancel);
        await using ChildProcess process = Node("--model", model, "--listen", "http://127.0.0.1:0");

        Assert.Equal(30, await process.ExitAsync());
        await process.SaysAsync("damaged.gguf cannot be used");
        Assert.DoesNotContain("   at ", process.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_production_policy_with_simulated_evidence_is_refused_before_anything_starts()
    {
        await using ChildProcess process = Node("--model", "unused", "--policy", Path.Combine(Vectors.RepositoryRoot, "policies", "tdx-h100.json"));

        Assert.Equal(10, await process.ExitAsync());
        await process.SaysAsync("is a production policy");
        Assert.DoesNotContain("listening", process.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_serves_and_ends_with_0_when_told_to_stop()
    {
        string model = Path.Combine(_folder, "model");
        RandomModelFolder.Write(model, hidden: 64, layers: 1);
        await using ChildProcess process = Node(
            "--listen", "http://127.0.0.1:0", "--model", model, "--policy", Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json"));
        await process.SaysAsync("ready:");
        Uri address = await process.AddressAsync();
        using HttpClient client = new() { BaseAddress = address };
        using HttpResponseMessage ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel);
        JsonElement body = JsonDocument.Parse(await ready.Content.ReadAsStringAsync(Cancel)).RootElement;
        await using ChildProcess second = Node("--model", model, "--listen", address.GetLeftPart(UriPartial.Authority));

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Equal("true", ready.Headers.GetValues("verathos-simulated").Single());
        Assert.True(body.GetProperty("simulated").GetBoolean());
        Assert.Contains("SIMULATED", process.Error, StringComparison.Ordinal);
        Assert.Equal(1, await second.ExitAsync());
        await second.SaysAsync("is in use by another program");

        process.Signal(NativeSignal.Terminate);
        Assert.Equal(0, await process.ExitAsync());
        Assert.All(process.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonDocument.Parse(line));
    }

    [Fact]
    public async Task An_enclave_process_closes_its_memory_and_ends_with_0_when_told_to_stop()
    {
        string model = Path.Combine(_folder, "model");
        RandomModelFolder.Write(model, hidden: 64, layers: 1);
        string[] arguments = ["enclave", "--listen", "unix:" + Path.Combine(_folder, "e.sock"), "--tee", "simulated", "--model", model];
        await using ChildProcess process = ChildProcess.Start(_folder, Programs.Verathos, arguments);
        await process.SaysAsync("enclave ready");
        string limits = await File.ReadAllTextAsync($"/proc/{process.Id}/limits", Cancel);
        await using ChildProcess second = ChildProcess.Start(_folder, Programs.Verathos, arguments);

        Assert.Matches(@"Max core file size +0 +0", limits);
        Assert.Equal(1, await second.ExitAsync());
        await second.SaysAsync("Another process already listens");
        process.Signal(NativeSignal.Interrupt);
        Assert.Equal(0, await process.ExitAsync());
    }

    [Fact]
    public async Task The_script_at_the_root_runs_the_program_from_any_folder()
    {
        Assert.SkipUnless(Programs.Verathos.Contains("/release/", StringComparison.Ordinal), "the script runs the release build");
        ProcessStartInfo start = new(Path.Combine(Vectors.RepositoryRoot, "verathos"), ["config", "schema"])
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
        };
        using Process script = Process.Start(start)!;
        string output = await script.StandardOutput.ReadToEndAsync(Cancel);
        await script.WaitForExitAsync(Cancel);

        Assert.Equal(0, script.ExitCode);
        Assert.Equal("object", JsonDocument.Parse(output).RootElement.GetProperty("type").GetString());
    }

    private ChildProcess Node(params string[] arguments) => ChildProcess.Start(_folder, Programs.Verathos, ["node", "--tee", "simulated", .. arguments]);
}
