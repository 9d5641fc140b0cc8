using System.Globalization;

namespace Verathos.Bench.Detection;

/// <summary>Reports as the page docs/detection.md.</summary>
public static class DetectionMarkdown
{
    /// <summary>The page.</summary>
    public static string Write(IReadOnlyList<DetectionReport> reports) => string.Join("", reports.Select(static report => report.Model));

    /// <summary>Checks until caught, median and 99 %.</summary>
    public static string Until(DetectionRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Median is { } median ? string.Create(CultureInfo.InvariantCulture, $"{median}, {row.P99}") : "never";
    }

    /// <summary>The least and the greatest share caught, in percent.</summary>
    public static string Range(IEnumerable<DetectionRow> rows)
    {
        double[] shares = [.. rows.Where(static row => row.Tried > 0).Select(static row => 100.0 * row.Caught / row.Tried)];
        return shares.Length == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{shares.Min():0}, {shares.Max():0} %");
    }
}
