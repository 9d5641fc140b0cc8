using System.Globalization;

namespace Verathos.GpuRuntime.Formats;

/// <summary>
/// A GGUF file (versions 2 and 3) in private memory: metadata, tensor descriptions, then the tensors' bytes, each aligned
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
/// </summary>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;
    private const int DefaultAlignment = 32;
    private const int MaximumEntries = 1 << 20;
    private const int Prefix = 64 << 20;

    private GgufFile(PrivateMemory memory, IReadOnlyList<TensorInfo> tensors, IReadOnlyDictionary<string, object> metadata) =>
        (Memory, Tensors, Metadata) = (memory, tensors, metadata);

    /// <summary>The whole file.</summary>
    public PrivateMemory Memory { get; }

    /// <summary>The tensors in the order in which their bytes lie.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Values by key: bool, ulong, long, double, string, or arrays of them (bool[], long[], double[], string[]).</summary>
    public IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ModelFormatException">The header is truncated, overlapping, oversized or otherwise untrue; the message names the key or tensor.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFile Read(string path, Action<long>? read = null, CancellationToken cancellationToken = default)
    {
        CheckSizes(Path.GetFileName(path), path);
        PrivateMemory memory = PrivateMemory.ReadFile(path, read, cancellationToken);
        try
        {
            return Parse(Path.GetFileName(path), memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Reads metadata and tensor descriptions alone; the tensors' places and bytes are not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="without">A tensor to leave out.</param>
    /// <exception cref="ModelFormatException">The header is damaged, or longer than this build looks ahead.</exception>
    internal static GgufFile ReadHeader(string path, string without)
    {
        using FileStream file = File.OpenRead(path);
        byte[] prefix = new byte[Math.Min(Prefix, file.Length)];
        int length = file.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
        (Dictionary<string, object> metadata, List<(TensorInfo Tensor, ulong Relative)> described, _, _) = Describe(Path.GetFileName(path), prefix.AsSpan(0, length));
        return new GgufFile(new PrivateMemory(0), [.. described.Select(static entry => entry.Tensor).Where(tensor => tensor.Name != without)], metadata);
    }

    /// <summary>The bytes of one of <see cref="Tensors"/>.</summary>
    public ReadOnlySpan<byte> Bytes(TensorInfo tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Memory.Span(tensor.Offset, tensor.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();

    /// <summary>Refuses tensors that are too large before memory is taken for the whole file. Anything else is left to <see cref="Parse"/>.</summary>
    private static void CheckSizes(string name, string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length <= TensorInfo.MaximumLength)
        {
            return;
        }

        byte[] prefix = new byte[Prefix];
        int length = file.ReadAtLeast(prefix, Prefix, throwOnEndOfStream: false);
        List<(TensorInfo Tensor, ulong Relative)> described;
        try
        {
            described = Describe(name, prefix.AsSpan(0, length)).Tensors;
        }
        catch (ModelFormatException)
        {
            return;
        }

        described.ForEach(entry => CheckSize(name, entry.Tensor));
    }

    private static void CheckSize(string file, TensorInfo tensor)
    {
        if (tensor.Length > TensorInfo.MaximumLength)
        {
            throw new ModelFormatException($"{file}: tensor {tensor.Name} takes {tensor.Length} bytes; at most {TensorInfo.MaximumLength} bytes for one tensor are supported");
        }
    }

    private static GgufFile Parse(string file, PrivateMemory memory)
    {
        (Dictionary<string, object> metadata, List<(TensorInfo Tensor, ulong Relative)> described, long dataStart, long alignment) =
            Describe(file, memory.Span(0, Math.Min(memory.Length, int.MaxValue)));
        return new GgufFile(memory, Place(file, described, dataStart, alignment, memory.Length), metadata);
    }

    private static (Dictionary<string, object> Metadata, List<(TensorInfo Tensor, ulong Relative)> Tensors, long DataStart, long Alignment) Describe(string file, ReadOnlySpan<byte> bytes)
    {
        GgufReader reader = new(file, bytes);
        if (reader.UInt32("magic") != Magic)
        {
            throw new ModelFormatException($"{file} is no GGUF file");
        }

        uint version = reader.UInt32("version");
        if (version is not (2 or 3))
        {
            throw new ModelFormatException($"{file} is GGUF version {version.ToString(CultureInfo.InvariantCulture)}; 2 and 3 are supported");
        }

        ulong tensorCount = reader.UInt64("tensor count");
        ulong keyCount = reader.UInt64("metadata count");
        if (tensorCount > MaximumEntries || keyCount > MaximumEntries)
        {
            throw new ModelFormatException($"{file} says that it has {tensorCount} tensors and {keyCount} metadata entries, more than a file may have");
        }

        Dictionary<string, object> metadata = new(StringComparer.Ordinal);
        for (ulong i = 0; i < keyCount; i++)
        {
            string key = reader.String($"metadata key {i}");
            if (!metadata.TryAdd(key, reader.Value(key)))
            {
                throw new ModelFormatException($"{file} gives {key} twice");
            }
        }

        long alignment = metadata.TryGetValue("general.alignment", out object? given) ? given is ulong a and >= 1 and <= 1 << 20 && a % 8 == 0 ? (long)a : -1 : DefaultAlignment;
        if (alignment < 0)
        {
            throw new ModelFormatException($"{file}: general.alignment is not a multiple of 8 up to 1048576");
        }

        List<(TensorInfo Tensor, ulong Relative)> described = [];
        HashSet<string> names = [];
        for (ulong i = 0; i < tensorCount; i++)
        {
            (TensorInfo Tensor, ulong Relative) entry = reader.Tensor(i);
            if (!names.Add(entry.Tensor.Name))
            {
                throw new ModelFormatException($"{file} describes tensor {entry.Tensor.Name} twice");
            }

            described.Add(entry);
        }

        long dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        return (metadata, described, dataStart, alignment);
    }

    private static List<TensorInfo> Place(string file, List<(TensorInfo Tensor, ulong Relative)> described, long dataStart, long alignment, long fileLength)
    {
        described.Sort(static (a, b) => a.Relative != b.Relative ? a.Relative.CompareTo(b.Relative) : a.Tensor.Length.CompareTo(b.Tensor.Length));
        List<TensorInfo> placed = [];
        long end = dataStart;
        foreach ((TensorInfo tensor, ulong relative) in described)
        {
            if (relative % (ulong)alignment != 0)
            {
                throw new ModelFormatException($"{file}: tensor {tensor.Name} lies at {relative}, which is not aligned to {alignment}");
            }

            if (dataStart > fileLength || relative > (ulong)(fileLength - dataStart) || tensor.Length > fileLength - dataStart - (long)relative)
            {
                throw new ModelFormatException($"{file}: tensor {tensor.Name} of {tensor.Length} bytes at {relative} lies outside the file: it is truncated or damaged");
            }

            CheckSize(file, tensor);
            TensorInfo absolute = tensor with { Offset = dataStart + (long)relative };
            if (absolute.Offset < end)
            {
                throw new ModelFormatException($"{file}: tensor {tensor.Name} overlaps the tensor before it");
            }

            end = absolute.Offset + absolute.Length;
            placed.Add(absolute);
        }

        return placed;
    }
}
