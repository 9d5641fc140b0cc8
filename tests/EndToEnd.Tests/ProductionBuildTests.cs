using System.Diagnostics;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>What is published for production must not be able to mint evidence.</summary>
public sealed class ProductionBuildTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("verathos-production-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_production_build_has_no_simulator_and_says_so()
    {
        (int status, string said) = await RunAsync(
            "dotnet", "build", Path.Combine(Vectors.RepositoryRoot, "Host", "Host.csproj"), "-c", "Release", "-p:VerathosSimulator=false",
            "-p:RunAnalyzers=false", "--artifacts-path", _folder.FullName, "--nologo", "-v", "q");
        Assert.True(status == 0, said);
        string program = Path.Combine(_folder.FullName, "bin", "Host", "release", "verathos.dll");
        Assert.True(File.Exists(program));
        Assert.Empty(_folder.EnumerateFiles("Verathos.Simulator*", SearchOption.AllDirectories));
        Assert.Empty(_folder.EnumerateFiles("Verathos.Bench*", SearchOption.AllDirectories));

        (status, said) = await RunAsync("dotnet", program, "node", "--tee", "simulated", "--listen", "http://127.0.0.1:0", "--model", Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny"));
        Assert.NotEqual(0, status);
        Assert.Contains("without the simulated TEE", said, StringComparison.Ordinal);
        (status, _) = await RunAsync("dotnet", program, "demo");
        Assert.Equal(64, status);
    }

    private async Task<(int Status, string Said)> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        // What the build leaves behind goes with the test.
        start.Environment["TMPDIR"] = _folder.FullName;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
