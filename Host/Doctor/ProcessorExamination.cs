using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Verathos.GpuRuntime.Native;

namespace Verathos.Host.Doctor;

/// <summary>Processor, memory and swap.</summary>
internal static class ProcessorExamination
{
    /// <summary>Looks at the processor and at memory; <paramref name="available"/> is the free memory in bytes.</summary>
    public static IReadOnlyList<Finding> Examine(MachineView machine, out long available)
    {
        string model = (machine.Read("/proc/cpuinfo") ?? string.Empty).Split('\n')
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        long total = MemoryLine(machine, "MemTotal");
        MachineMemory memory = machine.Memory;
        available = memory.Free;
        string free = $"{Sizes.Text(available)} free of {Sizes.Text(total)}{(available < MemoryLine(machine, "MemAvailable") ? $", by {memory.Bound}" : "")}";
        return
        [
            new Finding("processor", FindingState.Present, $"{model}, {Environment.ProcessorCount} logical processors"),
            Instructions(),
            available >= 1L << 30
                ? new Finding("memory", FindingState.Present, free)
                : new Finding("memory", FindingState.Problem, free, "A node needs about 1 GiB beside its model; free some memory."),
            Swap(machine),
        ];
    }

    private static Finding Instructions()
    {
        (string Name, bool Has)[] sets =
        [
            ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512", Avx512F.IsSupported), ("AVX-512 BW", Avx512BW.IsSupported),
            ("AES", Aes.IsSupported), ("PCLMULQDQ", Pclmulqdq.IsSupported),
        ];
        string has = string.Join(", ", sets.Where(set => set.Has).Select(set => set.Name));
        string[] lacks = [.. sets.Where(set => !set.Has).Select(set => set.Name)];
        return lacks.Length == 0
            ? new Finding("instructions", FindingState.Present, has)
            : new Finding(
                "instructions", Avx2.IsSupported ? FindingState.Present : FindingState.Problem,
                $"{(has.Length == 0 ? "none of the wide ones" : has)}; without {string.Join(", ", lacks)}",
                "The engine runs without these, more slowly.");
    }

    private static Finding Swap(MachineView machine)
    {
        long swap = MemoryLine(machine, "SwapTotal");
        return swap == 0
            ? new Finding("swap", FindingState.Present, "swap is off, as an enclave needs it")
            : new Finding("swap", FindingState.Problem, $"{Sizes.Text(swap)} of swap is on", "Secrets could reach a disk: turn it off inside the enclave's machine with swapoff -a.");
    }

    private static long MemoryLine(MachineView machine, string name)
    {
        string? line = (machine.Read("/proc/meminfo") ?? string.Empty).Split('\n')
            .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        string digits = new((line ?? string.Empty).SkipWhile(letter => !char.IsAsciiDigit(letter)).TakeWhile(char.IsAsciiDigit).ToArray());
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes << 10 : 0;
    }
}
