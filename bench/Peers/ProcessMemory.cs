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
}
