using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Verathos.Bench.Peers;

/// <summary>What other processes take.</summary>
internal static class ProcessMemory
{
    /// <summary>The greatest resident memory of a process: VmHWM in /proc/PID/status, in KiB there; the runtime's own figure where there is no such file.</summary>
    public static long PeakBytes(int process)
    {
        string status = $"/proc/{process}/status";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(static text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        if (line is null)
        {
            using Process found = Process.GetProcessById(process);
            return found.PeakWorkingSet64;
        }

        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>What a process holds of the memory of NVIDIA's GPUs, as nvidia-smi has it, in MiB there; null where it is not installed or does not know the process.</summary>
    public static long? DeviceBytes(int process)
    {
        ProcessStartInfo start = new("nvidia-smi", ["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]) { RedirectStandardOutput = true };
        try
        {
            using Process tool = Process.Start(start)!;
            return DeviceBytes(tool.StandardOutput.ReadToEnd(), process);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Reads what nvidia-smi printed.</summary>
    internal static long? DeviceBytes(string printed, int process)
    {
        long? sum = null;
        foreach (string line in printed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] columns = line.Split(',', StringSplitOptions.TrimEntries);
            if (columns.Length == 2 && columns[0] == process.ToString(CultureInfo.InvariantCulture)
                && long.TryParse(columns[1], NumberStyles.None, CultureInfo.InvariantCulture, out long mebibytes))
            {
                sum = (sum ?? 0) + (mebibytes << 20);
            }
        }

        return sum;
    }
}
