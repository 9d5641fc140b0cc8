using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Testing;

namespace Verathos.Host.Tests.Documentation;

public sealed partial class SystemdUnitTests
{
    public static TheoryData<string> Units => ["enclave", "node"];

    [Theory]
    [MemberData(nameof(Units))]
    public void A_unit_starts_a_verb_with_options_that_it_has(string name)
    {
        string[] line = Single(Read(name), "ExecStart").Split(' ');

        Command verb = Verbs.All().Single(verb => verb.Name == line[1]);

        Assert.Equal("/opt/verathos/verathos", line[0]);
        Assert.Equal(name, verb.Name);
        Assert.Empty(verb.Parse(line[2..]).Errors);
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void A_unit_may_write_where_the_program_keeps_its_data(string name)
    {
        ILookup<string, string> unit = Read(name);
        Dictionary<string, string> environment = unit["Environment"]
            .SelectMany(line => line.Split(' ')).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        // Installation.DefaultFolder: the data home that the environment names, else one in the home that ProtectHome hides.
        Assert.Equal("yes", Single(unit, "ProtectHome"));
        Assert.Equal("strict", Single(unit, "ProtectSystem"));
        Assert.Contains(environment["XDG_DATA_HOME"], Writable(unit));
        Assert.Contains(environment["HOME"], Writable(unit));
        Assert.Equal("0700", Single(unit, "StateDirectoryMode"));
    }

    [Fact]
    public void Both_units_and_the_sample_meet_at_one_socket_of_one_user()
    {
        ILookup<string, string> enclave = Read("enclave");
        ILookup<string, string> node = Read("node");
        string listen = Single(enclave, "ExecStart").Split(' ')[^1];
        string guide = File.ReadAllText(Path.Combine(Vectors.RepositoryRoot, "docs", "operations.md"));

        Assert.True(UnixAddress.TryParse(listen, out _));
        Assert.Contains(Path.GetDirectoryName(listen["unix:".Length..])!, Writable(enclave));
        Assert.Contains($"\"enclave\": \"{listen}\"", guide, StringComparison.Ordinal);
        Assert.Equal(Single(enclave, "User"), Single(node, "User"));
        Assert.Equal(Single(enclave, "StateDirectory"), Single(node, "StateDirectory"));
        Assert.Contains($"useradd --system --user-group {Single(node, "User")}", guide, StringComparison.Ordinal);
    }

    [Fact]
    public void A_unit_waits_longer_than_the_node_drains() => Assert.True(
        int.Parse(Single(Read("node"), "TimeoutStopSec"), System.Globalization.CultureInfo.InvariantCulture) > new TimeoutsConfiguration().DrainSeconds);

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Systemd_takes_a_unit_as_it_stands(string name)
    {
        (int status, string said) = await AnalyzeAsync(name, "verify");

        Assert.Equal((0, ""), (status, said));
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task A_unit_leaves_little_open(string name)
    {
        // Exposure 2.0 of 10: systemd's own measure of what a service that was broken into could do.
        (int status, string said) = await AnalyzeAsync(name, "security", "--offline=true", "--threshold=20");

        Assert.True(status == 0, said);
    }

    /// <summary>Runs systemd-analyze on a unit whose program is one that exists on this machine.</summary>
    private static async Task<(int Status, string Said)> AnalyzeAsync(string name, params string[] verb)
    {
        string? program = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "systemd-analyze")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "systemd-analyze is not installed");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-units-");
        try
        {
            string[] files = [.. Units.Select(unit => Path.Combine(folder.FullName, $"verathos-{unit.Data}.service"))];
            foreach (string file in files)
            {
                string unit = await File.ReadAllTextAsync(Path.Combine(Vectors.RepositoryRoot, "docs", "systemd", Path.GetFileName(file)), TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(file, unit.Replace("/opt/verathos/verathos", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            }

            ProcessStartInfo start = new(program!, [.. verb, files.Single(file => file.Contains(name, StringComparison.Ordinal))])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["SYSTEMD_UNIT_PATH"] = folder.FullName + ":";
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output + await error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> Writable(ILookup<string, string> unit) =>
    [
        .. unit["StateDirectory"].Select(name => "/var/lib/" + name),
        .. unit["RuntimeDirectory"].Select(name => "/run/" + name),
        .. unit["ReadWritePaths"].Select(path => path.TrimStart('-')),
    ];

    private static string Single(ILookup<string, string> unit, string key) => Assert.Single(unit[key]);

    private static ILookup<string, string> Read(string name) =>
        File.ReadLines(Path.Combine(Vectors.RepositoryRoot, "docs", "systemd", $"verathos-{name}.service"))
            .Select(line => Setting().Match(line)).Where(match => match.Success)
            .ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value);

    [GeneratedRegex("^([A-Za-z]+)=(.*)$")]
    private static partial Regex Setting();
}
