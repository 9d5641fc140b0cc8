using System.Text.Json;
using Verathos.Host.Cli;
using Verathos.Testing;

namespace Verathos.Host.Tests.Commands;

public sealed class ModelCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<(ExitCode Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return ((ExitCode)code, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task GenerateGivesLlamaCppsIdsFromBothFormats()
    {
        string gguf = Vectors.Model("stories260K.gguf");
        Assert.Equal(ExitCode.Accepted, (await RunAsync("model", "convert", "--model", gguf, "--output", _folder)).Code);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Vectors.Model("stories260K.greedy.json")));
        foreach (JsonElement expected in golden.RootElement.EnumerateArray())
        {
            foreach (string model in (string[])[gguf, _folder])
            {
                (ExitCode code, string output, _) = await RunAsync(
                    "model", "generate", "--model", model, "--prompt", expected.GetProperty("prompt").GetString()!, "--max-tokens", "64", "--temperature", "0", "--profile", "f32", "--json");
                Assert.Equal(ExitCode.Accepted, code);
                using JsonDocument actual = JsonDocument.Parse(output);
                Assert.Equal(Ids(expected, "prompt_ids"), Ids(actual.RootElement, "prompt_ids"));
                Assert.Equal(Ids(expected, "greedy_ids"), Ids(actual.RootElement, "ids"));
                Assert.Equal(expected.GetProperty("text").GetString(), actual.RootElement.GetProperty("text").GetString());
            }
        }
    }

    [Fact]
    public async Task TextIsStreamedWithoutJson()
    {
        (ExitCode code, string output, string error) = await RunAsync("model", "generate", "--model", Vectors.Model("stories260K.gguf"), "--prompt", "Once upon a time", "--max-tokens", "5", "--profile", "f32");
        Assert.Equal(ExitCode.Accepted, code);
        Assert.Equal(", there was a little", output.TrimEnd());
        Assert.Contains("hashed at", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenizeGivesIdsAndTheirText()
    {
        string path = Path.Combine(_folder, "tokenizer.json");
        await File.WriteAllTextAsync(
            path,
            """
            {"added_tokens":[{"id":3,"content":"<|end|>","special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
             "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}
            """,
            TestContext.Current.CancellationToken);
        Assert.Equal("2 0", (await RunAsync("model", "tokenize", "--model", path, "--text", "aba")).Output.TrimEnd());
        Assert.Equal("2 3", (await RunAsync("model", "tokenize", "--model", _folder, "--text", "ab<|end|>", "--specials")).Output.TrimEnd());
        using JsonDocument decoded = JsonDocument.Parse((await RunAsync("model", "tokenize", "--model", path, "--ids", "2", "0", "--json")).Output);
        Assert.Equal("aba", decoded.RootElement.GetProperty("text").GetString());
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "tokenize", "--model", path)).Code);
        await File.WriteAllTextAsync(path, "{}", TestContext.Current.CancellationToken);
        (ExitCode code, _, string error) = await RunAsync("model", "tokenize", "--model", path, "--text", "a");
        Assert.Equal(ExitCode.Malformed, code);
        Assert.Contains("tokenizer.json is damaged", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExitCode.Usage, "no numeric profile f64", "--profile", "f64")]
    [InlineData(ExitCode.Usage, "--temperature is out of range", "--temperature", "-1")]
    [InlineData(ExitCode.Usage, "--top-p is out of range", "--top-p", "0")]
    [InlineData(ExitCode.Usage, "--top-k is out of range", "--top-k", "-1")]
    [InlineData(ExitCode.Usage, "max_tokens must be at least 1", "--max-tokens", "0")]
    [InlineData(ExitCode.Usage, "exceed the context of 2048", "--max-tokens", "5000")]
    [InlineData(ExitCode.Unsupported, "has no chat template", "--chat", "true")]
    public async Task WrongOptionsAreOneLine(ExitCode expected, string message, string option, string value)
    {
        (ExitCode code, string output, string error) = await RunAsync("model", "generate", "--model", Vectors.Model("stories260K.gguf"), "--prompt", "Hello", option, value);
        Assert.Equal(expected, code);
        Assert.Equal("", output);
        string line = error.TrimEnd().Split('\n')[^1];
        Assert.StartsWith("verathos: ", line, StringComparison.Ordinal);
        Assert.Contains(message, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedModelIsMalformedAndNamesTheTensor()
    {
        byte[] bytes = File.ReadAllBytes(Vectors.Model("stories260K.gguf"));
        string path = Path.Combine(_folder, "cut.gguf");
        File.WriteAllBytes(path, bytes[..1_000_000]);
        foreach (string[] args in (string[][])[["model", "generate", "--model", path, "--prompt", "Hello"], ["model", "convert", "--model", path, "--output", _folder]])
        {
            (ExitCode code, _, string error) = await RunAsync(args);
            Assert.Equal(ExitCode.Malformed, code);
            Assert.Matches("tensor blk\\.\\d\\.[a-z_]+\\.weight of \\d+ bytes at \\d+ lies outside the file", error);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        }
    }

    private static int[] Ids(JsonElement element, string member) => [.. element.GetProperty(member).EnumerateArray().Select(e => e.GetInt32())];
}
