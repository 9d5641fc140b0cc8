using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Host.Cli;
using Verathos.Testing;

namespace Verathos.Host.Tests.Commands;

public sealed class PolicyCommandTests : IDisposable
{
    private const string Policy = "simulated.json";

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TheShippedPoliciesComeOutAsStated()
    {
        (ExitCode code, string output, string error) = await RunAsync("policy", "test", Path.Combine(Vectors.RepositoryRoot, "policies"));

        Assert.Equal(ExitCode.Accepted, code);
        Assert.Equal("", error);
        Assert.Contains("cases, all as stated", output, StringComparison.Ordinal);
        Assert.DoesNotContain("WRONG", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JsonNamesEveryCaseWithItsOutcome()
    {
        Copy(_ => { });

        (ExitCode code, string output, _) = await RunAsync("policy", "test", _folder, "--json");

        Assert.Equal(ExitCode.Accepted, code);
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement root = document.RootElement;
        Assert.Equal(["folder", "cases", "failed", "results"], root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(_folder, root.GetProperty("folder").GetString());
        Assert.Equal(0, root.GetProperty("failed").GetInt32());
        JsonElement[] results = [.. root.GetProperty("results").EnumerateArray()];
        Assert.Equal(root.GetProperty("cases").GetInt32(), results.Length);
        Assert.All(results, result =>
        {
            Assert.Equal(["policy", "case", "expected", "actual", "ok"], result.EnumerateObject().Select(member => member.Name));
            Assert.Equal(Policy, result.GetProperty("policy").GetString());
            Assert.True(result.GetProperty("ok").GetBoolean());
        });
    }

    [Fact]
    public async Task OneWrongCaseFailsAndIsNamed()
    {
        Copy(cases => cases["accept"]!.AsArray().Add(JsonNode.Parse("""{"name": "debug is fine", "change": {"tdx.tdAttributes": "0100001000000000"}}""")));

        (ExitCode code, string output, _) = await RunAsync("policy", "test", _folder, "--json");

        Assert.Equal(ExitCode.Failed, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal(1, document.RootElement.GetProperty("failed").GetInt32());
        JsonElement wrong = Assert.Single(document.RootElement.GetProperty("results").EnumerateArray(), result => !result.GetProperty("ok").GetBoolean());
        Assert.Equal("debug is fine", wrong.GetProperty("case").GetString());
        Assert.Equal("accepted", wrong.GetProperty("expected").GetString());
        Assert.StartsWith("rejected by quote.debug", wrong.GetProperty("actual").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderWithoutPoliciesIsOneLine()
    {
        (ExitCode code, string output, string error) = await RunAsync("policy", "test", _folder);

        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("", output);
        Assert.Equal($"verathos: {_folder} holds no policy", Assert.Single(error.TrimEnd().Split('\n')));
    }

    private static async Task<(ExitCode Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return ((ExitCode)code, output.ToString(), error.ToString());
    }

    private void Copy(Action<JsonNode> change)
    {
        string shipped = Path.Combine(Vectors.RepositoryRoot, "policies");
        Directory.CreateDirectory(Path.Combine(_folder, "cases"));
        File.Copy(Path.Combine(shipped, Policy), Path.Combine(_folder, Policy));
        JsonNode cases = JsonNode.Parse(File.ReadAllText(Path.Combine(shipped, "cases", Policy)))!;
        change(cases);
        File.WriteAllText(Path.Combine(_folder, "cases", Policy), cases.ToJsonString());
    }
}
