namespace Verathos.Training.Compression;

/// <summary>Norms of the parts of a gradient.</summary>
public static class TensorNorms
{
    /// <summary>The Euclidean norm within each tensor of a layout.</summary>
    public static double[] Of(GradientLayout layout, SparseVector gradient)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(gradient);
        double[] norms = new double[layout.Tensors.Count];
        int tensor = 0;
        for (int i = 0; i < gradient.Count; i++)
        {
            while (tensor + 1 < norms.Length && gradient.Indices[i] >= layout.Offset(tensor + 1))
            {
                tensor++;
            }

            norms[tensor] += gradient.Values[i] * gradient.Values[i];
        }

        for (int i = 0; i < norms.Length; i++)
        {
            norms[i] = Math.Sqrt(norms[i]);
        }

        return norms;
    }
}
