using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>Inputs of a model's matrices, as its honest passes computed them: what a quantiser calibrates on.</summary>
/// <param name="answers">Recorded with their inputs.</param>
internal sealed class MatrixInputs(IReadOnlyList<RecordedAnswer> answers)
{
    /// <summary>Inputs of a matrix.</summary>
    /// <param name="tensor">For example model.layers.3.mlp.down_proj.weight.</param>
    public IReadOnlyList<float[]> Of(string tensor)
    {
        string[] parts = tensor.Split('.');
        int layer = int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture);
        List<float[]> inputs = [];
        foreach (RecordedAnswer answer in answers)
        {
            for (int position = 0; position < answer.StepHashes.Count; position++)
            {
                inputs.Add(Widen(parts[4] switch
                {
                    "q_proj" or "k_proj" or "v_proj" => answer.Pass.Normed(layer, position),
                    "o_proj" => answer.Pass.Attended(layer, position),
                    "gate_proj" or "up_proj" => answer.Pass.FeedForwardNormed(layer, position),
                    _ => answer.Pass.Activated(layer, position),
                }));
            }
        }

        return inputs;
    }

    /// <summary>The matrices that read the same as another, by one name.</summary>
    public static string Shared(string tensor) => tensor
        .Replace("k_proj", "q_proj", StringComparison.Ordinal).Replace("v_proj", "q_proj", StringComparison.Ordinal).Replace("up_proj", "gate_proj", StringComparison.Ordinal);

    private static float[] Widen(ReadOnlySpan<ushort> bits)
    {
        float[] values = new float[bits.Length];
        BFloat16.ToSingle(bits, values);
        return values;
    }
}
