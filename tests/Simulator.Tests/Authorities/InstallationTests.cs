using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Tests.Authorities;

public sealed class InstallationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("verathos-installation-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Opening_again_gives_the_same_roots_and_the_same_platform()
    {
        string place = Path.Combine(folder, "a", "b");
        using Installation first = Installation.OpenOrCreate(place);
        using Installation second = Installation.OpenOrCreate(place);
        Assert.Equal(first.Roots, second.Roots);
        Assert.Equal(first.Tdx.PckSerialNumber(new()), second.Tdx.PckSerialNumber(new()));
    }

    [Fact]
    public async Task Openers_that_race_end_up_with_one_set_of_keys()
    {
        Task<SimulatedRoots>[] openers = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            using Installation installation = Installation.OpenOrCreate(folder);
            return installation.Roots;
        }))];
        SimulatedRoots[] roots = await Task.WhenAll(openers);
        Assert.Single(roots.Distinct());
        Assert.Equal(
            ["authority", SimulatedRoots.IntelRootFile, SimulatedRoots.NvidiaDeviceRootFile, SimulatedRoots.NvidiaRimRootFile],
            Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_installations_share_no_root()
    {
        using Installation one = Installation.OpenOrCreate(Path.Combine(folder, "one"));
        using Installation other = Installation.OpenOrCreate(Path.Combine(folder, "other"));
        Assert.NotEqual(one.Roots.IntelRootPem, other.Roots.IntelRootPem);
        Assert.NotEqual(one.Roots.NvidiaDeviceRootPem, other.Roots.NvidiaDeviceRootPem);
        Assert.NotEqual(one.Roots.NvidiaRimRootPem, other.Roots.NvidiaRimRootPem);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Private_keys_are_for_their_owner_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        using Installation installation = Installation.OpenOrCreate(folder);
        string[] keys = Directory.GetFiles(Path.Combine(folder, "authority"), "*.key");
        Assert.NotEmpty(keys);
        foreach (string key in keys)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        }

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(folder, "authority")));
    }

    [Fact]
    public void The_exported_roots_are_certificates_without_private_keys()
    {
        using Installation installation = Installation.OpenOrCreate(folder);
        foreach (string file in new[] { SimulatedRoots.IntelRootFile, SimulatedRoots.NvidiaDeviceRootFile, SimulatedRoots.NvidiaRimRootFile })
        {
            string pem = File.ReadAllText(Path.Combine(folder, file));
            using X509Certificate2 root = X509Certificate2.CreateFromPem(pem);
            Assert.Equal(root.SubjectName.RawData, root.IssuerName.RawData);
            Assert.Contains("Verathos simulator", root.Subject, StringComparison.Ordinal);
            Assert.DoesNotContain("PRIVATE", pem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("intel-root.crt")]
    [InlineData("intel-attestation.key")]
    public void A_damaged_installation_says_which_folder_to_delete(string file)
    {
        Installation.OpenOrCreate(folder).Dispose();
        File.WriteAllText(Path.Combine(folder, "authority", file), "nonsense");
        var error = Assert.Throws<InvalidDataException>(() => Installation.OpenOrCreate(folder));
        Assert.Contains(Path.Combine(folder, "authority"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_folder_is_in_the_users_data_folder() =>
        Assert.EndsWith(Path.Combine("verathos", "simulated"), Installation.DefaultFolder, StringComparison.Ordinal);
}
