using System.Globalization;

namespace Verathos.Validator.Reports;

/// <summary>Epochs from left to right and values from below, with a few lines and numbers.</summary>
internal sealed class EpochAxis
{
    private const double Left = 40;
    private const double Right = 10;
    private const double Top = 8;
    private const double Bottom = 22;
    private readonly Chart _chart;
    private readonly long _first;
    private readonly long _last;
    private readonly double _most;

    public EpochAxis(Chart chart, long first, long last, double most, Func<double, string> name)
    {
        (_chart, _first, _last) = (chart, first, last);
        double step = Step(most);
        _most = Math.Max(step, Math.Ceiling((most / step) - 1e-9) * step);
        for (double value = 0; value <= _most + (step / 2); value += step)
        {
            chart.Line(Left, Y(value), Chart.Width - Right, Y(value), "grid");
            chart.Text(Left - 5, Y(value) + 4, name(value), anchor: "end");
        }

        long every = Math.Max(1, (last - first + 6) / 6);
        for (long epoch = first; epoch <= last; epoch += every)
        {
            chart.Text(X(epoch), chart.Height - 5, epoch.ToString(CultureInfo.InvariantCulture), anchor: "middle");
        }
    }

    /// <summary>The width that one epoch has.</summary>
    public double Slot => (Chart.Width - Left - Right) / (_last - _first + 1);

    public double X(long epoch) => Left + ((epoch - _first + 0.5) * Slot);

    public double Y(double value) => _chart.Height - Bottom - (value / _most * (_chart.Height - Bottom - Top));

    // 1, 2 or 5 times a power of ten, for about four lines.
    private static double Step(double most)
    {
        if (!(most > 0))
        {
            return 1;
        }

        double power = Math.Pow(10, Math.Floor(Math.Log10(most / 4)));
        double times = most / 4 / power;
        return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
    }
}
