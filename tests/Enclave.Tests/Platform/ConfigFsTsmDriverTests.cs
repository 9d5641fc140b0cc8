using Verathos.Enclave.Platform;

namespace Verathos.Enclave.Tests.Platform;

public sealed class ConfigFsTsmDriverTests
{
    private static readonly byte[] ReportData = [.. Enumerable.Range(0, 64).Select(value => (byte)value)];

    [Fact]
    public async Task TheReportDataGoesInAndTheQuoteComesOut()
    {
        using FakeTsm tsm = new();
        ConfigFsTsmDriver driver = Driver(tsm);

        byte[] quote = await driver.GetCpuEvidenceAsync(ReportData, default);

        Assert.Equal(ReportData, tsm.Input);
        Assert.Equal([.. "quote:"u8, .. ReportData], quote);
        Assert.Equal(1, tsm.Generation);
    }

    [Fact]
    public async Task AQuoteThatAForeignWriterCameBeforeIsAskedForAgain()
    {
        using FakeTsm tsm = new() { ForeignWrites = 2 };

        byte[] quote = await Driver(tsm).GetCpuEvidenceAsync(ReportData, default);

        Assert.Equal([.. "quote:"u8, .. ReportData], quote);
        Assert.Equal(5, tsm.Generation);
    }

    [Fact]
    public async Task AnEntryThatNeverRestsIsGivenUp()
    {
        using FakeTsm tsm = new() { ForeignWrites = 100 };

        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() => Driver(tsm).GetCpuEvidenceAsync(ReportData, default).AsTask());
        Assert.Contains("keeps writing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherProviderIsNotTdx()
    {
        using FakeTsm tsm = new("sev_guest");

        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() => Driver(tsm).GetCpuEvidenceAsync(ReportData, default).AsTask());
        Assert.Contains("sev_guest", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEmptyQuoteIsAFailure()
    {
        using FakeTsm tsm = new() { Empty = true };

        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() => Driver(tsm).GetCpuEvidenceAsync(ReportData, default).AsTask());
        Assert.Contains("empty quote", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEntryWithoutAttributesIsAFailureAndIsGivenBack()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("verathos-tsm-");
        try
        {
            ConfigFsTsmDriver driver = new(new PlatformOptions { ConfigFsRoot = root.FullName });

            await Assert.ThrowsAsync<PlatformException>(() => driver.GetCpuEvidenceAsync(ReportData, default).AsTask());
            Assert.Empty(root.EnumerateFileSystemInfos());
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void AMachineWithoutTheInterfaceIsToldWhatToDo()
    {
        PlatformException failure = Assert.Throws<PlatformException>(() => new ConfigFsTsmDriver(new PlatformOptions { ConfigFsRoot = "/nonexistent/report" }));

        Assert.Contains("TDX guest", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GpusOnHardwareAreNamedAsUnsupported()
    {
        PlatformException failure = Assert.Throws<PlatformException>(() => new ConfigFsTsmDriver(new PlatformOptions { ConfigFsRoot = Path.GetTempPath(), GpuCount = 8 }));

        Assert.Contains("NVML", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HardwareKeysDoNotLiveInTheHostsProcess()
    {
        ConfigFsTsmDriver driver = new(new PlatformOptions { ConfigFsRoot = Path.GetTempPath() });
        ConfigFsTsmDriver measured = new(new PlatformOptions { ConfigFsRoot = Path.GetTempPath(), WholeHostMeasured = true });

        Assert.Throws<PlatformException>(() => driver.RequireTopology(EnclaveTopology.InProcess));
        driver.RequireTopology(EnclaveTopology.Split);
        measured.RequireTopology(EnclaveTopology.InProcess);
    }

    private static ConfigFsTsmDriver Driver(FakeTsm tsm) =>
        new(new PlatformOptions { ConfigFsRoot = tsm.Root, ConfigFsEntry = tsm.Entry }, tsm);
}
