using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute;

/// <summary>
/// Cosines and sines of the rotary positions, computed in binary64 and rounded once (<see cref="RotaryAngles"/>).
/// </summary>
internal static class RotaryTable
{
    /// <summary>Fills two tables of [positions, half of a head's width].</summary>
    /// <param name="positions">Rows.</param>
    /// <param name="config">Gives the width, the base and its scaling.</param>
    public static (float[] Cosines, float[] Sines) Make(int positions, ModelConfig config)
    {
        int half = config.HeadSize / 2;
        float[] cosines = new float[(long)positions * half];
        float[] sines = new float[(long)positions * half];
        double[] frequencies = RotaryFrequencies.Make(half, config.RopeTheta, config.Rope);
        double amplitude = RotaryFrequencies.Amplitude(config.Rope);
        for (int i = 0; i < half; i++)
        {
            for (int position = 0; position < positions; position++)
            {
                (double sine, double cosine) = RotaryAngles.SinCos(position * frequencies[i]);
                cosines[((long)position * half) + i] = (float)(cosine * amplitude);
                sines[((long)position * half) + i] = (float)(sine * amplitude);
            }
        }

        return (cosines, sines);
    }
}
