using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Verathos.Host.Tests.Leaks;

/// <summary>
/// A full core of a stopped process (ELF-64 ET_CORE, System V ABI chapter 5): every mapping with all its pages that are in memory or
/// in swap, whatever their protection. Pages that were never touched are holes of the sparse file, so that an address range which the
/// runtime reserves costs nothing. The file goes when this is disposed.
/// </summary>
internal sealed class CoreFile : IDisposable
{
    /// <summary>The most that the pages of one core may have together, and what the disk must have free, in bytes.</summary>
    public const long Bound = 4L << 30;

    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int Load = 1;
    private const int Note = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-core-").FullName;

    private CoreFile()
    {
    }

    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(_folder, "core");

    /// <summary>How many bytes of the process it holds.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many loadable segments it has.</summary>
    public int Segments { get; private set; }

    /// <summary>Takes the core of a process that is stopped; skips the test where the disk has too little space.</summary>
    public static CoreFile Take(int process)
    {
        CoreFile core = new();
        try
        {
            long free = new DriveInfo(core._folder).AvailableFreeSpace;
            Assert.SkipUnless(free >= Bound, $"a core needs {Bound >> 30} GB of free disk, {System.IO.Path.GetTempPath()} has {free >> 20} MB");
            core.Write(process);
            return core;
        }
        catch
        {
            core.Dispose();
            throw;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(int process)
    {
        Assert.Equal(Architecture.X64, RuntimeInformation.ProcessArchitecture);
        using FileStream pagemap = new($"/proc/{process}/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        IReadOnlyList<MemoryMapping> all = MemoryMapping.Of(process);
        List<(MemoryMapping Mapping, IReadOnlyList<(ulong Start, ulong End)> Runs)> segments =
            [.. all.Where(mapping => mapping.HasPages).Select(mapping => (mapping, mapping.Present(pagemap))).Where(segment => segment.Item2.Count > 0)];
        byte[] notes = CoreNotes.Write(process, all);
        Segments = segments.Count;
        int notesStart = HeaderLength + (ProgramHeaderLength * (segments.Count + 1));
        using FileStream file = new(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        file.Write(Header(segments.Count + 1));
        file.Write(ProgramHeader(Note, 0, notesStart, 0, notes.Length, 0, 4));
        long at = Aligned(notesStart + notes.Length);
        foreach ((MemoryMapping mapping, IReadOnlyList<(ulong Start, ulong End)> runs) in segments)
        {
            long held = (long)(runs[^1].End - mapping.Start);
            file.Write(ProgramHeader(Load, Flags(mapping.Permissions), at, mapping.Start, held, (long)(mapping.End - mapping.Start), MemoryMapping.PageLength));
            at += held;
        }

        file.Write(notes);
        at = Aligned(file.Position);
        using FileStream memory = new($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        foreach ((MemoryMapping mapping, IReadOnlyList<(ulong Start, ulong End)> runs) in segments)
        {
            foreach ((ulong start, ulong end) in runs)
            {
                Copy(memory, start, end, file, at + (long)(start - mapping.Start));
            }

            at += (long)(runs[^1].End - mapping.Start);
        }

        file.SetLength(at);
    }

    private void Copy(FileStream memory, ulong start, ulong end, FileStream file, long to)
    {
        byte[] buffer = new byte[Math.Min((int)Math.Min(end - start, 4 << 20), 4 << 20)];
        while (start < end)
        {
            int length = (int)Math.Min((ulong)buffer.Length, end - start);
            int read;
            try
            {
                read = RandomAccess.Read(memory.SafeFileHandle, buffer.AsSpan(0, length), (long)start);
            }
            catch (IOException)
            {
                // A device's page, or one beyond the end of a mapped file, is not in a kernel's core either.
                read = 0;
            }

            Bytes += read;
            Assert.True(Bytes <= Bound, $"the process has more than {Bound >> 30} GB");
            RandomAccess.Write(file.SafeFileHandle, buffer.AsSpan(0, read), to);
            int step = read > 0 ? read : MemoryMapping.PageLength;
            start += (ulong)step;
            to += step;
        }
    }

    private static byte[] Header(int programHeaders)
    {
        byte[] header = new byte[HeaderLength];
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2;
        header[5] = 1;
        header[6] = 1;
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(16), 4);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(18), 62);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), HeaderLength);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(52), HeaderLength);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(54), ProgramHeaderLength);

        // 0xFFFF would mean that the number stands elsewhere.
        Assert.InRange(programHeaders, 1, 0xFFFE);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(56), (ushort)programHeaders);
        return header;
    }

    private static byte[] ProgramHeader(int type, int flags, long offset, ulong address, long fileLength, long memoryLength, long alignment)
    {
        byte[] header = new byte[ProgramHeaderLength];
        BinaryPrimitives.WriteInt32LittleEndian(header, type);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), flags);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), address);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), fileLength);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), memoryLength);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), alignment);
        return header;
    }

    private static int Flags(string permissions) =>
        (permissions[0] == 'r' ? 4 : 0) | (permissions[1] == 'w' ? 2 : 0) | (permissions[2] == 'x' ? 1 : 0);

    private static long Aligned(long offset) => (offset + MemoryMapping.PageLength - 1) / MemoryMapping.PageLength * MemoryMapping.PageLength;
}
