using System.CommandLine;
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
