using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Verathos.Validator.Reports;

/// <summary>Writes markup: whatever is put into it as a value is escaped, so that a node's name is never markup.</summary>
internal static class Html
{
    /// <summary>A value as text or in an attribute's quotes.</summary>
    public static string Text(string? value) => HtmlEncoder.Default.Encode(value ?? "");

    /// <summary>A coordinate.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A count with thin spaces between thousands.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture).Replace(",", "\u202f", StringComparison.Ordinal);

    /// <summary>Millionths as a share with three decimals.</summary>
    public static string Share(long? ppm) => ppm is { } value ? (value / 1e6).ToString("0.000", CultureInfo.InvariantCulture) : "–";

    /// <summary>Millionths of a nat.</summary>
    public static string Nats(long micro) => (micro / 1e6).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Microseconds as milliseconds.</summary>
    public static string Milliseconds(long? micros) => micros is { } value ? (value / 1e3).ToString("0.0", CultureInfo.InvariantCulture) : "–";

    /// <summary>A time to the second, in UTC.</summary>
    public static string Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "–";

    /// <summary>A table; cells are markup already.</summary>
    public static void Table(StringBuilder page, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, string kind = "")
    {
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"scroll\"><table class=\"{Text(kind)}\"><thead><tr>");
        foreach (string header in headers)
        {
            page.Append("<th scope=\"col\">").Append(Text(header)).Append("</th>");
        }

        page.Append("</tr></thead><tbody>");
        foreach (IReadOnlyList<string> row in rows)
        {
            page.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                page.Append("<td data-label=\"").Append(Text(headers[i])).Append("\">").Append(row[i]).Append("</td>");
            }

            page.Append("</tr>");
        }

        page.Append("</tbody></table></div>");
    }
}
