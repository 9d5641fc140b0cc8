using System.Buffers;
using System.Text;

namespace Verathos.Protocol.Bhttp;

/// <summary>The parts that requests and responses share: strings with lengths, field sections, and what their bytes may be.</summary>
internal static class BhttpEncoding
{
    /// <summary>The most bytes that one field section, or one part of the control data, may have.</summary>
    public const int MaxSection = 65536;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> MethodBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    private static readonly SearchValues<byte> ForbiddenInValue = SearchValues.Create([0, (byte)'\r', (byte)'\n']);

    public static void WriteString(IBufferWriter<byte> output, string value)
    {
        VarInt.Write(output, (ulong)value.Length);
        Span<byte> destination = output.GetSpan(value.Length);
        if (Encoding.Latin1.GetByteCount(value) != value.Length || value.AsSpan().ContainsAnyExceptInRange('\0', '\u00ff'))
        {
            throw new ArgumentException("a part of a message has a character that is not one byte", nameof(value));
        }

        output.Advance(Encoding.Latin1.GetBytes(value, destination));
    }

    /// <summary>A field section in known-length form: its length, then the lines.</summary>
    public static void WriteKnownFields(IBufferWriter<byte> output, IReadOnlyList<BhttpField> fields)
    {
        ArrayBufferWriter<byte> section = new();
        WriteLines(section, fields);
        VarInt.Write(output, (ulong)section.WrittenCount);
        output.Write(section.WrittenSpan);
    }

    /// <summary>A field section in indeterminate-length form: the lines, then a zero.</summary>
    public static void WriteIndeterminateFields(IBufferWriter<byte> output, IReadOnlyList<BhttpField> fields)
    {
        WriteLines(output, fields);
        VarInt.Write(output, 0);
    }

    /// <summary>Reads a field line at <paramref name="offset"/>; <see cref="BhttpError.Truncated"/> if more bytes are needed.</summary>
    public static BhttpError ReadLine(ReadOnlySpan<byte> data, scoped ref int offset, out BhttpField field)
    {
        field = default;
        int at = offset;
        BhttpError error = ReadString(data, ref at, out ReadOnlySpan<byte> name);
        if (error != BhttpError.None)
        {
            return error;
        }

        if (name.IsEmpty || name.ContainsAnyExcept(NameBytes))
        {
            return BhttpError.FieldName;
        }

        error = ReadString(data, ref at, out ReadOnlySpan<byte> value);
        if (error != BhttpError.None)
        {
            return error;
        }

        if (value.ContainsAny(ForbiddenInValue) || (!value.IsEmpty && (value[0] is 32 or 9 || value[^1] is 32 or 9)))
        {
            return BhttpError.FieldValue;
        }

        offset = at;
        field = new BhttpField(Encoding.ASCII.GetString(name), Encoding.Latin1.GetString(value));
        return BhttpError.None;
    }

    /// <summary>Reads a whole known-length field section that is present in full.</summary>
    public static BhttpError ReadKnownFields(ReadOnlySpan<byte> data, scoped ref int offset, List<BhttpField> fields)
    {
        BhttpError error = ReadString(data, ref offset, out ReadOnlySpan<byte> section);
        if (error != BhttpError.None)
        {
            return error;
        }

        int at = 0;
        while (at < section.Length)
        {
            error = ReadLine(section, ref at, out BhttpField field);
            if (error != BhttpError.None)
            {
                return error;
            }

            fields.Add(field);
        }

        return BhttpError.None;
    }

    /// <summary>Reads lines up to the zero that ends an indeterminate-length section; <see cref="BhttpError.Truncated"/> if it is not there yet.</summary>
    public static BhttpError ReadIndeterminateFields(ReadOnlySpan<byte> data, scoped ref int offset, List<BhttpField> fields)
    {
        int at = offset;
        while (true)
        {
            if (at - offset > MaxSection)
            {
                return BhttpError.TooLarge;
            }

            int peek = at;
            BhttpError error = VarInt.Read(data, ref peek, out ulong length);
            if (error != BhttpError.None)
            {
                return error;
            }

            if (length == 0)
            {
                offset = peek;
                return BhttpError.None;
            }

            error = ReadLine(data, ref at, out BhttpField field);
            if (error != BhttpError.None)
            {
                return error;
            }

            fields.Add(field);
        }
    }

    public static BhttpError ReadString(ReadOnlySpan<byte> data, scoped ref int offset, out ReadOnlySpan<byte> value)
    {
        value = default;
        int at = offset;
        BhttpError error = VarInt.Read(data, ref at, out ulong length);
        if (error != BhttpError.None)
        {
            return error;
        }

        if (length > MaxSection)
        {
            return BhttpError.TooLarge;
        }

        if (length > (ulong)(data.Length - at))
        {
            return BhttpError.Truncated;
        }

        value = data.Slice(at, (int)length);
        offset = at + (int)length;
        return BhttpError.None;
    }

    public static bool IsMethod(ReadOnlySpan<byte> method) => !method.IsEmpty && !method.ContainsAnyExcept(MethodBytes);

    /// <summary>Visible ASCII only: what a scheme, an authority and a path may be made of.</summary>
    public static bool IsVisible(ReadOnlySpan<byte> text) => !text.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e);

    public static bool IsZero(ReadOnlySpan<byte> padding) => !padding.ContainsAnyExcept((byte)0);

    private static void WriteLines(IBufferWriter<byte> output, IReadOnlyList<BhttpField> fields)
    {
        foreach (BhttpField field in fields)
        {
            CheckField(field);
            WriteString(output, field.Name);
            WriteString(output, field.Value);
        }
    }

    private static void CheckField(BhttpField field)
    {
        if (field.Name.Length == 0 || Encoding.Latin1.GetBytes(field.Name).AsSpan().ContainsAnyExcept(NameBytes))
        {
            throw new ArgumentException($"'{field.Name}' is not a field name");
        }

        byte[] value = Encoding.Latin1.GetBytes(field.Value);
        if (value.AsSpan().ContainsAny(ForbiddenInValue) || (value.Length > 0 && (value[0] is 32 or 9 || value[^1] is 32 or 9)))
        {
            throw new ArgumentException($"the value of '{field.Name}' has bytes that a field value may not have");
        }
    }
}
