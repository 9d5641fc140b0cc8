namespace Verathos.Bench.Pages;

/// <summary>What a browser made of a page at one size and in one colour scheme.</summary>
/// <param name="Width">Of the window, pixels.</param>
/// <param name="Dark">Whether the reader wants it dark.</param>
/// <param name="Console">All that the console said.</param>
/// <param name="Requests">Requests beside the page's own.</param>
/// <param name="Charts">Figures with a drawing that has an area.</param>
/// <param name="EmptyCharts">Figures without data, by id.</param>
/// <param name="ScrollWidth">How wide the page is, pixels; above <paramref name="Width"/> it must be scrolled sideways.</param>
/// <param name="SmallestText">The smallest letters of a drawing, pixels.</param>
/// <param name="ClippedTexts">Texts that reach out of their drawing, or on a narrow page out of the window.</param>
/// <param name="LeastContrast">The least contrast of a text with what lies behind it, by WCAG 2; 4.5 is enough.</param>
/// <param name="Screenshot">The picture's file; null where none was wanted.</param>
public sealed record PageView(
    int Width, bool Dark, IReadOnlyList<string> Console, int Requests, int Charts, IReadOnlyList<string> EmptyCharts, int ScrollWidth, double SmallestText, int ClippedTexts, double LeastContrast, string? Screenshot)
{
    /// <summary>What is wrong with it; empty where nothing is.</summary>
    /// <param name="charts">How many drawings there must be.</param>
    public IReadOnlyList<string> Faults(int charts)
    {
        List<string> faults = [];
        string where = $"at {Width} pixels{(Dark ? " in the dark" : "")}";
        Check(Console.Count == 0, $"the console says {string.Join("; ", Console)} {where}");
        Check(Requests == 0, $"{Requests} requests were made {where}");
        Check(Charts == charts && EmptyCharts.Count == 0, $"{Charts} of {charts} charts are drawn {where}; empty: {string.Join(", ", EmptyCharts)}");
        Check(ScrollWidth <= Width, $"the page is {ScrollWidth} pixels wide {where}");
        Check(SmallestText >= 9.5, $"letters of {SmallestText:0.0} pixels {where}");
        Check(ClippedTexts == 0, $"{ClippedTexts} texts are cut off {where}");
        Check(LeastContrast >= 4.5, $"a contrast of {LeastContrast:0.0} {where}");
        return faults;

        void Check(bool holds, string fault)
        {
            if (!holds)
            {
                faults.Add(fault);
            }
        }
    }
}
