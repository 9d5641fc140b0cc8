namespace Verathos.Host.Doctor;

/// <summary>What the machine has of Intel TDX, AMD SEV-SNP and Intel SGX, as guest and as host.</summary>
internal static class TeeExamination
{
    private const string Tsm = "/sys/kernel/config/tsm/report";

    public static IEnumerable<Finding> Examine(MachineView machine)
    {
        string flags = CpuFlags(machine);
        return [.. Tdx(machine, flags), Snp(machine, flags), Sgx(machine, flags)];
    }

    private static IEnumerable<Finding> Tdx(MachineView machine, string flags)
    {
        bool guest = HasFlag(flags, "tdx_guest");
        bool device = machine.Exists("/dev/tdx_guest");
        if (guest)
        {
            yield return new Finding("tdx.guest", FindingState.Present, "this machine is a TDX guest");
        }
        else
        {
            bool host = machine.Read("/sys/module/kvm_intel/parameters/tdx") == "Y";
            yield return new Finding(
                "tdx.guest", FindingState.Missing,
                host ? "this machine is a TDX host, not a guest" : "this machine is not a TDX guest",
                host
                    ? "Start a TDX guest on it, and run the node's enclave inside that guest."
                    : "Rent or set up a machine with TDX (4th generation Xeon or later, enabled in the BIOS), start a TDX guest, and run the enclave inside. To try things out: --tee simulated.");
        }

        if (machine.Exists(Tsm))
        {
            yield return new Finding("tdx.quotes", FindingState.Present, $"the kernel gives quotes through {Tsm}");
        }
        else
        {
            yield return new Finding(
                "tdx.quotes", guest ? FindingState.Problem : FindingState.Missing,
                guest && device ? "/dev/tdx_guest is there, but configfs-tsm is not" : "the kernel offers no quotes (no configfs-tsm)",
                guest
                    ? "Use Linux 6.7 or newer, load the module tdx_guest, and mount configfs on /sys/kernel/config."
                    : null);
        }
    }

    private static Finding Snp(MachineView machine, string flags)
    {
        if (machine.Exists("/dev/sev-guest"))
        {
            return new Finding(
                "snp.guest", FindingState.Problem, "this machine is an SEV-SNP guest", "This build serves TDX only; SEV-SNP evidence is not made yet.");
        }

        return HasFlag(flags, "sev_snp")
            ? new Finding("snp.guest", FindingState.Missing, "the processor has SEV-SNP, and this machine is not a guest of it")
            : new Finding("snp.guest", FindingState.Missing, "this machine is not an SEV-SNP guest");
    }

    private static Finding Sgx(MachineView machine, string flags)
    {
        if (machine.Exists("/dev/sgx_enclave"))
        {
            return new Finding("sgx", FindingState.Present, "SGX is enabled", "This build does not use SGX; nothing to do.");
        }

        return HasFlag(flags, "sgx")
            ? new Finding("sgx", FindingState.Problem, "the processor has SGX, and the kernel offers no /dev/sgx_enclave")
            : new Finding("sgx", FindingState.Missing, "no SGX");
    }

    private static string CpuFlags(MachineView machine) =>
        (machine.Read("/proc/cpuinfo") ?? string.Empty).Split('\n')
            .FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? string.Empty;

    private static bool HasFlag(string flags, string flag) => flags.Split(' ', '\t').Contains(flag);
}
