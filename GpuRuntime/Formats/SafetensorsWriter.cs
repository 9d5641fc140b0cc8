using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Verathos.GpuRuntime.Formats;

/// <summary>Writes safetensors files.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes a file; an existing one is replaced only when the new one is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors in the order in which they are to lie.</param>
    /// <param name="metadata">Free text members of the header, or null.</param>
    /// <exception cref="ArgumentException">A name appears twice, the format lacks a type, or a length does not fit its shape.</exception>
    public static void Write(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        byte[] header = Header(tensors, metadata);
        string partial = path + ".partial";
        using (FileStream file = File.Create(partial))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            file.Write(length);
            file.Write(header);
            foreach (TensorData tensor in tensors)
            {
                file.Write(tensor.Bytes.Span);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
    }

    private static byte[] Header(IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        if (metadata is not null)
        {
            json.WriteStartObject("__metadata__");
            foreach ((string name, string value) in metadata)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        HashSet<string> names = [];
        long offset = 0;
        foreach (TensorData tensor in tensors)
        {
            if (!names.Add(tensor.Name) || TensorLayout.Of(tensor.Type).Quantised
                || !TensorInfo.TryGetLength(tensor.Type, tensor.Shape, out long length) || length != tensor.Bytes.Length)
            {
                throw new ArgumentException($"tensor {tensor.Name} appears twice, is quantised or does not have the length of its shape", nameof(tensors));
            }

            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (long dimension in tensor.Shape)
            {
                json.WriteNumberValue(dimension);
            }

            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += length);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();

        // Spaces bring the tensors to an eight-byte boundary, as the reference writer does.
        int padding = (8 - (buffer.WrittenCount % 8)) % 8;
        return [.. buffer.WrittenSpan, .. Enumerable.Repeat((byte)' ', padding)];
    }
}
