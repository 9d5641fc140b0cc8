namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>A model with its adapters added to it: W + alpha / rank * B A, each element's products summed in binary64 and rounded once with W's.</summary>
internal static class AdapterSum
{
    /// <summary>The flat weights of the sum.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layout">Where the adapters lie.</param>
    /// <param name="lora">Which there are, and their factor.</param>
    /// <param name="adapters">Flat.</param>
    public static float[] Of(ModelWeights model, ParameterLayout layout, LoraSettings lora, ReadOnlySpan<float> adapters)
    {
        float[] values = [.. model.Values];
        double scale = lora.Alpha / lora.Rank;
        int next = 0;
        double[] sums = [];
        for (int tensor = 0; tensor < model.Layout.Tensors.Count; tensor++)
        {
            (string name, int rows, int columns) = model.Layout.Tensors[tensor];
            if (!lora.Covers(name))
            {
                continue;
            }

            ReadOnlySpan<float> a = adapters.Slice(layout.Offset(next), layout.Length(next));
            ReadOnlySpan<float> b = adapters.Slice(layout.Offset(next + 1), layout.Length(next + 1));
            next += 2;
            Array.Resize(ref sums, columns);
            for (int row = 0; row < rows; row++)
            {
                Array.Clear(sums);
                for (int k = 0; k < lora.Rank; k++)
                {
                    double factor = b[(row * lora.Rank) + k];
                    for (int column = 0; column < columns; column++)
                    {
                        sums[column] += factor * a[(k * columns) + column];
                    }
                }

                Span<float> target = values.AsSpan(model.Layout.Offset(tensor) + (row * columns), columns);
                for (int column = 0; column < columns; column++)
                {
                    target[column] = (float)(target[column] + (scale * sums[column]));
                }
            }
        }

        return values;
    }
}
