namespace Verathos.Bench.Pages;

/// <summary>A page in a real browser.</summary>
/// <param name="Bytes">The page's size.</param>
/// <param name="Views">Each size and colour scheme.</param>
/// <param name="Faults">What is wrong; empty where nothing is.</param>
public sealed record PageReport(int Bytes, IReadOnlyList<PageView> Views, IReadOnlyList<string> Faults)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool Passed => Faults.Count == 0;
}
