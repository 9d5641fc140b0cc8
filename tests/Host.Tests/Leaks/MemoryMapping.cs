using System.Globalization;

namespace Verathos.Host.Tests.Leaks;

/// <summary>One mapping of a process, as /proc/PID/smaps shows it.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="End">The byte after its last.</param>
/// <param name="Permissions">Such as <c>rw-p</c>.</param>
/// <param name="FileOffset">Where it begins in its file.</param>
/// <param name="File">The file's path, or the empty string.</param>
/// <param name="HasPages">Whether any page of it is in memory or in swap.</param>
internal sealed record MemoryMapping(ulong Start, ulong End, string Permissions, ulong FileOffset, string File, bool HasPages)
{
    public const int PageLength = 4096;

    /// <summary>The mappings in the order of their addresses, without those of the kernel's own pages.</summary>
    public static IReadOnlyList<MemoryMapping> Of(int process)
    {
        List<MemoryMapping> mappings = [];
        foreach (string line in System.IO.File.ReadLines($"/proc/{process}/smaps"))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (fields[0].EndsWith(':'))
            {
                bool pages = fields[0] is "Rss:" or "Swap:" && fields[1] != "0";
                mappings[^1] = mappings[^1] with { HasPages = mappings[^1].HasPages || pages };
                continue;
            }

            string[] range = fields[0].Split('-');
            mappings.Add(new MemoryMapping(Hex(range[0]), Hex(range[1]), fields[1], Hex(fields[2]), fields.Length == 6 ? fields[5].Trim() : "", false));
        }

        return [.. mappings.Where(mapping => mapping.File is not ("[vvar]" or "[vsyscall]" or "[vvar_vclock]"))];
    }

    /// <summary>The runs of pages that are in memory or in swap (Documentation/admin-guide/mm/pagemap.rst), as addresses.</summary>
    public IReadOnlyList<(ulong Start, ulong End)> Present(FileStream pagemap)
    {
        const int inSwap = 62;
        List<(ulong, ulong)> runs = [];
        byte[] entries = new byte[8 * (int)Math.Min((End - Start) / PageLength, 1 << 17)];
        ulong runStart = 0;
        bool inRun = false;
        for (ulong at = Start; at < End;)
        {
            int length = (int)Math.Min((ulong)entries.Length, (End - at) / PageLength * 8);
            pagemap.Position = (long)(at / PageLength * 8);
            pagemap.ReadExactly(entries, 0, length);
            for (int i = 0; i < length; i += 8, at += PageLength)
            {
                bool present = BitConverter.ToUInt64(entries, i) >> inSwap != 0;
                if (present && !inRun)
                {
                    runStart = at;
                }
                else if (!present && inRun)
                {
                    runs.Add((runStart, at));
                }

                inRun = present;
            }
        }

        if (inRun)
        {
            runs.Add((runStart, End));
        }

        return runs;
    }

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
