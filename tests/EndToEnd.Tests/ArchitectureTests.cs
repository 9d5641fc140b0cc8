using System.Xml.Linq;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

public sealed class ArchitectureTests
{
    // What each room may reference; the design's directions and nothing more.
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Protocol"] = [],
        ["Attestation"] = [],
        ["Fingerprint"] = [],
        ["Simulator"] = ["Attestation"],
        ["GpuRuntime"] = ["Fingerprint"],
        ["Training"] = ["Protocol", "Fingerprint"],
        ["Enclave"] = ["GpuRuntime", "Training", "Fingerprint", "Attestation", "Protocol", "Simulator"],
        ["Coordination"] = ["Protocol"],
        ["Client"] = ["Protocol", "Attestation", "Coordination"],
        ["Validator"] = ["Client", "Training", "Fingerprint", "Attestation", "Coordination", "GpuRuntime", "Protocol"],
    };

    private static readonly string[] s_rooms = [.. s_allowed.Keys.Where(room => File.Exists(ProjectFile(room)))];

    public static TheoryData<string> Rooms => [.. s_rooms];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_references_only_what_the_design_lets_it(string room) =>
        Assert.Empty(References(room).Except(s_allowed[room]));

    [Fact]
    public void Every_project_at_the_top_is_a_known_room()
    {
        string[] projects = [.. Directory.GetDirectories(Vectors.RepositoryRoot)
            .SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))
            .Select(Path.GetFileNameWithoutExtension)
            .OfType<string>()
            .Except(["Host", "bench"], StringComparer.OrdinalIgnoreCase)];
        Assert.NotEmpty(projects);
        Assert.Empty(projects.Except(s_allowed.Keys));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Only_the_runtime_knows_TorchSharp(string room)
    {
        bool knows = Packages(room).Any(package => package.StartsWith("TorchSharp", StringComparison.Ordinal) || package.StartsWith("libtorch", StringComparison.Ordinal));
        Assert.Equal(room == "GpuRuntime", knows);
    }

    [Theory]
    [InlineData("Protocol")]
    [InlineData("Attestation")]
    [InlineData("Fingerprint")]
    [InlineData("Training")]
    public void No_room_that_judges_opens_a_socket(string room)
    {
        // Attestation's collateral fetchers are the one exception, and live in a folder of their own.
        string[] offenders = [.. Directory.GetFiles(Path.Combine(Vectors.RepositoryRoot, room), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/Attestation/Collateral/Fetch/", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is string text && (text.Contains("System.Net.Sockets", StringComparison.Ordinal) || text.Contains("HttpClient", StringComparison.Ordinal)))];
        Assert.Empty(offenders);
    }

    [Fact]
    public void Every_package_version_is_pinned_in_one_place()
    {
        foreach (string project in Directory.GetFiles(Vectors.RepositoryRoot, "*.csproj", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(XDocument.Load(project).Descendants("PackageReference"), reference => reference.Attribute("Version") is not null);
        }

        Assert.All(
            XDocument.Load(Path.Combine(Vectors.RepositoryRoot, "Directory.Packages.props")).Descendants("PackageVersion"),
            version => Assert.Matches(@"^\d+\.\d+\.\d+$", version.Attribute("Version")!.Value));
    }

    private static string ProjectFile(string room) => Path.Combine(Vectors.RepositoryRoot, room, $"{room}.csproj");

    private static string[] References(string room) =>
        [.. XDocument.Load(ProjectFile(room)).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))];

    private static string[] Packages(string room) =>
        [.. XDocument.Load(ProjectFile(room)).Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value)];
}
