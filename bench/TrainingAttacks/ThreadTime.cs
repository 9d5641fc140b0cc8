using System.Globalization;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>The processor time of the calling thread, as the kernel counts it: what else runs on the machine is not in it.</summary>
internal static class ThreadTime
{
    // Fields 14 and 15 of /proc/thread-self/stat (proc_pid_stat(5)) are in hundredths of a second on every Linux that .NET supports.
    private const double Hertz = 100;

    public static TimeSpan Now()
    {
        string stat = File.ReadAllText("/proc/thread-self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / Hertz);
    }
}
