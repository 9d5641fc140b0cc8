using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Verathos.Host.Tests.Leaks;

/// <summary>Looks for secrets in texts, in files and in cores of processes.</summary>
internal sealed class LeakSearch(IReadOnlyList<Needle> needles)
{
    private const int Window = 4 << 20;

    private const int BeginningLength = 4;
    private const int SlotBits = 18;

    private readonly ulong[] _beginnings = Beginnings(needles);
    private readonly int _longest = needles.Max(needle => needle.Bytes.Length);

    /// <summary>What is found in a text.</summary>
    public IReadOnlyList<string> InText(string place, string text) => [.. Find(Encoding.UTF8.GetBytes(text)).Select(found => $"{found} in {place}")];

    /// <summary>What is found in the files of a folder, whatever their names.</summary>
    public IReadOnlyList<string> InFolder(string folder)
    {
        List<string> found = [];
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            // A socket has no length, and nothing to read.
            if (new FileInfo(path).Length > 0)
            {
                found.AddRange(Find(File.ReadAllBytes(path)).Select(form => $"{form} in {Path.GetFileName(path)}"));
            }
        }

        return found;
    }

    /// <summary>What is found in a core file, and how many bytes of the process it holds. Holes of the file are passed over.</summary>
    public (IReadOnlyList<string> Found, long Bytes) InCore(CoreFile core)
    {
        HashSet<string> found = [];
        byte[] buffer = new byte[Window + _longest];
        using FileStream file = new(core.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        int descriptor = (int)file.SafeFileHandle.DangerousGetHandle();
        const int seekData = 3;
        const int seekHole = 4;
        for (long start = Seek(descriptor, 0, seekData), end; start >= 0; start = Seek(descriptor, end, seekData))
        {
            end = Seek(descriptor, start, seekHole);
            for (long at = start; at < end; at += Window)
            {
                int read = RandomAccess.Read(file.SafeFileHandle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                found.UnionWith(Find(buffer.AsSpan(0, read)));
            }
        }

        return ([.. found.Order()], core.Bytes);
    }

    /// <summary>The files, pipes apart, that a process holds open for writing outside a folder; memory files are read with its memory.</summary>
    public static IReadOnlyList<string> OpenedForWritingOutside(int process, string folder)
    {
        List<string> opened = [];
        foreach (string descriptor in Directory.EnumerateFileSystemEntries($"/proc/{process}/fd"))
        {
            string? target = new FileInfo(descriptor).LinkTarget;
            if (target is null || !target.StartsWith('/') || target.StartsWith("/memfd:", StringComparison.Ordinal)
                || target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith(folder + "/", StringComparison.Ordinal))
            {
                continue;
            }

            string flags = File.ReadLines($"/proc/{process}/fdinfo/{Path.GetFileName(descriptor)}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            const int accessMode = 3;
            if ((Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & accessMode) != 0)
            {
                opened.Add(target);
            }
        }

        return opened;
    }

    /// <summary>Looks for all needles in one pass: a bit for each beginning of four bytes says where a closer look is worth it.</summary>
    private HashSet<string> Find(ReadOnlySpan<byte> bytes)
    {
        HashSet<string> found = [];
        for (int at = 0; at <= bytes.Length - BeginningLength; at++)
        {
            int slot = Slot(Unsafe.ReadUnaligned<uint>(ref Unsafe.AsRef(in bytes[at])));
            if ((_beginnings[slot >> 6] >> (slot & 63) & 1) == 0)
            {
                continue;
            }

            foreach (Needle needle in needles)
            {
                if (bytes[at..].StartsWith(needle.Bytes))
                {
                    found.Add($"{needle.Secret} as {needle.Form}");
                }
            }
        }

        return found;
    }

    private static ulong[] Beginnings(IReadOnlyList<Needle> needles)
    {
        ulong[] beginnings = new ulong[1 << (SlotBits - 6)];
        foreach (Needle needle in needles)
        {
            int slot = Slot(BitConverter.ToUInt32(needle.Bytes));
            beginnings[slot >> 6] |= 1UL << (slot & 63);
        }

        return beginnings;
    }

    private static int Slot(uint beginning) => (int)(beginning * 2654435761u >> (32 - SlotBits));

    [DllImport("libc", EntryPoint = "lseek")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(int descriptor, long offset, int whence);
}
