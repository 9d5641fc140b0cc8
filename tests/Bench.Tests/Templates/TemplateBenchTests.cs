using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.Bench.Templates;
using Verathos.Testing;

namespace Verathos.Bench.Tests.Templates;

/// <summary>
/// Random conversations beside other programs: live where Node.js and the packages of bench/reference are there, and beside what
/// they said before (goldens.json: the rows' peer_digest of <c>verathos bench templates --json --seed 1 --count 200</c>).
/// </summary>
public class TemplateBenchTests
{
    private static string Folder => Path.Combine(Vectors.RepositoryRoot, "bench", "reference");

    [Fact]
    public void TextsAreThoseThatOtherProgramsGave()
    {
        using JsonDocument goldens = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Vectors.RepositoryRoot, "tests/Bench.Tests/Templates/goldens.json")));
        IReadOnlyDictionary<string, string> digests = TemplateBench.Digests(new TemplateBenchOptions { Reference = Folder, Seed = 1, Count = 200 });
        Assert.Contains("Llama 3.1", digests.Keys);
        Assert.All(digests, d => Assert.Equal(goldens.RootElement.GetProperty(d.Key).GetString(), d.Value));
    }

    [Fact]
    public async Task TextsAreThoseOfTheOtherPrograms()
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            Assert.Skip("bench/reference/node_modules is not there: run npm ci in bench/reference");
        }

        TemplateReport report;
        try
        {
            report = await TemplateBench.RunAsync(new TemplateBenchOptions { Reference = Folder, Seed = 2, Count = 100 }, TestContext.Current.CancellationToken);
        }
        catch (ReferenceException e) when (e.Message == "node is not installed")
        {
            Assert.Skip(e.Message);
            return;
        }

        Assert.True(report.Holds, JsonSerializer.Serialize(report.Templates.Where(static t => !t.Holds)));
        Assert.Contains(report.Templates, static t => t.Refused > 0);
    }
}
