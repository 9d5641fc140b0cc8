using System.Buffers.Binary;
using System.Text;

namespace Verathos.GpuRuntime.Native;

/// <summary>
/// Adapts a shared object that asks for GLIBCXX_3.4.32 only because of <see cref="HookSymbol"/>, an empty function, to a
/// system whose libstdc++ stops earlier (Debian 12, RHEL 9). The undefined symbol becomes one of libc's, its version
/// becomes "any", and the version requirement becomes weak. Layout: ELF-64 little-endian, System V gABI chapters 4 and 5;
/// symbol versions as in the Linux Standard Base Core, "Symbol Versioning".
/// </summary>
public static class GlibcxxPatch
{
    /// <summary>The one symbol of GLIBCXX_3.4.32 that the binding uses.</summary>
    public const string HookSymbol = "_ZSt21ios_base_library_initv";

    // Takes no argument, is harmless to call once at load, and is shorter than the symbol it replaces.
    private const string Replacement = "sched_yield";
    private const string Version = "GLIBCXX_3.4.32";
    private const uint DynamicSymbols = 11;
    private const uint VersionNeeds = 0x6ffffffe;
    private const uint VersionSymbols = 0x6fffffff;

    /// <summary>Changes <paramref name="image"/> in place.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="problem">What stood in the way; the image is then unchanged.</param>
    /// <returns>Whether the image was changed.</returns>
    public static bool TryApply(Span<byte> image, out string? problem)
    {
        problem = Plan(image, out int name, out int version, out int flags);
        if (problem is not null)
        {
            return false;
        }

        Span<byte> symbolName = image.Slice(name, HookSymbol.Length);
        symbolName.Clear();
        Encoding.ASCII.GetBytes(Replacement, symbolName);
        BinaryPrimitives.WriteUInt16LittleEndian(image[version..], 1); // VER_NDX_GLOBAL
        ushort old = BinaryPrimitives.ReadUInt16LittleEndian(image[flags..]);
        BinaryPrimitives.WriteUInt16LittleEndian(image[flags..], (ushort)(old | 2)); // VER_FLG_WEAK
        return true;
    }

    private static string? Plan(ReadOnlySpan<byte> image, out int nameAt, out int versionAt, out int flagsAt)
    {
        nameAt = versionAt = flagsAt = 0;
        if (image.Length < 64 || !image[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return "not a 64-bit little-endian ELF file";
        }

        if (!Section.TryFind(image, DynamicSymbols, out Section symbols) || !Section.TryFind(image, VersionSymbols, out Section versions)
            || !Section.TryFind(image, VersionNeeds, out Section needs) || !Section.TryAt(image, symbols.Link, out Section symbolNames)
            || !Section.TryAt(image, needs.Link, out Section needNames))
        {
            return "it has no dynamic symbols with versions";
        }

        int index = FindHook(image, symbols, symbolNames, out nameAt);
        if (index < 0 || (index * 2) + 2 > versions.Length)
        {
            return $"it does not use {HookSymbol}";
        }

        versionAt = versions.Offset + (index * 2);
        ushort required = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(image[versionAt..]) & 0x7fff);
        flagsAt = FindNeed(image, needs, needNames, required);
        if (flagsAt == 0)
        {
            return $"its symbol is not of {Version}";
        }

        ReadOnlySpan<byte> table = image.Slice(versions.Offset, versions.Length);
        for (int i = 0; i + 2 <= table.Length; i += 2)
        {
            if (i != index * 2 && (BinaryPrimitives.ReadUInt16LittleEndian(table[i..]) & 0x7fff) == required)
            {
                return $"it uses another symbol of {Version}";
            }
        }

        return null;
    }

    private static int FindHook(ReadOnlySpan<byte> image, Section symbols, Section names, out int nameAt)
    {
        const int symbolSize = 24;
        for (int i = 0; (i + 1) * symbolSize <= symbols.Length; i++)
        {
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(image[(symbols.Offset + (i * symbolSize))..]);
            if (IsNamed(image, names, name, HookSymbol))
            {
                nameAt = names.Offset + (int)name;
                return i;
            }
        }

        nameAt = 0;
        return -1;
    }

    /// <summary>Offset of vna_flags of the needed version with this index and name, or 0.</summary>
    private static int FindNeed(ReadOnlySpan<byte> image, Section needs, Section names, ushort index)
    {
        for (long need = 0; need >= 0 && need + 16 <= needs.Length;)
        {
            ReadOnlySpan<byte> entry = image.Slice(needs.Offset + (int)need, 16);
            ushort count = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
            long auxiliary = need + BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
            for (int i = 0; i < count && auxiliary + 16 <= needs.Length; i++)
            {
                int at = needs.Offset + (int)auxiliary;
                ushort other = BinaryPrimitives.ReadUInt16LittleEndian(image[(at + 6)..]);
                if (other == index && IsNamed(image, names, BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 8)..]), Version))
                {
                    return at + 4;
                }

                auxiliary += BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 12)..]);
            }

            uint next = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            need = next == 0 ? -1 : need + next;
        }

        return 0;
    }

    private static bool IsNamed(ReadOnlySpan<byte> image, Section names, uint offset, string expected)
    {
        if (offset + (long)expected.Length + 1 > names.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> found = image.Slice(names.Offset + (int)offset, expected.Length + 1);
        return found[^1] == 0 && Encoding.ASCII.GetString(found[..^1]) == expected;
    }

    /// <summary>One section: its place in the file, proved to lie inside it, and the section that it links to.</summary>
    private readonly record struct Section(int Offset, int Length, int Link)
    {
        public static bool TryFind(ReadOnlySpan<byte> image, uint type, out Section section)
        {
            ushort count = BinaryPrimitives.ReadUInt16LittleEndian(image[60..]);
            for (int i = 0; i < count; i++)
            {
                if (Header(image, i, out ReadOnlySpan<byte> header) && BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) == type)
                {
                    return TryAt(image, i, out section);
                }
            }

            section = default;
            return false;
        }

        public static bool TryAt(ReadOnlySpan<byte> image, int index, out Section section)
        {
            section = default;
            if (!Header(image, index, out ReadOnlySpan<byte> header))
            {
                return false;
            }

            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            if (offset > (ulong)image.Length || length > (ulong)image.Length - offset)
            {
                return false;
            }

            section = new Section((int)offset, (int)length, (int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]));
            return true;
        }

        private static bool Header(ReadOnlySpan<byte> image, int index, out ReadOnlySpan<byte> header)
        {
            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(image[40..]) + ((ulong)(uint)index * 64);
            bool inside = start <= (ulong)image.Length && (ulong)image.Length - start >= 64
                && BinaryPrimitives.ReadUInt16LittleEndian(image[58..]) == 64 && index >= 0;
            header = inside ? image.Slice((int)start, 64) : default;
            return inside;
        }
    }
}
