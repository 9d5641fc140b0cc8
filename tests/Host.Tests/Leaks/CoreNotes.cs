using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Verathos.Host.Tests.Leaks;

/// <summary>The notes of a core file: process, threads, auxiliary vector, mapped files (linux/elfcore.h, x86-64).</summary>
internal static class CoreNotes
{
    private const int Status = 1;
    private const int ProcessInfo = 3;
    private const int Auxiliary = 6;
    private const int Files = 0x46494C45;

    public static byte[] Write(int process, IReadOnlyList<MemoryMapping> mappings)
    {
        using MemoryStream notes = new();
        Note(notes, ProcessInfo, Information(process));
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task").Order(StringComparer.Ordinal))
        {
            Note(notes, Status, ThreadStatus(process, thread));
        }

        Note(notes, Auxiliary, File.ReadAllBytes($"/proc/{process}/auxv"));
        Note(notes, Files, MappedFiles(mappings));
        return notes.ToArray();
    }

    private static void Note(MemoryStream notes, int type, byte[] description)
    {
        byte[] head = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(head, 5);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), description.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(8), type);
        notes.Write(head);
        notes.Write("CORE\0\0\0\0"u8);
        notes.Write(description);
        notes.Write(new byte[-description.Length & 3]);
    }

    private static byte[] Information(int process)
    {
        byte[] information = new byte[136];
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(24), process);
        Text(File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n'), information.AsSpan(40, 16));
        Text(File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' '), information.AsSpan(56, 80));
        return information;
    }

    /// <summary>
    /// struct elf_prstatus. A thread that waits in the kernel shows its stack pointer and program counter; the other registers, none
    /// of which is as long as what is looked for, are left zero.
    /// </summary>
    private static byte[] ThreadStatus(int process, string thread)
    {
        const int registers = 112;
        const int instruction = 16;
        const int stack = 19;
        byte[] status = new byte[336];
        BinaryPrimitives.WriteInt32LittleEndian(status.AsSpan(32), int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture));
        BinaryPrimitives.WriteInt32LittleEndian(status.AsSpan(36), process);
        string[] call = File.ReadAllText(Path.Combine(thread, "syscall")).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (call.Length >= 3)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(status.AsSpan(registers + (8 * stack)), Convert.ToUInt64(call[^2], 16));
            BinaryPrimitives.WriteUInt64LittleEndian(status.AsSpan(registers + (8 * instruction)), Convert.ToUInt64(call[^1], 16));
        }

        return status;
    }

    private static byte[] MappedFiles(IReadOnlyList<MemoryMapping> mappings)
    {
        MemoryMapping[] files = [.. mappings.Where(mapping => mapping.File.StartsWith('/'))];
        using MemoryStream description = new();
        foreach (ulong value in (ulong[])[(ulong)files.Length, MemoryMapping.PageLength,
                     .. files.SelectMany(file => new[] { file.Start, file.End, file.FileOffset / MemoryMapping.PageLength })])
        {
            description.Write(BitConverter.GetBytes(value));
        }

        foreach (MemoryMapping file in files)
        {
            description.Write(Encoding.UTF8.GetBytes(file.File + "\0"));
        }

        return description.ToArray();
    }

    private static void Text(string text, Span<byte> field)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, field.Length - 1)).CopyTo(field);
    }
}
