using Verathos.Bench.Peers;

namespace Verathos.Bench.Tests.Peers;

public class ProcessMemoryTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("12, 100\n", null)]
    [InlineData("7, 100\n", 100)]
    [InlineData("12, 100\n7, 20\n7, 3\n", 23)]
    [InlineData("7, [N/A]\n", null)]
    [InlineData("77, 1\nNo devices were found\n", null)]
    public void MemoryOfAProcessIsReadFromWhatNvidiaSmiPrints(string printed, int? mebibytes) =>
        Assert.Equal(mebibytes * 1048576L, ProcessMemory.DeviceBytes(printed, 7));
}
