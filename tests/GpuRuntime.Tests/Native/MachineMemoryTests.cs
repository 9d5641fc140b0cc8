using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Native;

public sealed class MachineMemoryTests : IDisposable
{
    private const long Mebi = 1 << 20;
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-memory-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void WithoutAnyLimitItIsWhatTheSystemHasAvailable()
    {
        Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
        Write("proc/self/cgroup", "0::/user.slice\n");
        Write("sys/fs/cgroup/user.slice/memory.max", "max\n");
        Write("sys/fs/cgroup/user.slice/memory.current", "1000\n");
        Assert.Equal(8192 * Mebi, MachineMemory.Read(_root).Free);
    }

    [Theory]
    [InlineData("sys/fs/cgroup/a/b")]
    [InlineData("sys/fs/cgroup/a")]
    [InlineData("sys/fs/cgroup")]
    public void TheLimitOfAnyGroupAboveBindsAndFilesThatCanBeDroppedAreFree(string limited)
    {
        Write("proc/meminfo", "MemAvailable:    8388608 kB\n");
        Write("proc/self/cgroup", "0::/a/b\n");
        Write(limited + "/memory.max", $"{1024 * Mebi}\n");
        Write(limited + "/memory.current", $"{600 * Mebi}\n");
        Write(limited + "/memory.stat", $"anon 5\ninactive_file {100 * Mebi}\nactive_file {50 * Mebi}\n");
        MachineMemory memory = MachineMemory.Read(_root);
        Assert.Equal(524 * Mebi, memory.Free);
        Assert.Equal("the control group's limit of 1024 MiB", memory.Bound);
    }

    [Fact]
    public void TheFirstVersionOfControlGroupsIsReadToo()
    {
        Write("proc/meminfo", "MemAvailable:    8388608 kB\n");
        Write("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/job\n");
        Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", $"{512 * Mebi}\n");
        Write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", $"{512 * Mebi}\n");
        Write("sys/fs/cgroup/memory/job/memory.stat", $"inactive_file 7\ntotal_inactive_file {12 * Mebi}\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
        Assert.Equal(12 * Mebi, MachineMemory.Read(_root).Free);
    }

    [Fact]
    public void AGroupThatIsOverItsLimitLeavesNothing()
    {
        Write("proc/meminfo", "MemAvailable:    8388608 kB\n");
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/memory.max", "1000\n");
        Write("sys/fs/cgroup/memory.current", "2000\n");
        Assert.Equal(0, MachineMemory.Read(_root).Free);
    }

    [Fact]
    public void ThisMachineHasSome() => Assert.InRange(MachineMemory.Read().Free, Mebi, long.MaxValue);

    private void Write(string path, string text)
    {
        string full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
