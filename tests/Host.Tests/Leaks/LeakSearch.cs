using System.Globalization;
using System.Text;

namespace Verathos.Host.Tests.Leaks;

/// <summary>Looks for secrets in texts, in files and in all the memory of a process.</summary>
internal sealed class LeakSearch(IReadOnlyList<Needle> needles)
{
    private const int Window = 4 << 20;

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

    /// <summary>What is found in every readable mapping of a process, as a full core would hold them, and how many bytes were read.</summary>
    public (IReadOnlyList<string> Found, long Bytes) InMemory(int process)
    {
        HashSet<string> found = [];
        long total = 0;
        byte[] buffer = new byte[Window + _longest];
        using FileStream memory = new($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        foreach ((ulong start, ulong end) in Mappings(process))
        {
            for (ulong at = start; at < end; at += Window)
            {
                int length = (int)Math.Min((ulong)buffer.Length, end - at);
                int read = Read(memory, at, buffer.AsSpan(0, length));
                ReadOnlySpan<byte> part = buffer.AsSpan(0, read);
                total += Math.Min(read, Window);
                if (part.ContainsAnyExcept((byte)0))
                {
                    found.UnionWith(Find(part));
                }
            }
        }

        return ([.. found.Order()], total);
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

    private static IEnumerable<(ulong Start, ulong End)> Mappings(int process)
    {
        foreach (string line in File.ReadAllLines($"/proc/{process}/maps"))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            bool special = fields.Length == 6 && fields[5].Trim() is "[vvar]" or "[vsyscall]" or "[vvar_vclock]";
            if (fields[1][0] == 'r' && !special)
            {
                string[] range = fields[0].Split('-');
                yield return (ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            }
        }
    }

    private static int Read(FileStream memory, ulong at, Span<byte> target)
    {
        int read = 0;
        while (read < target.Length)
        {
            int count;
            try
            {
                count = RandomAccess.Read(memory.SafeFileHandle, target[read..], (long)at + read);
            }
            catch (IOException)
            {
                // A page beyond the end of a mapped file, or a device's: not in a core either.
                count = 0;
            }

            if (count == 0)
            {
                break;
            }

            read += count;
        }

        return read;
    }

    private IEnumerable<string> Find(ReadOnlySpan<byte> bytes)
    {
        List<string> found = [];
        foreach (Needle needle in needles)
        {
            if (bytes.IndexOf(needle.Bytes) >= 0)
            {
                found.Add($"{needle.Secret} as {needle.Form}");
            }
        }

        return found;
    }
}
