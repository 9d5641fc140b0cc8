using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute;

/// <summary>
/// The angle by which each pair of a head turns from one position to the next, in binary64 and by exactly rounded operations
/// only, as in <see cref="Fingerprint.Numerics.RotaryAngles"/>.
/// </summary>
internal static class RotaryFrequencies
{
    /// <summary>One frequency for each pair: theta^(-i / half), stretched.</summary>
    public static double[] Make(int half, double theta, RopeScaling scaling)
    {
        double[] frequencies = new double[half];
        double root = Root(1 / theta, half);
        for (int i = 0; i < half; i++)
        {
            frequencies[i] = Power(root, i);
        }

        switch (scaling.Kind)
        {
            case RopeScalingKind.Linear:
                Each(frequencies, (f, _) => f / scaling.Factor);
                break;
            case RopeScalingKind.Llama3:
                Each(frequencies, (f, _) => Llama3(f, scaling));
                break;
            case RopeScalingKind.Yarn:
                Yarn(frequencies, theta, scaling);
                break;
            case RopeScalingKind.Factors:
                Each(frequencies, (f, i) => f / scaling.Divisors[i]);
                break;
        }

        return frequencies;
    }

    /// <summary>What cosines and sines are multiplied by.</summary>
    public static double Amplitude(RopeScaling scaling) =>
        scaling.Kind == RopeScalingKind.Yarn ? scaling.AttentionFactor ?? ((0.1 * Ln(scaling.Factor)) + 1) : 1;

    /// <summary>The natural logarithm of a positive number: its exponent's part, and 2 artanh((m - 1) / (m + 1)) of its fraction.</summary>
    internal static double Ln(double value)
    {
        int exponent = 0;
        for (; value >= 1.5; value /= 2)
        {
            exponent++;
        }

        for (; value < 0.75; value *= 2)
        {
            exponent--;
        }

        double z = (value - 1) / (value + 1);
        double sum = 0;
        for (int power = 41; power >= 1; power -= 2)
        {
            sum = (sum * z * z) + (1.0 / power);
        }

        return (exponent * 0.69314718055994530942) + (2 * z * sum);
    }

    private static double Llama3(double frequency, RopeScaling scaling)
    {
        double waveLength = 2 * Math.PI / frequency;
        if (waveLength < scaling.OriginalPositions / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        if (waveLength > scaling.OriginalPositions / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        double kept = ((scaling.OriginalPositions / waveLength) - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - kept) * frequency / scaling.Factor) + (kept * frequency);
    }

    private static void Yarn(double[] frequencies, double theta, RopeScaling scaling)
    {
        // The pair that turns the given number of times within the original positions.
        double Pair(double turns) => frequencies.Length * Ln(scaling.OriginalPositions / (turns * 2 * Math.PI)) / Ln(theta);
        double low = Math.Max(0, Math.Floor(Pair(scaling.BetaFast)));
        double high = Math.Min((2 * frequencies.Length) - 1, Math.Ceiling(Pair(scaling.BetaSlow)));
        double width = Math.Max(0.001, high - low);
        Each(frequencies, (f, i) =>
        {
            double stretched = Math.Clamp((i - low) / width, 0, 1);
            return (f / scaling.Factor * stretched) + (f * (1 - stretched));
        });
    }

    private static void Each(double[] frequencies, Func<double, int, double> change)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = change(frequencies[i], i);
        }
    }

    /// <summary>The positive number whose power is the given value, by bisection down to neighbouring numbers.</summary>
    private static double Root(double value, int power)
    {
        double low = 0;
        double high = Math.Max(1, value);
        while (true)
        {
            double middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                return high;
            }

            if (Power(middle, power) < value)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
    }

    private static double Power(double value, int power)
    {
        double result = 1;
        for (; power > 0; power >>= 1, value *= value)
        {
            result = (power & 1) == 1 ? result * value : result;
        }

        return result;
    }
}
