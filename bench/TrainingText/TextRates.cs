namespace Verathos.Bench.TrainingText;

/// <summary>Linear warmup, then half a cosine down: the same for workers and for the plain run.</summary>
internal static class TextRates
{
    /// <summary>The rate at a share of the run.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="steps">Of the whole run.</param>
    /// <param name="warmup">Steps in which it rises.</param>
    /// <param name="highest">The highest rate.</param>
    /// <param name="final">The share of it at the end.</param>
    public static double At(int step, int steps, int warmup, double highest, double final)
    {
        if (step < warmup)
        {
            return highest * (step + 1) / warmup;
        }

        double done = (double)(step - warmup) / Math.Max(1, steps - warmup - 1);
        return highest * (final + ((1 - final) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, done)))));
    }
}
