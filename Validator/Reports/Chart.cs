using System.Globalization;
using System.Text;

namespace Verathos.Validator.Reports;

/// <summary>
/// One SVG drawing of 360 units' width, about its size on the smallest screens, so that its letters stay readable there. Colours are classes of the page's
/// style, so that it follows light and dark.
/// </summary>
internal sealed class Chart
{
    public const double Width = 360;

    private readonly StringBuilder _marks = new();
    private readonly string _id;
    private readonly string _title;
    private readonly string _description;

    /// <param name="id">The element's id, letters and hyphens.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="description">What it says, for who cannot see it.</param>
    /// <param name="height">In units.</param>
    public Chart(string id, string title, string description, double height)
    {
        (_id, _title, _description, Height) = (id, title, description, height);
    }

    public double Height { get; }

    /// <summary>How many marks of data were drawn.</summary>
    public int Marks { get; private set; }

    public void Line(double x1, double y1, double x2, double y2, string kind) =>
        _marks.Append(CultureInfo.InvariantCulture, $"<line class=\"{kind}\" x1=\"{Html.Number(x1)}\" y1=\"{Html.Number(y1)}\" x2=\"{Html.Number(x2)}\" y2=\"{Html.Number(y2)}\"/>");

    public void Text(double x, double y, string text, string kind = "tick", string anchor = "start") =>
        _marks.Append(CultureInfo.InvariantCulture, $"<text class=\"{kind}\" x=\"{Html.Number(x)}\" y=\"{Html.Number(y)}\" text-anchor=\"{anchor}\">{Html.Text(text)}</text>");

    /// <summary>A bar of data with a tooltip.</summary>
    public void Bar(double x, double y, double width, double height, string kind, string tip)
    {
        Marks++;
        _marks.Append(CultureInfo.InvariantCulture, $"<rect class=\"datum {kind}\" x=\"{Html.Number(x)}\" y=\"{Html.Number(y)}\" width=\"{Html.Number(Math.Max(width, 0))}\" height=\"{Html.Number(Math.Max(height, 0))}\"><title>{Html.Text(tip)}</title></rect>");
    }

    /// <summary>A point of data with a tooltip.</summary>
    public void Dot(double x, double y, string kind, string tip, double radius = 3)
    {
        Marks++;
        _marks.Append(CultureInfo.InvariantCulture, $"<circle class=\"datum {kind}\" cx=\"{Html.Number(x)}\" cy=\"{Html.Number(y)}\" r=\"{Html.Number(radius)}\"><title>{Html.Text(tip)}</title></circle>");
    }

    /// <summary>A line through points of data.</summary>
    public void Path(IEnumerable<(double X, double Y)> points, string kind)
    {
        string[] steps = [.. points.Select((point, i) => $"{(i == 0 ? "M" : "L")}{Html.Number(point.X)} {Html.Number(point.Y)}")];
        if (steps.Length > 1)
        {
            _marks.Append(CultureInfo.InvariantCulture, $"<path class=\"{kind}\" d=\"{string.Concat(steps)}\"/>");
        }
    }

    /// <summary>A band between two lines.</summary>
    public void Band(IReadOnlyList<(double X, double Low, double High)> points, string kind)
    {
        if (points.Count > 1)
        {
            IEnumerable<string> steps = points.Select(static point => (point.X, Y: point.High)).Concat(points.Reverse().Select(static point => (point.X, Y: point.Low)))
                .Select(static (point, i) => $"{(i == 0 ? "M" : "L")}{Html.Number(point.X)} {Html.Number(point.Y)}");
            _marks.Append(CultureInfo.InvariantCulture, $"<path class=\"{kind}\" d=\"{string.Concat(steps)}Z\"/>");
        }
    }

    /// <summary>A figure with its heading, the drawing, and a legend of (class, name).</summary>
    public void WriteTo(StringBuilder page, params IReadOnlyList<(string Kind, string Name)> legend)
    {
        page.Append(CultureInfo.InvariantCulture, $"<figure id=\"{_id}\"><figcaption>{Html.Text(_title)}</figcaption>");
        if (Marks == 0)
        {
            page.Append("<p class=\"none\">Nothing yet.</p></figure>");
            return;
        }

        page.Append(CultureInfo.InvariantCulture, $"<svg role=\"img\" aria-labelledby=\"{_id}-d\" viewBox=\"0 0 {Html.Number(Width)} {Html.Number(Height)}\"><desc id=\"{_id}-d\">{Html.Text(_description)}</desc>{_marks}</svg>");
        if (legend.Count > 0)
        {
            page.Append("<p class=\"legend\">");
            foreach ((string kind, string name) in legend)
            {
                page.Append(CultureInfo.InvariantCulture, $"<span><i class=\"{kind}\"></i>{Html.Text(name)}</span>");
            }

            page.Append("</p>");
        }

        page.Append("</figure>");
    }
}
