using System.Runtime.InteropServices;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Where a worker stands, and the file that keeps it: weights, the optimiser's state, what was not sent, and if wished the gradient of
/// the step that follows. The file is safetensors with every part in binary32, so other programs can read it; parts of the optimiser's
/// state that are no such numbers lie in it bit by bit. It is written beside the old one, through to the disk, and renamed, so a kill
/// leaves one or the other.
/// </summary>
public sealed record TrainingState
{
    private const string WeightPrefix = "weight/";
    private const string OptimiserPrefix = "optimiser/";
    private const string GradientPrefix = "gradient/";
    private const string RestName = "rest";

    /// <summary>The flat vector of weights.</summary>
    public required float[] Weights { get; init; }

    /// <summary>The optimiser's state in its order, or null for the one that it begins with.</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)>? Optimiser { get; init; }

    /// <summary>What was not sent; empty for zeros, or where everything is sent.</summary>
    public float[] Rest { get; init; } = [];

    /// <summary>The dense gradient, before clipping, of the step that follows; null where it is not kept.</summary>
    public float[]? Gradient { get; init; }

    /// <summary>Free text members.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Writes it to a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">How weights and gradient lie.</param>
    /// <exception cref="ArgumentException">A vector is not of the layout, or a part of the optimiser's state is not whole groups of four bytes.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path, ParameterLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        List<TensorData> tensors = [.. Tensors(WeightPrefix, layout, Weights)];
        foreach ((string name, ReadOnlyMemory<byte> bytes) in Optimiser ?? [])
        {
            if (bytes.Length == 0 || bytes.Length % 4 != 0)
            {
                throw new ArgumentException($"the part {name} of the optimiser's state has {bytes.Length} bytes");
            }

            tensors.Add(new TensorData(OptimiserPrefix + name, TensorType.F32, [bytes.Length / 4], bytes));
        }

        if (Rest.Length > 0)
        {
            tensors.Add(new TensorData(RestName, TensorType.F32, [Rest.Length], Bytes(Rest)));
        }

        if (Gradient is not null)
        {
            tensors.AddRange(Tensors(GradientPrefix, layout, Gradient));
        }

        SafetensorsWriter.Write(path, tensors, Metadata);
    }

    /// <summary>Reads it from a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">How weights and gradient must lie.</param>
    /// <exception cref="TrainingException">The file is not such a state, or of another layout.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainingState Read(string path, ParameterLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        try
        {
            using var file = SafetensorsFile.Read(path);
            if (file.Tensors.Any(static tensor => tensor.Type != TensorType.F32))
            {
                throw new TrainingException($"{path} is not a training state: a part of it is not binary32.");
            }

            var parts = file.Tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
            (string, ReadOnlyMemory<byte>)[] optimiser =
            [
                .. file.Tensors.Where(static tensor => tensor.Name.StartsWith(OptimiserPrefix, StringComparison.Ordinal)).OrderBy(static tensor => tensor.Offset)
                    .Select(tensor => (tensor.Name[OptimiserPrefix.Length..], new ReadOnlyMemory<byte>(file.Bytes(tensor).ToArray()))),
            ];
            bool hasGradient = parts.Keys.Any(static name => name.StartsWith(GradientPrefix, StringComparison.Ordinal));
            int others = optimiser.Length + (parts.ContainsKey(RestName) ? 1 : 0) + (layout.Tensors.Count * (hasGradient ? 2 : 1));
            return parts.Count != others
                ? throw new TrainingException($"{path} is not a state of this model: it has parts that do not belong to it, or lacks some.")
                : new TrainingState
                {
                    Weights = Vector(path, file, parts, WeightPrefix, layout),
                    Optimiser = optimiser.Length == 0 ? null : optimiser,
                    Rest = parts.TryGetValue(RestName, out TensorInfo? rest) ? Floats(file.Bytes(rest)) : [],
                    Gradient = hasGradient ? Vector(path, file, parts, GradientPrefix, layout) : null,
                    Metadata = file.Metadata,
                };
        }
        catch (ModelFormatException exception)
        {
            throw new TrainingException($"The training state {path} cannot be read: {exception.Message}", exception);
        }
    }

    private static IEnumerable<TensorData> Tensors(string prefix, ParameterLayout layout, float[] values)
    {
        if (values.Length != layout.Count)
        {
            throw new ArgumentException($"the layout has {layout.Count} elements, not {values.Length}");
        }

        return layout.Tensors.Select((tensor, i) => new TensorData(
            prefix + tensor.Name, TensorType.F32, [tensor.Rows, tensor.Columns], Bytes(values.AsSpan(layout.Offset(i), tensor.Rows * tensor.Columns))));
    }

    private static float[] Vector(string path, SafetensorsFile file, Dictionary<string, TensorInfo> parts, string prefix, ParameterLayout layout)
    {
        float[] values = new float[layout.Count];
        for (int i = 0; i < layout.Tensors.Count; i++)
        {
            (string name, int rows, int columns) = layout.Tensors[i];
            if (!parts.TryGetValue(prefix + name, out TensorInfo? part) || part.Elements != (long)rows * columns)
            {
                throw new TrainingException($"{path} is not a state of this model: {prefix}{name} is missing or does not have {rows} by {columns} elements.");
            }

            Floats(file.Bytes(part)).CopyTo(values, layout.Offset(i));
        }

        return values;
    }

    // safetensors is little-endian, and so is every machine that libtorch runs on here.
    private static byte[] Bytes(ReadOnlySpan<float> values) => MemoryMarshal.AsBytes(values).ToArray();

    private static float[] Floats(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, float>(bytes).ToArray();
}
