namespace Verathos.GpuRuntime.Compute;

/// <summary>Cosines and sines of the rotary positions, computed in binary64 and rounded once.</summary>
internal static class RotaryTable
{
    /// <summary>Fills two tables of [positions, half].</summary>
    /// <param name="positions">Rows.</param>
    /// <param name="half">Columns: half of a head's width.</param>
    /// <param name="theta">Base of the frequencies.</param>
    public static (float[] Cosines, float[] Sines) Make(int positions, int half, double theta)
    {
        float[] cosines = new float[positions * half];
        float[] sines = new float[positions * half];
        for (int i = 0; i < half; i++)
        {
            double frequency = Math.Pow(theta, -(double)i / half);
            for (int position = 0; position < positions; position++)
            {
                (double sine, double cosine) = Math.SinCos(position * frequency);
                cosines[(position * half) + i] = (float)cosine;
                sines[(position * half) + i] = (float)sine;
            }
        }

        return (cosines, sines);
    }
}
