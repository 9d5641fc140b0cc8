using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>Weights that a node might run in the place of those it names. All change the private copy before it is packed.</summary>
internal static class CheatMatrices
{
    public static void Integers(ModelSource source, int levels, int group, Func<int, bool>? layers = null)
    {
        foreach (StoredTensor tensor in WeightRounding.Matrices(source, layers))
        {
            WeightRounding.Round(tensor, levels, group);
        }
    }

    /// <summary>E4M3 with one scale a matrix.</summary>
    public static void Floats8(ModelSource source)
    {
        foreach (StoredTensor tensor in WeightRounding.Matrices(source))
        {
            float[] values = WeightRounding.Read(tensor);
            float scale = Math.Max(values.Max(MathF.Abs), float.Epsilon * 1024) / Float8.Greatest;
            WeightRounding.Write(tensor, Array.ConvertAll(values, value => BFloat16.Round(Float8.Round(value / scale) * scale)));
        }
    }

    /// <summary>LLM.int8 (Dettmers et al., 2022): int8 with one scale a row, but the twentieth of the columns whose inputs are largest stay bfloat16.</summary>
    public static void OutlierColumns(ModelSource source, MatrixInputs inputs)
    {
        foreach ((string name, StoredTensor tensor) in source.Tensors.Where(static t => t.Key.Contains(".layers.", StringComparison.Ordinal) && t.Value.Info.Shape.Count == 2))
        {
            int columns = (int)tensor.Columns;
            float[] largest = new float[columns];
            foreach (float[] input in inputs.Of(name))
            {
                for (int i = 0; i < columns; i++)
                {
                    largest[i] = Math.Max(largest[i], MathF.Abs(input[i]));
                }
            }

            HashSet<int> kept = [.. Enumerable.Range(0, columns).OrderByDescending(i => largest[i]).Take((columns + 19) / 20)];
            float[] values = WeightRounding.Read(tensor);
            float[] row = new float[columns - kept.Count];
            for (int at = 0; at < values.Length; at += columns)
            {
                int place = 0;
                for (int i = 0; i < columns; i++)
                {
                    if (!kept.Contains(i))
                    {
                        row[place++] = values[at + i];
                    }
                }

                WeightRounding.Round(row, 127);
                place = 0;
                for (int i = 0; i < columns; i++)
                {
                    values[at + i] = kept.Contains(i) ? BFloat16.Round(values[at + i]) : row[place++];
                }
            }

            WeightRounding.Write(tensor, values);
        }
    }

    /// <summary>GPTQ to int8, one scale for 32 columns.</summary>
    public static void Gptq(ModelSource source, MatrixInputs inputs, CancellationToken stop)
    {
        (string Shared, double[][] Upper) known = ("", []);
        foreach ((string name, StoredTensor tensor) in source.Tensors.Where(static t => t.Key.Contains(".layers.", StringComparison.Ordinal) && t.Value.Info.Shape.Count == 2).OrderBy(static t => MatrixInputs.Shared(t.Key), StringComparer.Ordinal))
        {
            stop.ThrowIfCancellationRequested();
            if (known.Shared != MatrixInputs.Shared(name))
            {
                known = (MatrixInputs.Shared(name), GptqRounding.Factor(inputs.Of(name), (int)tensor.Columns));
            }

            float[] values = WeightRounding.Read(tensor);
            GptqRounding.Round(values, known.Upper, 127, 32);
            WeightRounding.Write(tensor, values);
        }
    }
}
