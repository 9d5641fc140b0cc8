using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>A model's weights as the served profile multiplies them, row by row.</summary>
/// <param name="source">The model.</param>
internal sealed class RowReader(ModelSource source)
{
    // Projections that read the same input are joined, and stay as they are stored only together.
    private static readonly string[][] s_joined = [["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]];

    /// <summary>Gives each row of a layer's matrix.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example self_attn.q_proj.</param>
    /// <param name="row">Takes index and weights, in their order.</param>
    public void Read(int layer, string part, Action<int, ReadOnlyMemory<float>> row)
    {
        string[] joined = Array.Find(s_joined, parts => parts.Contains(part)) ?? Joined(part);
        bool exact = Array.TrueForAll(joined, other => IsStored(source.Tensors[ModelTensors.Layer(layer, other)]));
        Read(source.Tensors[ModelTensors.Layer(layer, part)], exact, row);
    }

    /// <summary>Gives each row of the embedding or the output.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="row">Takes index and weights, in their order.</param>
    public void Read(string name, Action<int, ReadOnlyMemory<float>> row) => Read(source.Tensors[name], IsStored(source.Tensors[name]), row);

    /// <summary>A norm or a bias, in binary32.</summary>
    public float[] Vector(string name)
    {
        float[] values = new float[source.Tensors[name].Info.Elements];
        source.Tensors[name].ReadRow(0, values);
        return values;
    }

    /// <summary>One row of the embedding or the output.</summary>
    public float[] Row(string name, int index)
    {
        StoredTensor tensor = source.Tensors[name];
        float[] row = new float[tensor.Columns];
        Read(tensor, IsStored(tensor), index, row);
        return row;
    }

    /// <summary>A matrix's rows and columns.</summary>
    public (int Rows, int Columns) Size(string name) => ((int)source.Tensors[name].Rows, (int)source.Tensors[name].Columns);

    /// <summary>Gate and up of the layer, or of one expert.</summary>
    private static string[] Joined(string part)
    {
        string prefix = part[..(part.LastIndexOf('.') + 1)];
        return part == prefix + "gate_proj" || part == prefix + "up_proj" ? [prefix + "gate_proj", prefix + "up_proj"] : [part];
    }

    private static bool IsStored(StoredTensor tensor) => tensor.Info.Type == TensorType.Q80 && tensor.Deltas.Count == 0;

    private static void Read(StoredTensor tensor, bool exact, Action<int, ReadOnlyMemory<float>> give)
    {
        float[] row = new float[tensor.Columns];
        for (int index = 0; index < tensor.Rows; index++)
        {
            Read(tensor, exact, index, row);
            give(index, row);
        }
    }

    private static void Read(StoredTensor tensor, bool exact, int index, float[] row)
    {
        tensor.ReadRow(index, row);
        for (int i = 0; i < row.Length && !exact; i++)
        {
            row[i] = BFloat16.Round(row[i]);
        }
    }
}
