using System.Globalization;

namespace Verathos.Host.Metrics;

/// <summary>Counts durations by bucket, in seconds.</summary>
internal sealed class Histogram
{
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _ticks;

    public void Observe(TimeSpan duration)
    {
        int bucket = Array.FindIndex(Bounds, bound => duration.TotalSeconds <= bound);
        Interlocked.Increment(ref _counts[bucket < 0 ? Bounds.Length : bucket]);
        Interlocked.Add(ref _ticks, duration.Ticks);
    }

    public void Write(PrometheusWriter writer, string name, string help)
    {
        writer.Family(name, "histogram", help);
        long total = 0;
        for (int i = 0; i <= Bounds.Length; i++)
        {
            total += Interlocked.Read(ref _counts[i]);
            string bound = i == Bounds.Length ? "+Inf" : Bounds[i].ToString(CultureInfo.InvariantCulture);
            writer.Sample(name + "_bucket", total, "le", bound);
        }

        writer.Sample(name + "_sum", TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds);
        writer.Sample(name + "_count", total);
    }
}
