using TorchSharp;
using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>Stretches of the flat vector that can be computed with as one: a few long operations instead of several for each tensor.</summary>
internal static class FlatRuns
{
    /// <summary>The longest stretches that tensors cover without a gap.</summary>
    /// <param name="layout">Where tensors lie.</param>
    /// <param name="tensors">Their numbers, ascending.</param>
    public static IReadOnlyList<(int Offset, int Length)> Of(ParameterLayout layout, IEnumerable<int> tensors)
    {
        List<(int Offset, int Length)> runs = [];
        foreach (int tensor in tensors)
        {
            (int offset, int length) = (layout.Offset(tensor), layout.Length(tensor));
            if (runs.Count > 0 && runs[^1].Offset + runs[^1].Length == offset)
            {
                runs[^1] = (runs[^1].Offset, runs[^1].Length + length);
            }
            else
            {
                runs.Add((offset, length));
            }
        }

        return runs;
    }

    /// <summary>Multiplies the weights of stretches by 1 - rate * decay.</summary>
    public static void Decay(Tensor weights, IReadOnlyList<(int Offset, int Length)> runs, double rate, double decay)
    {
        if (decay == 0)
        {
            return;
        }

        using Scalar keep = 1.0 - (rate * decay);
        foreach ((int offset, int length) in runs)
        {
            weights.narrow(0, offset, length).mul_(keep);
        }
    }
}
