using System.CommandLine;
using System.Text.Json;
using Verathos.Host.Cli;

namespace Verathos.Host.Tests.Cli;

public sealed class VerbExtensionsTests
{
    public static TheoryData<string, Exception, int, string> Failures => new()
    {
        { "own", new CommandException(ExitCode.Rejected, "the quote was\nrejected; ask the node's owner"), 10, "the quote was rejected; ask the node's owner" },
        { "file", new FileNotFoundException("no", "/no/such/file"), 1, "/no/such/file is not there" },
        { "json", new JsonException("line 1"), 30, "line 1" },
        { "defect", new NullReferenceException("oh"), 1, "NullReferenceException: oh" },
        { "wrapped", new AggregateException(new CommandException("inner")), 1, "inner" },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task A_failure_is_one_line_and_a_status(string name, Exception thrown, int status, string expected)
    {
        Assert.NotEmpty(name);
        (int code, string output, string error) = await RunAsync((_, _) => throw thrown);

        Assert.Equal(status, code);
        Assert.Empty(output);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_json_a_failure_is_an_object_on_standard_output()
    {
        (int code, string output, _) = await RunAsync((_, _) => throw new CommandException(ExitCode.Malformed, "bad"), "--json");

        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Equal(30, code);
        Assert.Equal("bad", root.GetProperty("error").GetString());
        Assert.Equal("malformed", root.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_result_already_written_is_not_followed_by_an_error_object()
    {
        (_, string output, _) = await RunAsync(
            (context, _) =>
            {
                context.Output.WriteJson(new { TokenCount = 3 });
                throw new CommandException("late");
            },
            "--json");

        Assert.Equal(3, JsonDocument.Parse(output).RootElement.GetProperty("token_count").GetInt32());
    }

    [Fact]
    public async Task Interruption_has_a_status_of_its_own()
    {
        using CancellationTokenSource stop = new();
        (int code, _, string error) = await RunAsync(
            async (_, token) =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
                return ExitCode.Accepted;
            },
            cancel: stop.Token);

        Assert.Equal(130, code);
        Assert.Contains("stopped", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_a_file_is_called_one()
    {
        string folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        (int code, _, string error) = await RunAsync(async (_, token) =>
        {
            await File.ReadAllBytesAsync(folder, token);
            return ExitCode.Accepted;
        });

        Assert.Equal((1, $"verathos: {folder} is a folder; name a file"), (code, error.TrimEnd()));
    }

    [Fact]
    public async Task A_table_is_printed_without_json_only()
    {
        static Task<ExitCode> Action(VerbContext context, CancellationToken token)
        {
            context.Output.Table(["check", "result"], [["quote.signature [x]", "passed"]]);
            return Task.FromResult(ExitCode.Accepted);
        }

        Assert.Contains("quote.signature [x]", (await RunAsync(Action)).Output, StringComparison.Ordinal);
        Assert.Empty((await RunAsync(Action, "--json")).Output);
    }

    [Fact]
    public async Task An_unknown_verb_is_a_usage_error()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync(["no-such-verb"], output, error, TestContext.Current.CancellationToken);

        Assert.Equal(64, code);
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
        Assert.Contains("verathos --help", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        Func<VerbContext, CancellationToken, Task<ExitCode>> action, string? argument = null, CancellationToken cancel = default)
    {
        Command command = new("try");
        command.SetVerb(action);
        RootCommand root = new();
        root.Options.Add(CommonOptions.Json);
        root.Subcommands.Add(command);
        using StringWriter output = new();
        using StringWriter error = new();
        InvocationConfiguration configuration = new() { Output = output, Error = error, ProcessTerminationTimeout = null };
        string[] arguments = argument is null ? ["try"] : ["try", argument];
        int code = await root.Parse(arguments).InvokeAsync(configuration, cancel);
        return (code, output.ToString(), error.ToString());
    }
}
