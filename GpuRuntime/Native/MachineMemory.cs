using System.Globalization;

namespace Verathos.GpuRuntime.Native;

/// <summary>The memory that this process can still take.</summary>
/// <param name="Free">Bytes: what the system has left, and what every limit around the process leaves.</param>
/// <param name="Bound">What bounds it, for a person.</param>
public readonly record struct MachineMemory(long Free, string Bound)
{
    private const long NoLimit = 1L << 60;

    /// <summary>Looks at the system and at the control groups of this process, version 2 or 1.</summary>
    /// <param name="root">The folder that stands for <c>/</c>.</param>
    public static MachineMemory Read(string root = "/")
    {
        ArgumentNullException.ThrowIfNull(root);
        MachineMemory least = Available(root) is { } available
            ? new MachineMemory(available, "the memory that the system has available")
            : new MachineMemory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet, "the memory that the runtime sees");
        foreach (string folder in Groups(root))
        {
            if (Left(folder) is { } left && left.Free < least.Free)
            {
                least = new MachineMemory(left.Free, $"the control group's limit of {left.Limit >> 20} MiB");
            }
        }

        return least with { Free = Math.Max(0, least.Free) };
    }

    private static long? Available(string root)
    {
        const string field = "MemAvailable:";
        string? line = Lines(Path.Combine(root, "proc/meminfo")).FirstOrDefault(static line => line.StartsWith(field, StringComparison.Ordinal));
        return line is not null && Number(line[field.Length..].Trim().TrimEnd('B').TrimEnd('k')) is { } kibibytes ? kibibytes * 1024 : null;
    }

    /// <summary>The group of this process and all above it. Inside a container its own group is seen as the root.</summary>
    private static IEnumerable<string> Groups(string root)
    {
        foreach (string line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3 || !(parts[1].Length == 0 || parts[1].Split(',').Contains("memory")))
            {
                continue;
            }

            string mount = Path.Combine(root, parts[1].Length == 0 ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            string inner = parts[2].Trim('/');
            while (true)
            {
                yield return Path.Combine(mount, inner);
                if (inner.Length == 0)
                {
                    break;
                }

                inner = Path.GetDirectoryName(inner) ?? string.Empty;
            }
        }
    }

    /// <summary>What a group's limit leaves; the files that it has read and could drop again count as free.</summary>
    private static (long Free, long Limit)? Left(string folder)
    {
        bool second = File.Exists(Path.Combine(folder, "memory.max"));
        long? limit = Number(Lines(Path.Combine(folder, second ? "memory.max" : "memory.limit_in_bytes")).FirstOrDefault());
        long? used = Number(Lines(Path.Combine(folder, second ? "memory.current" : "memory.usage_in_bytes")).FirstOrDefault());
        if (limit is not { } most || most >= NoLimit || used is not { } taken)
        {
            return null;
        }

        string field = second ? "inactive_file " : "total_inactive_file ";
        long droppable = Lines(Path.Combine(folder, "memory.stat"))
            .Where(line => line.StartsWith(field, StringComparison.Ordinal)).Select(line => Number(line[field.Length..]) ?? 0).FirstOrDefault();
        return (most - (taken - Math.Min(taken, droppable)), most);
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
