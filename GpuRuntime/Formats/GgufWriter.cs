using System.Text;

namespace Verathos.GpuRuntime.Formats;

/// <summary>Writes GGUF files of version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).</summary>
public static class GgufWriter
{
    private const int Alignment = 32;

    /// <summary>Writes a file; an existing one is replaced only when the new one is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors in the order in which they are to lie; names are GGUF's own.</param>
    /// <param name="metadata">
    /// Values by key: bool, byte, sbyte, ushort, short, uint, int, ulong, long, float, double, string, or arrays of them. The .NET
    /// type chooses the type in the file; most counts of a model are uint there.
    /// </param>
    /// <exception cref="ArgumentException">A name appears twice, a length does not fit its shape, or a value has no type of the format.</exception>
    public static void Write(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(metadata);
        string partial = path + ".partial";
        using (FileStream file = File.Create(partial))
        {
            using (BinaryWriter writer = new(file, Encoding.UTF8, leaveOpen: true))
            {
                Header(writer, tensors, metadata);
                foreach (TensorData tensor in tensors)
                {
                    writer.Write(tensor.Bytes.Span);
                    Pad(writer);
                }
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
    }

    private static void Header(BinaryWriter writer, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, object> metadata)
    {
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach ((string key, object value) in metadata)
        {
            Text(writer, key);
            Value(writer, key, value);
        }

        HashSet<string> names = [];
        long offset = 0;
        foreach (TensorData tensor in tensors)
        {
            if (!names.Add(tensor.Name) || !TensorInfo.TryGetLength(tensor.Type, tensor.Shape, out long length) || length != tensor.Bytes.Length)
            {
                throw new ArgumentException($"tensor {tensor.Name} appears twice or does not have the length of its shape", nameof(tensors));
            }

            Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (long dimension in tensor.Shape.Reverse())
            {
                writer.Write((ulong)dimension);
            }

            writer.Write((uint)TensorLayout.Of(tensor.Type).Code);
            writer.Write((ulong)offset);
            offset += (length + Alignment - 1) / Alignment * Alignment;
        }

        Pad(writer);
    }

    private static void Value(BinaryWriter writer, string key, object value)
    {
        if (value is Array array)
        {
            Type element = array.GetType().GetElementType()!;
            writer.Write(9u);
            writer.Write(ValueType(key, element));
            writer.Write((ulong)array.Length);
            foreach (object item in array)
            {
                Scalar(writer, item);
            }

            return;
        }

        writer.Write(ValueType(key, value.GetType()));
        Scalar(writer, value);
    }

    private static uint ValueType(string key, Type type) => Type.GetTypeCode(type) switch
    {
        System.TypeCode.Byte => 0,
        System.TypeCode.SByte => 1,
        System.TypeCode.UInt16 => 2,
        System.TypeCode.Int16 => 3,
        System.TypeCode.UInt32 => 4,
        System.TypeCode.Int32 => 5,
        System.TypeCode.Single => 6,
        System.TypeCode.Boolean => 7,
        System.TypeCode.String => 8,
        System.TypeCode.UInt64 => 10,
        System.TypeCode.Int64 => 11,
        System.TypeCode.Double => 12,
        _ => throw new ArgumentException($"GGUF has no type for {key}'s {type.Name}", nameof(type)),
    };

    private static void Scalar(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case byte v: writer.Write(v); break;
            case sbyte v: writer.Write(v); break;
            case ushort v: writer.Write(v); break;
            case short v: writer.Write(v); break;
            case uint v: writer.Write(v); break;
            case int v: writer.Write(v); break;
            case float v: writer.Write(v); break;
            case bool v: writer.Write(v); break;
            case ulong v: writer.Write(v); break;
            case long v: writer.Write(v); break;
            case double v: writer.Write(v); break;
            default: Text(writer, (string)value); break;
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
        {
            writer.Write((byte)0);
        }
    }
}
