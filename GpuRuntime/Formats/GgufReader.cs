using System.Buffers.Binary;
using System.Text;

namespace Verathos.GpuRuntime.Formats;

/// <summary>Reads the fields of a GGUF header and never past its end.</summary>
internal ref struct GgufReader(string file, ReadOnlySpan<byte> bytes)
{
    private const int MaximumDimensions = 4;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    public string String(string what)
    {
        ulong length = UInt64(what);
        ReadOnlySpan<byte> text = Take(length, what);
        try
        {
            return Utf8.GetString(text);
        }
        catch (ArgumentException e)
        {
            throw new ModelFormatException($"{file}: {what} is not UTF-8", e);
        }
    }

    /// <summary>A value with its type before it.</summary>
    public object Value(string key)
    {
        uint type = UInt32(key);
        if (type != 9)
        {
            return Scalar(type, key);
        }

        uint elementType = UInt32(key);
        ulong count = UInt64(key);
        if (elementType == 9 || count > (ulong)(_bytes.Length - Position))
        {
            throw new ModelFormatException($"{file}: {key} is an array of arrays, or of {count} elements that the file does not have");
        }

        object[] elements = new object[count];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = Scalar(elementType, key);
        }

        return elementType switch
        {
            8 => Array.ConvertAll(elements, static e => (string)e),
            7 => Array.ConvertAll(elements, static e => (bool)e),
            6 or 12 => Array.ConvertAll(elements, static e => (double)e),
            1 or 3 or 5 or 11 => Array.ConvertAll(elements, static e => (long)e),
            _ => Array.ConvertAll(elements, static e => unchecked((long)(ulong)e)),
        };
    }

    /// <summary>A tensor's description; its Offset is not known yet.</summary>
    public (TensorInfo Tensor, ulong Relative) Tensor(ulong index)
    {
        string name = String($"name of tensor {index}");
        uint dimensions = UInt32(name);
        if (dimensions is 0 or > MaximumDimensions)
        {
            throw new ModelFormatException($"{file}: tensor {name} has {dimensions} dimensions");
        }

        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong dimension = UInt64(name);
            shape[i] = dimension <= long.MaxValue ? (long)dimension : throw new ModelFormatException($"{file}: tensor {name} has a dimension of {dimension}");
        }

        uint stored = UInt32(name);
        TensorType type = TensorLayout.All.FirstOrDefault(layout => layout.Code == stored)?.Type
            ?? throw new ModelFormatException($"{file}: tensor {name} has the type {stored}; {string.Join(", ", TensorLayout.All.Select(static l => $"{l.Name} ({l.Code})"))} are supported");
        return TensorInfo.TryGetLength(type, shape, out long length)
            ? (new TensorInfo(name, type, shape, 0, length), UInt64(name))
            : throw new ModelFormatException($"{file}: tensor {name} cannot have the shape [{string.Join(", ", shape)}] with the type {type}");
    }

    private object Scalar(uint type, string key) => type switch
    {
        0 => (ulong)Take(1, key)[0],
        1 => (long)(sbyte)Take(1, key)[0],
        2 => (ulong)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2, key)),
        4 => (ulong)UInt32(key),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4, key)),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4, key)),
        7 => Take(1, key)[0] != 0,
        8 => String(key),
        10 => UInt64(key),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, key)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key)),
        _ => throw new ModelFormatException($"{file}: {key} has the unknown value type {type}"),
    };

    private ReadOnlySpan<byte> Take(ulong count, string what)
    {
        if (count > (ulong)(_bytes.Length - Position))
        {
            throw new ModelFormatException($"{file} ends inside {what}: it is truncated or damaged");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }
}
