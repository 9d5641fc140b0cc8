using System.Globalization;

namespace Verathos.Host.Doctor;

/// <summary>What the machine has of NVIDIA GPUs, and whether they are in confidential mode.</summary>
internal static class GpuExamination
{
    /// <summary>Looks for GPUs; <paramref name="memory"/> is the largest one's memory in bytes, 0 without one.</summary>
    public static IReadOnlyList<Finding> Examine(MachineView machine, out long memory)
    {
        memory = 0;
        List<Finding> findings = [];
        string? list = machine.Run("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits");
        if (list is null)
        {
            bool device = machine.Exists("/dev/nvidiactl") || machine.Exists("/proc/driver/nvidia/version");
            findings.Add(device
                ? new Finding("gpu", FindingState.Problem, "NVIDIA devices are there, but nvidia-smi does not answer", "Check the driver: run nvidia-smi and read its message.")
                : new Finding("gpu", FindingState.Missing, "no NVIDIA GPU", "None is needed: this build computes on the processor."));
            return findings;
        }

        foreach (string line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length == 3 && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long megabytes))
            {
                memory = Math.Max(memory, megabytes << 20);
                findings.Add(new Finding(
                    "gpu", FindingState.Present, $"{fields[0]}, {Sizes.Text(megabytes << 20)}, driver {fields[2]}",
                    "This build computes on the processor; the GPU is not used yet."));
            }
        }

        findings.Add(Mode(machine.Run("nvidia-smi", "conf-compute", "-f"), machine.Run("nvidia-smi", "conf-compute", "-d")));
        return findings;
    }

    private static Finding Mode(string? feature, string? tools)
    {
        bool on = feature?.Contains("CC status: ON", StringComparison.OrdinalIgnoreCase) ?? false;
        if (!on)
        {
            return new Finding(
                "gpu.confidential", FindingState.Missing,
                feature is null ? "the driver does not report a confidential mode" : "confidential mode is off",
                "Confidential mode needs an H100 or later, passed through to a confidential guest and switched on from the host before the guest starts.");
        }

        return tools?.Contains("DevTools Mode: ON", StringComparison.OrdinalIgnoreCase) ?? false
            ? new Finding("gpu.confidential", FindingState.Problem, "confidential mode is on, in DEVTOOLS form", "Turn DEVTOOLS off: in it the GPU's memory can be read, and every production policy refuses it.")
            : new Finding("gpu.confidential", FindingState.Present, "confidential mode is on");
    }
}
