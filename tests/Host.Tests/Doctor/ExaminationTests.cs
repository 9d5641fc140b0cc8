using Verathos.GpuRuntime.Models;
using Verathos.Host.Doctor;
using Verathos.Host.Tests.Processes;

namespace Verathos.Host.Tests.Doctor;

public sealed class ExaminationTests : IDisposable
{
    private static readonly Finding Engine = new("engine", FindingState.Present, "loads");

    private readonly string _root = Directory.CreateTempSubdirectory("verathos-doctor-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_plain_machine_is_told_what_is_missing()
    {
        Write("/proc/cpuinfo", "model name\t: Test CPU\nflags\t\t: fpu avx2");
        Write("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 0 kB");

        Examination examination = Examine();

        Finding guest = Find(examination, "tdx.guest");
        Assert.Equal(FindingState.Missing, guest.State);
        Assert.Contains("--tee simulated", guest.Advice, StringComparison.Ordinal);
        Assert.Equal(FindingState.Missing, Find(examination, "gpu").State);
        Assert.Equal(FindingState.Present, Find(examination, "swap").State);
        Assert.Contains("4 GiB free of 8 GiB", Find(examination, "memory").Detail, StringComparison.Ordinal);
        Assert.Equal((false, true), (examination.Hardware, examination.Simulated));
    }

    [Fact]
    public void A_TDX_guest_with_quotes_can_serve()
    {
        Write("/proc/cpuinfo", "flags\t\t: fpu tdx_guest aes");
        Directory.CreateDirectory(Path.Combine(_root, "sys/kernel/config/tsm/report"));

        Assert.True(Examine().Hardware);
    }

    [Fact]
    public void A_TDX_guest_without_quotes_is_told_to_mount_configfs()
    {
        Write("/proc/cpuinfo", "flags\t\t: fpu tdx_guest aes");
        Write("/dev/tdx_guest", string.Empty);

        Examination examination = Examine();

        Finding quotes = Find(examination, "tdx.quotes");
        Assert.Equal(FindingState.Problem, quotes.State);
        Assert.Contains("mount configfs", quotes.Advice, StringComparison.Ordinal);
        Assert.False(examination.Hardware);
    }

    [Fact]
    public void A_TDX_host_is_told_to_start_a_guest()
    {
        Write("/sys/module/kvm_intel/parameters/tdx", "Y\n");

        Assert.Contains("Start a TDX guest", Find(Examine(), "tdx.guest").Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CC status: ON", "DevTools Mode: OFF", FindingState.Present)]
    [InlineData("CC status: ON", "DevTools Mode: ON", FindingState.Problem)]
    [InlineData("CC status: OFF", "DevTools Mode: OFF", FindingState.Missing)]
    [InlineData(null, null, FindingState.Missing)]
    public void A_GPUs_mode_is_told(string? feature, string? tools, FindingState expected)
    {
        Examination examination = Examine((_, arguments) => arguments switch
        {
            ["conf-compute", "-f"] => feature,
            ["conf-compute", "-d"] => tools,
            _ => "NVIDIA H100 80GB HBM3, 81559, 550.144.03\n",
        });

        Assert.Contains("NVIDIA H100 80GB HBM3, 79.6 GiB, driver 550.144.03", Find(examination, "gpu").Detail, StringComparison.Ordinal);
        Assert.Equal(expected, Find(examination, "gpu.confidential").State);
    }

    [Fact]
    public void Swap_is_a_problem()
    {
        Write("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 1048576 kB");

        Assert.Equal(FindingState.Problem, Find(Examine(), "swap").State);
    }

    [Fact]
    public void Models_are_sized_against_free_memory()
    {
        Write("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 0 kB");
        string[] models = [Path.Combine(_root, "one"), Path.Combine(_root, "two")];
        RandomModelFolder.Write(models[0], 64, 1);
        RandomModelFolder.Write(models[1], 128, 2);
        ModelFootprint[] footprints = [.. models.Select(static model => ModelFootprint.Of(model, new LoadOptions()))];

        Examination examination = Examination.Of(new MachineView(_root, (_, _) => null), Engine, models);

        Assert.Equal(new ModelFit("one", MemoryPlan.Needed(footprints[..1]), true), examination.Models[0]);
        Assert.Equal(new ModelFit("two", MemoryPlan.Needed(footprints[1..]), true), examination.Models[1]);
        Assert.Equal(new ModelFit("all of them in one node", MemoryPlan.Needed(footprints), true), examination.Models[2]);
        Assert.DoesNotContain(Examination.Of(new MachineView(_root, (_, _) => null), Engine, models[..1]).Models, fit => fit.Model.StartsWith("all of them", StringComparison.Ordinal));
        Assert.Contains(examination.Models, fit => fit.Model.StartsWith("135M", StringComparison.Ordinal) && fit.Fits);
        Assert.Contains(examination.Models, fit => fit.Model.StartsWith("8B", StringComparison.Ordinal) && !fit.Fits);
    }

    [Fact]
    public void A_control_group_that_leaves_less_than_the_machine_bounds_what_fits()
    {
        Write("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 0 kB");
        Write("/proc/self/cgroup", "0::/\n");
        Write("/sys/fs/cgroup/memory.max", $"{1L << 30}\n");
        Write("/sys/fs/cgroup/memory.current", "0\n");

        Examination examination = Examine();

        Assert.Contains("1 GiB free of 8 GiB, by the control group's limit of 1024 MiB", Find(examination, "memory").Detail, StringComparison.Ordinal);
        Assert.Contains(examination.Models, fit => fit.Model.StartsWith("135M", StringComparison.Ordinal) && !fit.Fits);
    }

    [Fact]
    public void Without_the_engine_nothing_can_be_served()
    {
        Examination examination = Examination.Of(
            new MachineView(_root, (_, _) => null), new Finding("engine", FindingState.Problem, "does not load", "build again"), []);

        Assert.Equal((false, false), (examination.Hardware, examination.Simulated));
    }

    private Examination Examine(Func<string, IReadOnlyList<string>, string?>? run = null) =>
        Examination.Of(new MachineView(_root, run ?? ((_, _) => null)), Engine, []);

    private static Finding Find(Examination examination, string subject) => examination.Findings.First(finding => finding.Subject == subject);

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path.TrimStart('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
