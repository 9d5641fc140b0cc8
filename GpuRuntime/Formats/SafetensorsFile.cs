using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Verathos.GpuRuntime.Formats;

/// <summary>
/// A safetensors file in private memory: 8 bytes u64 little-endian header length, a JSON header, then the tensors' bytes
/// without gaps (https://github.com/huggingface/safetensors#format).
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int MaximumHeader = 100_000_000;
    private const string MetadataName = "__metadata__";

    private SafetensorsFile(PrivateMemory memory, IReadOnlyList<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata) =>
        (Memory, Tensors, Metadata) = (memory, tensors, metadata);

    /// <summary>The whole file.</summary>
    public PrivateMemory Memory { get; }

    /// <summary>The tensors in the order in which their bytes lie.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The header's free text members.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ModelFormatException">The header is truncated, overlapping, oversized or otherwise untrue; the message names the tensor.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Read(string path, Action<long>? read = null, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileName(path);
        CheckHeader(name, path);
        PrivateMemory memory = PrivateMemory.ReadFile(path, read, cancellationToken);
        try
        {
            // Once more: the file may have changed, and only these bytes count.
            int header = HeaderLength(name, memory.Span(0, Math.Min(8, memory.Length)), memory.Length);
            (IReadOnlyList<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata) = Parse(name, memory.Span(8, header), memory.Length);
            return new SafetensorsFile(memory, tensors, metadata);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of one of <see cref="Tensors"/>.</summary>
    public ReadOnlySpan<byte> Bytes(TensorInfo tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Memory.Span(tensor.Offset, tensor.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();

    /// <summary>Refuses a file by its header alone, before memory is taken for the whole.</summary>
    private static void CheckHeader(string name, string path)
    {
        using FileStream file = File.OpenRead(path);
        long length = file.Length;
        byte[] start = new byte[Math.Min(8, length)];
        file.ReadExactly(start);
        byte[] header = new byte[HeaderLength(name, start, length)];
        file.ReadExactly(header);
        Parse(name, header, length);
    }

    private static int HeaderLength(string file, ReadOnlySpan<byte> start, long fileLength)
    {
        if (start.Length < 8)
        {
            throw new ModelFormatException($"{file} is {fileLength} bytes long: too short for a safetensors header");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        return headerLength <= (ulong)Math.Min(MaximumHeader, fileLength - 8)
            ? (int)headerLength
            : throw new ModelFormatException($"{file} says that its header has {headerLength} bytes; the file has {fileLength}: it is truncated or no safetensors file");
    }

    private static (IReadOnlyList<TensorInfo> Tensors, IReadOnlyDictionary<string, string> Metadata) Parse(string file, ReadOnlySpan<byte> headerBytes, long fileLength)
    {
        long dataStart = 8 + headerBytes.Length;
        List<TensorInfo> tensors = [];
        Dictionary<string, string> metadata = [];
        try
        {
            using JsonDocument header = JsonDocument.Parse(Encoding.UTF8.GetString(headerBytes), new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (JsonProperty member in header.RootElement.EnumerateObject())
            {
                if (member.NameEquals(MetadataName))
                {
                    metadata = member.Value.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString() ?? "");
                }
                else
                {
                    tensors.Add(ReadTensor(file, member.Name, member.Value, dataStart, fileLength));
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new ModelFormatException($"{file} has a header that is not the JSON that safetensors asks for: {e.Message}", e);
        }

        tensors.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
        long expected = dataStart;
        foreach (TensorInfo tensor in tensors)
        {
            if (tensor.Offset != expected)
            {
                string fault = tensor.Offset < expected ? "overlaps the tensor before it" : $"leaves {tensor.Offset - expected} bytes unused before it";
                throw new ModelFormatException($"{file}: tensor {tensor.Name} {fault}");
            }

            expected += tensor.Length;
        }

        return expected == fileLength
            ? (tensors, metadata)
            : throw new ModelFormatException($"{file} has {fileLength - expected} bytes after its last tensor {(tensors.Count == 0 ? "" : tensors[^1].Name)}");
    }

    private static TensorInfo ReadTensor(string file, string name, JsonElement value, long dataStart, long fileLength)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("dtype", out JsonElement dtype) || !value.TryGetProperty("shape", out JsonElement shape)
            || !value.TryGetProperty("data_offsets", out JsonElement offsets) || dtype.ValueKind != JsonValueKind.String
            || !TryReadNumbers(shape, out long[] dimensions) || !TryReadNumbers(offsets, out long[] range) || range.Length != 2)
        {
            throw new ModelFormatException($"{file}: tensor {name} lacks a valid dtype, shape or data_offsets");
        }

        TensorType type = dtype.GetString() switch
        {
            "F32" => TensorType.F32,
            "F16" => TensorType.F16,
            "BF16" => TensorType.BF16,
            string other => throw new ModelFormatException($"{file}: tensor {name} has the type {other}; F32, F16 and BF16 are supported"),
            null => throw new ModelFormatException($"{file}: tensor {name} has no type"),
        };
        if (range[0] >= 0 && range[1] - range[0] > TensorInfo.MaximumLength)
        {
            throw new ModelFormatException($"{file}: tensor {name} takes {range[1] - range[0]} bytes; at most {TensorInfo.MaximumLength} bytes for one tensor are supported");
        }

        if (range[0] < 0 || range[1] < range[0] || range[1] > fileLength - dataStart)
        {
            throw new ModelFormatException($"{file}: tensor {name} lies at {range[0]} to {range[1]}, the file holds {fileLength - dataStart} bytes of tensors: it is truncated or damaged");
        }

        return TensorInfo.TryGetLength(type, dimensions, out long length) && length == range[1] - range[0]
            ? new TensorInfo(name, type, dimensions, dataStart + range[0], length)
            : throw new ModelFormatException($"{file}: tensor {name} of shape [{string.Join(", ", dimensions)}] and type {type} does not take {range[1] - range[0]} bytes");
    }

    private static bool TryReadNumbers(JsonElement array, out long[] numbers)
    {
        numbers = [];
        if (array.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        numbers = new long[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out numbers[i++]))
            {
                return false;
            }
        }

        return true;
    }
}
