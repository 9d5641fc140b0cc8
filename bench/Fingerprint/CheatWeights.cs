using System.Runtime.InteropServices;
using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>Weights that a node might run instead of those it names, made by rounding the layers' matrices.</summary>
internal static class CheatWeights
{
    /// <summary>Names, each with the levels on either side of nought, and the group that shares a scale; 0 for a row and -1 for a matrix.</summary>
    public static IReadOnlyList<(string Name, int Levels, int Group)> All { get; } =
    [
        ("int8, one scale a matrix", 127, -1),
        ("int8, one scale a row", 127, 0),
        ("int8, one scale for 32", 127, 32),
        ("int10, one scale a row", 511, 0),
        ("int4, one scale for 32", 7, 32),
    ];

    /// <summary>Rounds the matrices of all layers in place; they are BF16 or F32.</summary>
    public static void Round(ModelSource source, int levels, int group)
    {
        foreach (StoredTensor tensor in source.Tensors.Where(static t => t.Key.StartsWith("model.layers.", StringComparison.Ordinal) && t.Value.Info.Shape.Count == 2).Select(static t => t.Value))
        {
            Span<byte> bytes = tensor.Memory.Span(tensor.Info.Offset, tensor.Info.Length);
            float[] values = new float[tensor.Info.Elements];
            Quantization.ToSingle(tensor.Info.Type, bytes, values);
            int width = group switch { -1 => values.Length, 0 => (int)tensor.Columns, _ => group };
            for (int at = 0; at < values.Length; at += (int)tensor.Columns)
            {
                int length = group == -1 ? values.Length : (int)tensor.Columns;
                for (int part = 0; part < length; part += width)
                {
                    Round(values.AsSpan(at + part, Math.Min(width, length - part)), levels);
                }

                if (group == -1)
                {
                    break;
                }
            }

            Quantization.FromSingle(tensor.Info.Type, values).CopyTo(bytes);
        }
    }

    private static void Round(Span<float> values, int levels)
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
