using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Changes a private copy of a model's matrices, row by row in the order in which they are multiplied.</summary>
internal static class WeightRounding
{
    /// <summary>The matrices of all layers, or of some.</summary>
    public static IEnumerable<StoredTensor> Matrices(ModelSource source, Func<int, bool>? layers = null) =>
        source.Tensors.Where(t => t.Key.StartsWith("model.layers.", StringComparison.Ordinal) && t.Value.Info.Shape.Count == 2
            && (layers?.Invoke(int.Parse(t.Key.AsSpan("model.layers.".Length, t.Key.IndexOf('.', "model.layers.".Length) - "model.layers.".Length), System.Globalization.CultureInfo.InvariantCulture)) ?? true))
            .OrderBy(static t => t.Key, StringComparer.Ordinal).Select(static t => t.Value);

    /// <summary>All elements of a matrix, rows as they are stored.</summary>
    public static float[] Read(StoredTensor tensor)
    {
        float[] values = new float[tensor.Info.Elements];
        Quantization.ToSingle(tensor.Info.Type, tensor.Memory.Span(tensor.Info.Offset, tensor.Info.Length), values);
        return values;
    }

    /// <summary>Puts other elements in their place; the matrix is BF16 or F32.</summary>
    public static void Write(StoredTensor tensor, ReadOnlySpan<float> values) =>
        Quantization.FromSingle(tensor.Info.Type, values).CopyTo(tensor.Memory.Span(tensor.Info.Offset, tensor.Info.Length));

    /// <summary>Rounds to levels on either side of nought.</summary>
    /// <param name="tensor">The matrix.</param>
    /// <param name="levels">For example 127.</param>
    /// <param name="group">Neighbours in a row that share a scale; 0 for a row, -1 for the matrix.</param>
    public static void Round(StoredTensor tensor, int levels, int group)
    {
        float[] values = Read(tensor);
        int columns = (int)tensor.Columns;
        int width = group switch { -1 => values.Length, 0 => columns, _ => group };
        for (int at = 0; at < values.Length;)
        {
            // A group does not reach into the next row, unless it is the matrix.
            int length = group == -1 ? width : Math.Min(width, columns - (at % columns));
            Round(values.AsSpan(at, length), levels);
            at += length;
        }

        Write(tensor, values);
    }

    /// <summary>Rounds to levels of one scale.</summary>
    public static void Round(Span<float> values, int levels)
    {
        float highest = 0;
        foreach (float value in values)
        {
            highest = Math.Max(highest, MathF.Abs(value));
        }

        float scale = Math.Max(highest, float.Epsilon * 1024) / levels;
        foreach (ref float value in values)
        {
            value = BFloat16.Round(MathF.Round(value / scale) * scale);
        }
    }
}
