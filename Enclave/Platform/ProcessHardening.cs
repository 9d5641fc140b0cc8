using System.Collections;
using System.Runtime.InteropServices;

namespace Verathos.Enclave.Platform;

/// <summary>Closes the ways by which whoever starts the enclave's process could look into it or change it unmeasured.</summary>
public static class ProcessHardening
{
    private const int PrSetDumpable = 4;
    private const int RlimitCore = 4;
    private static readonly string[] Prefixes = ["LD_", "DOTNET_", "COMPlus_", "CORECLR_"];

    // These only take a way in away.
    private static readonly string[] Harmless = ["DOTNET_EnableDiagnostics", "DOTNET_EnableDiagnostics_IPC", "DOTNET_EnableDiagnostics_Debugger", "DOTNET_EnableDiagnostics_Profiler"];

    /// <summary>Everything about this process that a hardware enclave refuses to start with; empty where all is well.</summary>
    /// <param name="measured">Variables whose values the measured configuration fixes.</param>
    public static IReadOnlyList<string> FindObjections(IReadOnlyCollection<string> measured)
    {
        List<string> objections = [.. FindVariables(Environment.GetEnvironmentVariables(), measured)
            .Select(name => $"The variable {name} changes the process and is not measured: unset it.")];
        if (HasDiagnosticPort(Path.GetTempPath(), Environment.ProcessId))
        {
            objections.Add("The runtime's diagnostic port is open: start with DOTNET_EnableDiagnostics=0.");
        }

        if (File.Exists("/proc/swaps") && HasSwap(File.ReadAllText("/proc/swaps")))
        {
            objections.Add("Swap is on, so secrets could reach a disk: turn it off with swapoff -a.");
        }

        return objections;
    }

    /// <summary>The environment variables that change what runs and that nothing measures.</summary>
    public static IReadOnlyList<string> FindVariables(IDictionary environment, IReadOnlyCollection<string> measured)
    {
        ArgumentNullException.ThrowIfNull(environment);
        List<string> found = [];
        foreach (DictionaryEntry entry in environment)
        {
            string name = (string)entry.Key;
            bool changes = Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
            bool closes = Array.Exists(Harmless, harmless => name == harmless) && entry.Value is "0";
            if (changes && !closes && !measured.Contains(name))
            {
                found.Add(name);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Whether the table of /proc/swaps lists any area below its heading.</summary>
    public static bool HasSwap(string swaps)
    {
        ArgumentNullException.ThrowIfNull(swaps);
        return swaps.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length > 1;
    }

    /// <summary>Whether the runtime listens for debuggers and profilers of this process.</summary>
    public static bool HasDiagnosticPort(string temporaryFolder, int processId) =>
        Directory.Exists(temporaryFolder) &&
        Directory.EnumerateFileSystemEntries(temporaryFolder, $"dotnet-diagnostic-{processId}-*").Any();

    /// <summary>Forbids core dumps and other processes' looks into this one's memory, for the rest of its life. Linux only; elsewhere it throws.</summary>
    public static void DisableDumps()
    {
        ResourceLimit none = default;
        if (SetResourceLimit(RlimitCore, in none) != 0 || ProcessControl(PrSetDumpable, 0, 0, 0, 0) != 0)
        {
            throw new PlatformException($"The system did not let the enclave turn core dumps off (error {Marshal.GetLastPInvokeError()}).");
        }
    }

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetResourceLimit(int resource, in ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly ulong Soft;
        public readonly ulong Hard;
    }
}
