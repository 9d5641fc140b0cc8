using Verathos.Fingerprint.Keys;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>
/// The tail of a residual whose kappa is known. The squares of sums of signs have moments no greater than those of a normal number's
/// (Khintchine), so that Chernoff's bound of chi-square's tail holds for them, too: P(T above 16 kappa x) is at most (x e^(1 - x))^8.
/// </summary>
internal static class ResidualTail
{
    /// <summary>The bound of the chance that an honest residual is above a limit.</summary>
    public static double Above(double limit, double kappa)
    {
        double x = limit / (MatrixKey.Vectors * kappa);
        return x <= 1 ? 1 : Math.Exp(MatrixKey.Vectors / 2.0 * (Math.Log(x) + 1 - x));
    }

    /// <summary>The limit that an honest residual passes but for the given chance.</summary>
    public static double Limit(double kappa, double chance)
    {
        (double low, double high) = (0, 1e6 * kappa);
        for (int i = 0; i < 200; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Above(middle, kappa) > chance ? (middle, high) : (low, middle);
        }

        return high;
    }
}
