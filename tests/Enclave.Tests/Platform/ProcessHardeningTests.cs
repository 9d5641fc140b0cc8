using Verathos.Enclave.Platform;

namespace Verathos.Enclave.Tests.Platform;

public sealed class ProcessHardeningTests
{
    [Theory]
    [InlineData("LD_PRELOAD", "x.so", true)]
    [InlineData("LD_LIBRARY_PATH", "/tmp", true)]
    [InlineData("DOTNET_STARTUP_HOOKS", "x.dll", true)]
    [InlineData("dotnet_gcServer", "1", true)]
    [InlineData("COMPlus_JitDisasm", "*", true)]
    [InlineData("CORECLR_PROFILER", "{0}", true)]
    [InlineData("DOTNET_EnableDiagnostics", "1", true)]
    [InlineData("DOTNET_EnableDiagnostics", "0", false)]
    [InlineData("DOTNET_ROOT", "/usr/share/dotnet", false)]
    [InlineData("PATH", "/bin", false)]
    public void VariablesThatChangeTheProcessAreFound(string name, string value, bool found)
    {
        IReadOnlyList<string> names = ProcessHardening.FindVariables(new Dictionary<string, string> { [name] = value }, ["DOTNET_ROOT"]);

        Assert.Equal(found ? [name] : [], names);
    }

    [Theory]
    [InlineData("Filename Type Size Used Priority\n", false)]
    [InlineData("", false)]
    [InlineData("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n", true)]
    public void SwapIsSeen(string table, bool on) => Assert.Equal(on, ProcessHardening.HasSwap(table));

    [Fact]
    public void AnOpenDiagnosticPortIsSeen()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-port-");
        try
        {
            Assert.False(ProcessHardening.HasDiagnosticPort(folder.FullName, 42));
            File.WriteAllText(Path.Combine(folder.FullName, "dotnet-diagnostic-42-1-socket"), "");
            Assert.True(ProcessHardening.HasDiagnosticPort(folder.FullName, 42));
            Assert.False(ProcessHardening.HasDiagnosticPort(folder.FullName, 4));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
