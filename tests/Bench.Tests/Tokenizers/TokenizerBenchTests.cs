using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.Bench.Tokenizers;
using Verathos.Testing;

namespace Verathos.Bench.Tests.Tokenizers;

/// <summary>
/// Random texts beside other tokenizers: live where Node.js and the packages of bench/reference are there, and beside what they
/// said before (goldens.json: the rows' peer_digest of <c>verathos bench tokenizers --json --seed 1 --count 200</c>).
/// </summary>
public class TokenizerBenchTests
{
    private static string Folder => Path.Combine(Vectors.RepositoryRoot, "bench", "reference");

    private static string Models => Environment.GetEnvironmentVariable("VERATHOS_MODELS") is { Length: > 0 } set ? set : Path.Combine(Vectors.RepositoryRoot, "../shared/models");

    [Fact]
    public void IdsAreThoseThatOtherProgramsGave()
    {
        using JsonDocument goldens = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Vectors.RepositoryRoot, "tests/Bench.Tests/Tokenizers/goldens.json")));
        IReadOnlyDictionary<string, string> digests = TokenizerBench.Digests(new TokenizerBenchOptions { Reference = Folder, Models = Models, Seed = 1, Count = 200 });
        Assert.Contains("verathos-tiny", digests.Keys);
        Assert.All(digests, d => Assert.Equal(goldens.RootElement.GetProperty(d.Key).GetString(), d.Value));
    }

    [Fact]
    public async Task IdsAndTextAreThoseOfTheOtherPrograms()
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            Assert.Skip("bench/reference/node_modules is not there: run npm ci in bench/reference");
        }

        TokenizerBenchOptions options = new() { Reference = Folder, Models = Models, Seed = 2, Count = 25, Pairs = 1, WorstCases = false };
        TokenizerReport report;
        try
        {
            report = await TokenizerBench.RunAsync(options, TestContext.Current.CancellationToken);
        }
        catch (ReferenceException e) when (e.Message == "node is not installed")
        {
            Assert.Skip(e.Message);
            return;
        }

        Assert.True(report.Holds, JsonSerializer.Serialize(report.Vocabularies.Where(static v => !v.Holds)));
    }

    [Fact]
    public void TextsAreTheSameForTheSameSeed()
    {
        RandomTexts first = new(7, ["<|x|>"]);
        RandomTexts second = new(7, ["<|x|>"]);
        RandomTexts other = new(8, ["<|x|>"]);
        string[] texts = [.. Enumerable.Range(0, 50).Select(_ => first.Next())];
        Assert.Equal(texts, Enumerable.Range(0, 50).Select(_ => second.Next()));
        Assert.NotEqual(texts, Enumerable.Range(0, 50).Select(_ => other.Next()));
        Assert.Contains(texts, static t => t.Contains("<|x|>", StringComparison.Ordinal));
    }
}
