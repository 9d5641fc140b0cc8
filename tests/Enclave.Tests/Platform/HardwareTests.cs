using System.Runtime.InteropServices;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;

namespace Verathos.Enclave.Tests.Platform;

public sealed class HardwareTests
{
    [Fact]
    public async Task HardwareKeysAreRefusedInTheHostsProcess()
    {
        using FakeTsm tsm = new();
        ConfigFsTsmDriver driver = new(new PlatformOptions { ConfigFsRoot = tsm.Root, ConfigFsEntry = tsm.Entry }, tsm);

        PlatformException refused = await Assert.ThrowsAsync<PlatformException>(() =>
            TestNode.StartAsync(new EnclaveOptions { Topology = EnclaveTopology.InProcess }, driver: driver));

        Assert.Contains("in-process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHardwareEnclaveRefusesAProcessThatOthersCanLookInto()
    {
        if (!ProcessHardening.HasDiagnosticPort(Path.GetTempPath(), Environment.ProcessId))
        {
            Assert.Skip("the runtime's diagnostic port is closed here");
        }

        using FakeTsm tsm = new();
        ConfigFsTsmDriver driver = new(new PlatformOptions { ConfigFsRoot = tsm.Root, ConfigFsEntry = tsm.Entry }, tsm);

        PlatformException refused = await Assert.ThrowsAsync<PlatformException>(() =>
            TestNode.StartAsync(new EnclaveOptions { Topology = EnclaveTopology.Split }, driver: driver));

        Assert.Contains("diagnostic port", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tdx", "/nonexistent")]
    [InlineData("sgx2", null)]
    public void AMachineThatLacksTheTeeIsToldSo(string name, string? root)
    {
        PlatformException refused = Assert.Throws<PlatformException>(() => PlatformDrivers.Create(name, new PlatformOptions { ConfigFsRoot = root }));

        Assert.Contains(root is null ? "simulated, tdx" : "TDX guest", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DumpsCanBeTurnedOff()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("prctl is Linux's");
        }

        const int GetDumpable = 3;
        const int SetDumpable = 4;
        ProcessHardening.DisableDumps();

        Assert.Equal(0, ProcessControl(GetDumpable, 0, 0, 0, 0));
        _ = ProcessControl(SetDumpable, 1, 0, 0, 0);
        Assert.Matches(@"Max core file size\s+0\s+0\s", File.ReadAllText("/proc/self/limits"));
    }

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);
}
